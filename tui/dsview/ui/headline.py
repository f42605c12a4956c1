"""What the head of the main screen says, as lines of a given width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from dsview.sources.events import Health
from dsview.ui.glyphs import Glyphs
from dsview.ui.words import FAINT, GOOD, MUTED, STRONG, Part, content, count_words, lane_style, spaced, spread

if TYPE_CHECKING:
    from dsview.rows.header import Header, SourceHealth

_WELL = frozenset({Health.LIVE, Health.GIVEN, Health.POLLING})
_BAD = frozenset({Health.REFUSED, Health.FAILED})


def headlines(header: Header, width: int, glyphs: Glyphs) -> list[Content]:
    """The header in lines of so many cells."""
    mode: list[Part] = [
        (" dsview", "$focus bold"),
        "  ",
        (header.context, STRONG),
        "  ",
        (header.mode[:1].upper() + header.mode[1:], "$ink"),
    ]
    if header.confidence:
        mode.append((f" ({header.confidence})", MUTED))
    counts = count_words(header.counts, glyphs, short=width < 100) or [(f"{glyphs.good} nothing flagged", GOOD)]
    cidrs: list[Part] = [(cidr, lane_style("IPv6" if ":" in cidr else "IPv4")) for cidr in header.service_cidrs]
    services = content((" Service CIDRs ", MUTED), spaced(cidrs or [("unknown", MUTED)]))
    lines = [
        spread(content(*mode), content(spaced(counts), " "), width),
        spread(services, content(source_words(header.sources, glyphs), " "), width),
    ]
    lines += [content((f" {glyphs.warning} {banner}", "$flag-warning")) for banner in header.banners]
    return lines


def source_words(sources: Sequence[SourceHealth], glyphs: Glyphs) -> Content:
    """How the sources are: those in trouble by name, the others as a number."""
    well = [source for source in sources if source.health in _WELL]
    parts: list[Part] = []
    for source in sources:
        if source.health in _WELL or source.health in (Health.ABSENT, Health.NOT_GIVEN):
            continue
        style = "$flag-error" if source.health in _BAD else "$flag-warning" if source.health is Health.STALE else MUTED
        parts.append((f"{source.kind} {source.text}", style))
    if well:
        word = "live" if any(source.health is Health.LIVE for source in well) else "read"
        parts.append(content((glyphs.good, GOOD), (f" {len(well)} sources {word}", MUTED)))
    return spaced(parts, f" {glyphs.dot} ") if parts else content(("nothing read yet", FAINT))
