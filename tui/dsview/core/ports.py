"""Port numbers that are written as text, as in flags and in targetPort."""

from __future__ import annotations

_MOST = 65_535


def port_number(text: str) -> int | None:
    """The port that a text names in ASCII digits; None where it names none.

    `str.isdigit()` alone would do for `²`, of which `int()` makes nothing, and for more digits than Python converts.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST)):
        return None
    number = int(text)
    return number if 0 < number <= _MOST else None
