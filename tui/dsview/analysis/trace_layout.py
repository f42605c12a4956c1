"""Lays out a trace as text: two lanes side by side, with a stop at every hop. Pieces of text have roles, not colours.

The screen and `dsview trace` use the same layout, one in the colours of the theme, the other in those of the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from dsview.analysis.hop import Hop, Lane, Outcome, Trace, Verdict
from dsview.core.address import FAMILIES, Family
from dsview.core.text import cell_width

STACKED = 48
"""The width in cells below which the lanes are stacked."""

_WIDE = 76
_LABEL = 17
_NARROW_LABEL = 15
_GAP = 3
_MIN_NAME = 9
_MAX_EFFECT_LINES = 2
_CAUSE = " breaks here "
_PARTIAL_CAUSE = " breaks here in part "


class Role(StrEnum):
    """The role of a piece, from which its style is chosen."""

    PLAIN = "plain"
    LABEL = "label"
    V4 = "IPv4"
    V6 = "IPv6"
    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"
    CAUSE = "cause"
    INK = "ink"
    MUTED = "muted"
    FAINT = "faint"


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """The symbols, each one cell wide."""

    good: str = "√"
    broken: str = "■"
    flagged: str = "▲"
    absent: str = "○"
    unknown: str = "?"
    rail: str = "┃"
    broken_rail: str = "╎"
    line: str = "─"
    ellipsis: str = "…"


Piece = tuple[str, Role]
Line = tuple[Piece, ...]


def width_of(line: Line) -> int:
    """The width of a line in cells."""
    return sum(cell_width(text) for text, _ in line)


def summary_line(trace: Trace, family: Family, signs: Signs) -> Line:
    """The conclusion for a family after its symbol, not wrapped."""
    course = trace.course(family)
    sign, role = {
        Outcome.BROKEN: (signs.broken, Role.BROKEN),
        Outcome.FLAGGED: (signs.flagged, Role.WARNING),
        Outcome.CLEAR: (signs.good, Role.GOOD),
    }.get(course.outcome, (signs.absent if course.outcome is Outcome.NOT_OFFERED else signs.unknown, Role.MUTED))
    return ((f"{sign} ", role), (family, Role(family)), (course.sentence.removeprefix(family), Role.INK))


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most the given width. A longer word is broken."""
    lines = [""]
    for word in text.split():
        rest = word
        if lines[-1] and cell_width(lines[-1]) + 1 + cell_width(rest) <= width:
            lines[-1] += f" {rest}"
            continue
        if lines[-1]:
            lines.append("")
        while cell_width(rest) > width:
            head = _head(rest, width)
            # Break a name after a separator if the line is still at least half full.
            parts = max(head.rfind(sign) for sign in "-.:/") + 1
            head = head[:parts] if parts > width // 2 else head
            lines[-1] = head
            lines.append("")
            rest = rest[len(head) :]
        lines[-1] = rest
    return lines


def _head(text: str, width: int) -> str:
    """The start of the text that fits into the width, at least one character."""
    end = 1
    while end < len(text) and cell_width(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def hop_lines(trace: Trace, width: int, signs: Signs) -> list[Line]:
    """The hops: a column of names, then the lanes; below `STACKED` cells, one family after the other."""
    if width < STACKED:
        return [
            line
            for family in FAMILIES
            for line in (*_lanes(trace, (family,), width, signs), *([()] if family == FAMILIES[0] else []))
        ]
    return list(_lanes(trace, FAMILIES, width, signs))


def _lanes(trace: Trace, families: Sequence[Family], width: int, signs: Signs) -> Iterator[Line]:
    label = _LABEL if width >= _WIDE else _NARROW_LABEL
    room = max(12, (width - label - _GAP * (len(families) - 1)) // len(families))
    yield _titles(families, label, room, signs)
    for index, hop in enumerate(trace.hops):
        is_last = index == len(trace.hops) - 1
        stops = [
            _stop(hop.lane(family), family, room, signs, is_cause=index in trace.course(family).causes, is_last=is_last)
            for family in families
        ]
        names = _names(hop, label, signs)
        for number in range(max(len(names), *(len(stop) for stop in stops))):
            pieces: list[Piece] = [(names[number] if number < len(names) else " " * label, Role.LABEL)]
            for stop, family in zip(stops, families, strict=True):
                rail: Line = () if is_last else (_rail(hop.lane(family), family, signs),)
                line = stop[number] if number < len(stop) else rail
                pieces += line
                if family != families[-1]:
                    pieces.append((" " * max(1, room + _GAP - width_of(line)), Role.PLAIN))
            yield tuple(pieces)


def _names(hop: Hop, width: int, signs: Signs) -> list[str]:
    """The name of the hop. A long one continues on a second line."""
    words, _, rest = hop.name.partition(" ")
    lines = [hop.name] if cell_width(hop.name) < width else [words, *([rest] if rest else [])]
    cut = (line if cell_width(line) < width else _with_both_ends(line, width - 1, signs) for line in lines)
    return [line + " " * (width - cell_width(line)) for line in cut]


def _with_both_ends(name: str, width: int, signs: Signs) -> str:
    """A name shortened in the middle."""
    half = (width - 1) // 2
    return _head(name, width - 1 - half) + signs.ellipsis + name[len(name) - half :]


def _titles(families: Sequence[Family], label: int, room: int, signs: Signs) -> Line:
    pieces: list[Piece] = [(" " * label, Role.PLAIN)]
    for family in families:
        rule = signs.line * (room - len(family) - 1)
        pieces += [(f"{family} ", Role(family)), (rule, Role.FAINT), (" " * _GAP, Role.PLAIN)]
    return tuple(pieces[:-1])


def _rail(lane: Lane, family: Family, signs: Signs) -> Piece:
    """The line from this hop to the next."""
    if lane.verdict is Verdict.BROKEN:
        return (signs.broken_rail, Role.BROKEN)
    if lane.verdict is Verdict.ABSENT:
        return (signs.broken_rail, Role.FAINT)
    return (signs.rail, Role(family))


def _sign(verdict: Verdict, family: Family, signs: Signs) -> Piece:
    match verdict:
        case Verdict.OK:
            return (signs.good, Role(family))
        case Verdict.BROKEN:
            return (signs.broken, Role.BROKEN)
        case Verdict.ABSENT:
            return (signs.absent, Role.MUTED)
    return (signs.unknown, Role.MUTED)


def _stop(lane: Lane, family: Family, room: int, signs: Signs, *, is_cause: bool, is_last: bool) -> list[Line]:
    """One family at one hop: the symbol and the values, then the reason, then the line to the next hop."""
    space = room - 2
    is_broken = lane.verdict is Verdict.BROKEN
    cause = _PARTIAL_CAUSE if lane.in_part else _CAUSE
    word: Piece = (cause, Role.CAUSE) if is_cause else (lane.verdict.value, Role.BROKEN if is_broken else Role.FAINT)
    # A single value has the style of the verdict. Of several values, not all are broken.
    value_role = Role.BROKEN if is_broken and len(lane.values) == 1 and not lane.in_part else Role(family)
    values = [wrapped(_shortened(value, space, signs), space) for value in lane.values]
    texts = [line for value in values for line in value]
    lines: list[Line] = [((text, value_role),) for text in texts]
    is_reason_first = is_broken and lane.in_part and len(values) > 1
    if is_reason_first:
        # The values are those that work, so they come last.
        lines = [(word,), *_why(lane, space, signs, is_cause=is_cause), *lines]
    elif lane.verdict is Verdict.OK and texts:
        # If the verdict does not fit, the symbol and the value are enough.
        if len(values[0]) == 1 and cell_width(texts[0]) + 2 + len(word[0]) <= space:
            lines[0] = (*lines[0], ("  ", Role.PLAIN), word)
    elif texts and cell_width(texts[0]) + 2 + len(word[0]) <= space:
        lines[0] = (*lines[0], ("  ", Role.PLAIN), word)
    else:
        lines.insert(0, (word,))
    if lane.why and lane.verdict is not Verdict.OK and not is_reason_first:
        lines += _why(lane, space, signs, is_cause=is_cause)
    rail: Line = () if is_last else (_rail(lane, family, signs),)
    first: Line = (_sign(lane.verdict, family, signs), (" ", Role.PLAIN))
    onward: Line = (*(rail or ((" ", Role.PLAIN),)), (" ", Role.PLAIN))
    stop: list[Line] = [(*(onward if number else first), *line) for number, line in enumerate(lines)]
    return stop if is_last else [*stop, rail]


def _why(lane: Lane, space: int, signs: Signs, *, is_cause: bool) -> list[Line]:
    """The lines of the reason. For an effect they are shortened, so that the cause is visible without scrolling."""
    role = Role.INK if lane.verdict is Verdict.BROKEN else Role.FAINT
    lines = wrapped(lane.why, space)
    if not is_cause and len(lines) > _MAX_EFFECT_LINES:
        last = lines[_MAX_EFFECT_LINES - 1]
        cut = last if cell_width(last) < space else _head(last, space - 1)
        lines = [*lines[: _MAX_EFFECT_LINES - 1], cut + signs.ellipsis]
    return [((line, role),) for line in lines]


def _shortened(value: str, space: int, signs: Signs) -> str:
    """A name and an address that fit into the space: the name is shortened in the middle, never the address.

    A value of more words, such as the result of a probe, stays whole and is wrapped.
    """
    name, _, address = value.rpartition(" ")
    if cell_width(value) <= space or not name or " " in name:
        return value
    left = space - cell_width(address) - 1
    if left < _MIN_NAME:
        # The address gets its own line, so the name can use the whole line before it.
        left = space
    if cell_width(name) > left:
        name = _with_both_ends(name, left, signs)
    return f"{name} {address}"
