"""The lines of the main screen's header: everything on a big screen, only the verdict on the smallest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from dsview.sources.events import Health
from dsview.ui.coverage_matrix import gap_line, matrix_lines, matrix_width, verdict_lines, worst_lines
from dsview.ui.fitting import fit
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, GOOD, MUTED, STRONG, Part, content, count_words, lane_style, spaced, spread

if TYPE_CHECKING:
    from dsview.analysis.overview import Overview, WorstCause
    from dsview.tables.header import Header, SourceHealth
    from dsview.tables.timeline import Latest

FULL_SIZE = (100, 32)
"""The least columns and lines of a screen for the whole matrix."""

BRIEF_HEIGHT = 22
"""The least lines of a screen for more than the verdict."""

_MAX_VERDICT_LINES = 3
"""The maximum number of lines of a verdict; on a screen of fewer lines than `_LOW_HEIGHT`, two."""

_LOW_HEIGHT = 20

_MIN_CAUSES_WIDTH = 34
"""The least cells that the worst causes need beside the matrix."""

_MIN_NAME_WIDTH = 20
"""The least cells that the name of the context has."""

_COMFORTABLE_CAUSES_WIDTH = 40
"""The cells from which most of the worst causes are shown in full."""

_HEALTHY = frozenset({Health.LIVE, Health.GIVEN, Health.POLLING})
_BAD = frozenset({Health.REFUSED, Health.FAILED})


@dataclass(frozen=True, slots=True)
class HeaderLines:
    """The drawn header: its lines, and for each line the cause in it and the column where that begins."""

    lines: list[Content]
    causes: dict[int, WorstCause] = field(default_factory=dict)
    column: int = 0

    def cause_at(self, x: int, y: int) -> WorstCause | None:
        """The cause at a position, if any."""
        return self.causes.get(y) if x >= self.column else None


def header_lines(
    header: Header, overview: Overview, latest: Latest | None, size: tuple[int, int], glyphs: Glyphs
) -> HeaderLines:
    """The header for a screen of the given size; `latest` is the most recent change."""
    width, height = size
    is_full = width >= FULL_SIZE[0] and height >= FULL_SIZE[1]
    sources = source_words(header.sources, glyphs)
    title = _title(header, width, sources if is_full else None, glyphs)
    lines = [title]
    lines += verdict_lines(overview, width, glyphs, max_lines=_MAX_VERDICT_LINES if height >= _LOW_HEIGHT else 2)
    if is_full:
        change = _latest(latest) if latest is not None else content((" No change yet", FAINT))
        banners = [content((f" {glyphs.warning} {banner}", "$flag-warning")) for banner in header.banners]
        if sources.plain not in title.plain and any(source.health not in _HEALTHY for source in header.sources):
            # They did not fit beside the context.
            lines.append(content(" ", sources))
        is_short = _left_width(overview, width) < matrix_width(overview)
        matrix = matrix_lines(overview, width, glyphs, is_short=is_short)
        return _with_causes(lines, [*matrix, change, *banners], overview, width, glyphs)
    if height >= BRIEF_HEIGHT:
        lines.append(_gaps_and_sources(header, overview, width, glyphs))
        # A notice applies to every cluster with the same controller, so what applies only to this cluster comes first.
        is_pressing = bool(set(header.banners) - set(header.notices))
        if not is_pressing and latest is not None:
            lines.append(_latest(latest))
        elif not is_pressing and overview.worst:
            lines.append(content(" ", worst_lines(overview, width - 2, 2, glyphs)[-1]))
            return HeaderLines(lines, {len(lines) - 1: overview.worst[0]})
        elif header.banners:
            lines.append(content((f" {glyphs.warning} {' '.join(header.banners)}", "$flag-warning")))
    elif header.warned:
        lines.append(content((f" {glyphs.warning} {' '.join(header.warned)}", "$flag-warning")))
    return HeaderLines(lines)


def _title(header: Header, width: int, sources: Content | None, glyphs: Glyphs) -> Content:
    """The cluster's name, its ranges, and what is flagged. The name is always shown."""
    ranges: list[Part] = [(cidr, lane_style("IPv6" if ":" in cidr else "IPv4")) for cidr in header.service_cidrs]
    label: list[Part] = [("Service CIDRs", FAINT)] if ranges else []
    known: list[Part] = [(f"({header.confidence})", FAINT)] if header.confidence else []
    counts: list[Part] = [*count_words(header.counts, glyphs, short=width < FULL_SIZE[0])]
    short: list[Part] = [*count_words(header.counts, glyphs, short=True)]
    if header.acknowledged:
        counts.append((f"{header.acknowledged:,} acknowledged", FAINT))
        short.append((f"{header.acknowledged:,} ack.", FAINT))
    flags = content(spaced(counts, "   " if sources is not None else "  "), " ")
    ends = [content(sources, "   ", flags)] if sources is not None else []
    ends += [flags, content(spaced(short), " ")]
    brand, hint = content((" dsview", "$focus bold"), "  "), _hint(header)
    name = content(brand, (header.context, STRONG), *(("  ", hint) if hint is not None else ()))
    end = next((end for end in ends if name.cell_length + end.cell_length < width), ends[-1])
    # A shortened range looks like another range, and one of two ranges like a single-stack cluster, so the ranges are
    # shown completely or not at all.
    wordings: list[list[Part]] = [[*label, *ranges, *known], [*label, *ranges], ranges, []]
    for left in (spaced([name, *parts]) for parts in wordings):
        if left.cell_length + end.cell_length < width:
            return spread(left, end, width)
    # Keep both ends of a name: all ARNs begin alike.
    room = max(_MIN_NAME_WIDTH, width - brand.cell_length - end.cell_length - 2)
    context = fit(header.context, room, glyphs.ellipsis, middle=True).rstrip()
    return spread(content(brand, (context, STRONG)), end, width)


def _hint(header: Header) -> Content | None:
    """What a paused demo is waiting for."""
    return content(("B", "$focus bold"), (" starts the story", MUTED)) if header.is_waiting else None


def _gaps_and_sources(header: Header, overview: Overview, width: int, glyphs: Glyphs) -> Content:
    """The gaps, and the sources; healthy sources only if there is room."""
    gaps, sources = gap_line(overview, width, glyphs), source_words(header.sources, glyphs)
    if gaps.cell_length + sources.cell_length + 2 > width:
        sources = source_words([source for source in header.sources if source.health not in _HEALTHY], glyphs, none="")
    return spread(gaps, content(sources, " "), width)


def _latest(latest: Latest) -> Content:
    return content((f" {latest.time}  ", FAINT), (latest.object, "$ink"), (f"  {latest.text}", MUTED))


def _left_width(overview: Overview, width: int) -> int:
    """The width of the matrix. It has short names if the worst causes would otherwise have little room beside it."""
    long, short = (max(matrix_width(overview, is_short=is_short), width // 2) for is_short in (False, True))
    is_tight = width - long - 3 < _COMFORTABLE_CAUSES_WIDTH and width - short - 3 >= _MIN_CAUSES_WIDTH
    return min(short if is_tight and overview.worst else long, width)


def _with_causes(
    above: list[Content], left: list[Content], overview: Overview, width: int, glyphs: Glyphs
) -> HeaderLines:
    """The lines on the left with the worst causes beside them, if there is room; `above` comes first."""
    left_width = _left_width(overview, width)
    room = width - left_width - 3
    if room < _MIN_CAUSES_WIDTH or not overview.worst:
        return HeaderLines(above + left)
    right = worst_lines(overview, room - 1, len(left), glyphs)
    lines: list[Content] = []
    for number, line in enumerate(left):
        beside = right[number] if number < len(right) else Content("")
        short = line.truncate(left_width, ellipsis=True, pad=True)
        lines.append(content(short, (f" {glyphs.rule} ", "$rule"), beside))
    causes = dict(enumerate(overview.worst[: len(right) - 1], len(above) + 1))
    return HeaderLines(above + lines, causes, left_width)


def health_style(health: Health) -> str:
    """The colour of a source's health."""
    if health in _HEALTHY:
        return GOOD
    return "$flag-error" if health in _BAD else "$flag-warning" if health is Health.STALE else MUTED


_MAX_NAMED = 3
"""The maximum number of sources with the same problem that are listed by name."""


def source_words(sources: Sequence[SourceHealth], glyphs: Glyphs, none: str = "nothing read yet") -> Content:
    """The health of the sources: unhealthy ones by name, grouped by problem, and the number of the others."""
    healthy = [source for source in sources if source.health in _HEALTHY]
    unhealthy: dict[Health, list[SourceHealth]] = {}
    for source in sources:
        if source.health not in _HEALTHY and source.health not in (Health.ABSENT, Health.NOT_GIVEN):
            unhealthy.setdefault(source.health, []).append(source)
    parts: list[Part] = []
    for health, group in unhealthy.items():
        style = health_style(health)
        if len(group) <= _MAX_NAMED:
            parts += [(f"{source.kind} {source.text}", style) for source in group]
            continue
        longest = max(group, key=lambda source: source.age or 0)
        why = f": {longest.reason}" if longest.reason else ""
        parts.append((f"{len(group)} sources {longest.text}{why}", style))
    if healthy:
        word = "live" if any(source.health is Health.LIVE for source in healthy) else "read"
        parts.append(content((glyphs.good, GOOD), (f" {len(healthy)} sources {word}", MUTED)))
    return spaced(parts, f" {glyphs.dot} ") if parts else content((none, FAINT))
