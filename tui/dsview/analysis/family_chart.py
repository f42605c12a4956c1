"""A chart of families gained and lost over time: a line for each family, or for each layer of each object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.timeline_entry import Entry, Turn
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import ObjectRef


class Mark(StrEnum):
    """The mark of a time slot. `BOTH`: something was gained and something was lost in it."""

    NOTHING = "nothing"
    GAINED = "gained"
    LOST = "lost"
    BOTH = "both"
    LACKS = "lacks"
    """The object lacks the family: since it was lost, or until it was gained."""


class ChartLine(msgspec.Struct, frozen=True, kw_only=True):
    """The marks of a family. `ref` and `layer` are None for all objects and layers together."""

    family: Family
    ref: ObjectRef | None = None
    layer: LayerName | None = None
    marks: tuple[Mark, ...]
    gained: int
    lost: int


class _Swing(msgspec.Struct, frozen=True):
    """A gain or a loss in one time slot."""

    place: int
    is_gain: bool


def chart_of_families(entries: Iterable[Entry], span: tuple[float, float], width: int) -> tuple[ChartLine, ...]:
    """A line for each family, with the given number of time slots from `span[0]` to `span[1]`."""
    swings: dict[Family, list[_Swing]] = {family: [] for family in FAMILIES}
    for entry in entries:
        for family in entry.families:
            swings[family].append(_swing(entry, span, width))
    return tuple(_line(family, found, width) for family, found in swings.items())


def chart_of_objects(entries: Iterable[Entry], span: tuple[float, float], width: int) -> tuple[ChartLine, ...]:
    """A line for each layer and family of each object that gained or lost any, sorted by object, layer and family.

    Between a loss and a gain the object lacks the family, which is marked as well.
    """
    order = list(LayerName)
    swings: dict[tuple[ObjectRef, int, Family], list[_Swing]] = {}
    for entry in entries:
        if entry.ref is not None and entry.layer is not None:
            for family in entry.families:
                key = (entry.ref, order.index(entry.layer), family)
                swings.setdefault(key, []).append(_swing(entry, span, width))
    return tuple(
        msgspec.structs.replace(
            _line(family, found, width), ref=ref, layer=order[layer], marks=_with_lacks(found, width)
        )
        for (ref, layer, family), found in sorted(swings.items(), key=lambda pair: pair[0])
    )


def whole_chart(view: ClusterView, span: tuple[float, float], width: int) -> tuple[ChartLine, ...]:
    """All families together, then each layer of each object; empty if no family was gained or lost."""
    entries = view.timeline.family_entries()
    return (*chart_of_families(entries, span, width), *chart_of_objects(entries, span, width)) if entries else ()


def _swing(entry: Entry, span: tuple[float, float], width: int) -> _Swing:
    first, last = span
    place = int((entry.at - first) * width / max(last - first, 1.0))
    return _Swing(min(max(place, 0), width - 1), entry.turn is Turn.GAINED)


def _line(family: Family, swings: Sequence[_Swing], width: int) -> ChartLine:
    gained = sum(swing.is_gain for swing in swings)
    return ChartLine(family=family, marks=_marks(swings, width), gained=gained, lost=len(swings) - gained)


def _marks(swings: Iterable[_Swing], width: int) -> tuple[Mark, ...]:
    marks = [Mark.NOTHING] * width
    for swing in swings:
        mark = Mark.GAINED if swing.is_gain else Mark.LOST
        marks[swing.place] = mark if marks[swing.place] in (Mark.NOTHING, mark) else Mark.BOTH
    return tuple(marks)


def _with_lacks(swings: Sequence[_Swing], width: int) -> tuple[Mark, ...]:
    marks = list(_marks(swings, width))
    # If the first change is a gain, the family was missing before.
    begun = 0 if swings[0].is_gain else None
    for swing in (*swings, _Swing(width, is_gain=True)):
        if swing.is_gain and begun is not None:
            for place in range(begun, swing.place):
                marks[place] = Mark.LACKS if marks[place] is Mark.NOTHING else marks[place]
            begun = None
        elif not swing.is_gain:
            begun = swing.place
    return tuple(marks)
