"""Plain ASCII for what Textual draws: scrollbars, the palette, toasts, its own ellipses."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    "~": "…",
    "-": "─━╌╍┄┅═▔",
    "|": "│┃╎╏║▌▐▎▍▏▕▊▉▋",
    "+": "╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝",
    " ": "▁▂▃▄▅▆▇█▀",
}
_SIGNS |= {"*": "·•●", ">": "►→", "<": "◄←", "v": "▼↓", "^": "▲↑"}
_TO_ASCII = str.maketrans({sign: plain for plain, signs in _SIGNS.items() for sign in signs})


class AsciiFilter(LineFilter):
    """Replaces lines, corners and blocks in drawn lines with ASCII characters."""

    def apply(self, segments: list[Segment], _background: Color) -> list[Segment]:
        """Replace characters that are not ASCII."""
        return [
            segment if segment.text.isascii() else Segment(segment.text.translate(_TO_ASCII), segment.style)
            for segment in segments
        ]
