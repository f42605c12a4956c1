"""A chart of families gained and lost over time: a line for each family, or for each layer of each object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.timeline_entry import Entry, EntryType
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
    """The marks of a family. `ref` and `layer` are None if the line is about all objects and layers together."""

    family: Family
    ref: ObjectRef | None = None
    layer: LayerName | None = None
    marks: tuple[Mark, ...]
    gained: int
    lost: int


class _Change(msgspec.Struct, frozen=True):
    """A gain or a loss in one time slot."""

    slot: int
    is_gain: bool


def chart_of_families(entries: Iterable[Entry], span: tuple[float, float], width: int) -> tuple[ChartLine, ...]:
    """A line for each family, with the given number of time slots from `span[0]` to `span[1]`."""
    changes: dict[Family, list[_Change]] = {family: [] for family in FAMILIES}
    for entry in entries:
        for family in entry.families:
            changes[family].append(_change(entry, span, width))
    return tuple(_line(family, changes_of_family, width) for family, changes_of_family in changes.items())


def chart_of_objects(entries: Iterable[Entry], span: tuple[float, float], width: int) -> tuple[ChartLine, ...]:
    """A line for each layer and family of each object that gained or lost any, sorted by object, layer and family.

    Between a loss and a gain the object lacks the family, which is marked as well.
    """
    order = list(LayerName)
    changes: dict[tuple[ObjectRef, int, Family], list[_Change]] = {}
    for entry in entries:
        if entry.ref is not None and entry.layer is not None:
            for family in entry.families:
                key = (entry.ref, order.index(entry.layer), family)
                changes.setdefault(key, []).append(_change(entry, span, width))
    return tuple(
        msgspec.structs.replace(
            _line(family, changes_of_object, width),
            ref=ref,
            layer=order[layer],
            marks=_with_lacks(changes_of_object, width),
        )
        for (ref, layer, family), changes_of_object in sorted(changes.items(), key=lambda pair: pair[0])
    )


def whole_chart(view: ClusterView, span: tuple[float, float], width: int) -> tuple[ChartLine, ...]:
    """All families together, then each layer of each object; empty if no family was gained or lost."""
    entries = view.timeline.family_entries()
    return (*chart_of_families(entries, span, width), *chart_of_objects(entries, span, width)) if entries else ()


def _change(entry: Entry, span: tuple[float, float], width: int) -> _Change:
    first, last = span
    slot = int((entry.at - first) * width / max(last - first, 1.0))
    return _Change(min(max(slot, 0), width - 1), entry.type is EntryType.GAINED)


def _line(family: Family, changes: Sequence[_Change], width: int) -> ChartLine:
    gained = sum(change.is_gain for change in changes)
    return ChartLine(family=family, marks=_marks(changes, width), gained=gained, lost=len(changes) - gained)


def _marks(changes: Iterable[_Change], width: int) -> tuple[Mark, ...]:
    marks = [Mark.NOTHING] * width
    for change in changes:
        mark = Mark.GAINED if change.is_gain else Mark.LOST
        marks[change.slot] = mark if marks[change.slot] in (Mark.NOTHING, mark) else Mark.BOTH
    return tuple(marks)


def _with_lacks(changes: Sequence[_Change], width: int) -> tuple[Mark, ...]:
    marks = list(_marks(changes, width))
    # If the first change is a gain, the family was missing before.
    missing_since = 0 if changes[0].is_gain else None
    for change in (*changes, _Change(width, is_gain=True)):
        if change.is_gain and missing_since is not None:
            for slot in range(missing_since, change.slot):
                marks[slot] = Mark.LACKS if marks[slot] is Mark.NOTHING else marks[slot]
            missing_since = None
        elif not change.is_gain:
            missing_since = change.slot
    return tuple(marks)
