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


_BY_NAME = 3
"""Sources with the same trouble that are named one by one."""


def source_words(sources: Sequence[SourceHealth], glyphs: Glyphs) -> Content:
    """How the sources are: those in trouble by name, several with the same trouble together, the others as a number."""
    well = [source for source in sources if source.health in _WELL]
    troubles: dict[Health, list[SourceHealth]] = {}
    for source in sources:
        if source.health not in _WELL and source.health not in (Health.ABSENT, Health.NOT_GIVEN):
            troubles.setdefault(source.health, []).append(source)
    parts: list[Part] = []
    for health, found in troubles.items():
        style = "$flag-error" if health in _BAD else "$flag-warning" if health is Health.STALE else MUTED
        if len(found) <= _BY_NAME:
            parts += [(f"{source.kind} {source.text}", style) for source in found]
            continue
        longest = max(found, key=lambda source: source.age or 0)
        why = f": {longest.reason}" if longest.reason else ""
        parts.append((f"{len(found)} sources {longest.text}{why}", style))
    if well:
        word = "live" if any(source.health is Health.LIVE for source in well) else "read"
        parts.append(content((glyphs.good, GOOD), (f" {len(well)} sources {word}", MUTED)))
    return spaced(parts, f" {glyphs.dot} ") if parts else content(("nothing read yet", FAINT))
