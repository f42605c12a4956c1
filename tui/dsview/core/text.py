"""Sanitises text from a cluster, so that it can neither control a terminal nor be read as markup.

Textual and Rich pass OSC, CSI and C1 sequences through to the terminal. Text for cells, messages and reports is
therefore sanitised here, once, and has the type `Safe` from then on (like kubectl's EscapeTerminal).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import NewType

Safe = NewType("Safe", str)
"""Text without control, bidirectional-override or zero-width characters, for widgets and reports."""

# C0, DEL, C1, soft hyphen, Arabic letter mark, zero-width and directional marks and isolates, line and paragraph
# separators, BOM, interlinear marks, lone surrogates, tags and other invisible format characters.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe(text: str) -> Safe:
    r"""The text in full, with each harmful character shown as an escape such as `\x1b` or `\u202e`."""
    if text.isascii() and text.isprintable():
        return Safe(text)
    return Safe(_HARMFUL.sub(_escape, text))


def safe_json(text: str) -> Safe:
    """JSON text with each harmful character replaced by its JSON escape, which keeps the value the same."""
    return Safe("\n".join(_HARMFUL.sub(_json_escape, line) for line in text.split("\n")))


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def safe_lines(text: str) -> Safe:
    """Like `safe`, for text with several lines: line feeds stay, and tabs become spaces."""
    return Safe("\n".join(safe(line.replace("\t", "    ")) for line in text.replace("\r\n", "\n").split("\n")))


def cell_width(text: str) -> int:
    """The width of the text in terminal cells: wide East Asian characters take two, combining characters none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def clock_text(at: float) -> Safe:
    """A time of this session as `14:03:22`, UTC."""
    return Safe(datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S"))
