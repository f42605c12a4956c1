"""Styled text for everything but tables: content made of plain text and named colours, never of markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from dsview.core.finding import Severity
    from dsview.ui.glyphs import Glyphs

INK = "$ink"
MUTED = "$ink-muted"
FAINT = "$ink-faint"
STRONG = "$ink bold"
KEY = "$focus bold"
GOOD = "$good"
V4 = "$lane-v4"
V6 = "$lane-v6"

# Keyed by the severities' own words: the model is not imported before the first frame.
_SEVERITY = {"error": "$flag-error bold", "warning": "$flag-warning bold", "note": "$flag-note"}

Part = str | Content | tuple[str, str]


def content(*parts: Part) -> Content:
    """Content of plain strings, `(text, style)` pairs and other content."""
    return Content.assemble(*parts)


def severity_style(severity: Severity) -> str:
    """The style of a severity."""
    return _SEVERITY[severity]


def lane_style(lane: str) -> str:
    """The style of an address family: `IPv4` or `IPv6`; of anything else, plain ink."""
    return {"IPv4": V4, "IPv6": V6}.get(lane, INK)


def severity_word(severity: Severity, glyphs: Glyphs) -> tuple[str, str]:
    """The glyph and the word of a severity, styled: `■ error`."""
    return (f"{glyphs.severity(severity)} {severity.value}", _SEVERITY[severity])


def count_words(counts: Mapping[Severity, int], glyphs: Glyphs, *, short: bool = False) -> list[tuple[str, str]]:
    """Each severity that occurs, with its number: `■ 3 errors`, or short `■ 3`."""
    words: list[tuple[str, str]] = []
    for severity in sorted(counts, key=lambda s: s.rank):
        number = counts[severity]
        if number:
            word = "" if short else f" {severity.value}{'s' if number != 1 else ''}"
            words.append((f"{glyphs.severity(severity)} {number:,}{word}", _SEVERITY[severity]))
    return words


def spaced(parts: Iterable[Part], gap: str = "  ") -> Content:
    """The parts beside each other."""
    joined: list[Part] = []
    for part in parts:
        if joined:
            joined.append(gap)
        joined.append(part)
    return Content.assemble(*joined)


def spread(left: Content, right: Content, width: int) -> Content:
    """One line with text at either end; the left text is shortened if the room is short."""
    room = max(0, width - right.cell_length - 1)
    left = left.truncate(room, ellipsis=True)
    return content(left, " " * (room - left.cell_length + 1), right)
