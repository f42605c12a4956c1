"""Port numbers in text, such as in flags and in targetPort."""

from __future__ import annotations

_MOST = 65_535


def port_number(text: str) -> int | None:
    """The port in a text of ASCII digits; None if there is none.

    `str.isdigit()` is not sufficient: it accepts `²`, which `int()` does not, and more digits than Python converts.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST)):
        return None
    number = int(text)
    return number if 0 < number <= _MOST else None
