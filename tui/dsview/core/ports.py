"""Port numbers in text, such as in flags and in targetPort."""

from __future__ import annotations

_MAX_PORT = 65_535


def port_number(text: str) -> int | None:
    """The port number that a text of ASCII digits specifies; None if it is not a valid port.

    `str.isdigit()` is not sufficient: it accepts `²`, which `int()` does not, and more digits than Python converts.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MAX_PORT)):
        return None
    number = int(text)
    return number if 0 < number <= _MAX_PORT else None
