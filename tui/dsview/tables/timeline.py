"""The timeline as rows, newest first: when, which way it went, what it concerns, in a sentence, how long it lasted."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.home_pane import pane_of
from dsview.analysis.timeline import Entry, Sort, Turn
from dsview.core.text import Safe, clock_text, safe
from dsview.kinds.metadata import Key
from dsview.tables.cells import Cell, Column, Row, Tone
from dsview.tables.header import age_text

COLUMNS = (
    Column(id="time", title="UTC", help="When it happened.", width=8, max_width=8),
    Column(id="turn", title="What", help="Which way it went.", width=10, max_width=10),
    Column(id="object", title="Object", help="What it concerns.", width=16, max_width=64),
    Column(id="text", title="Change", help="In a sentence.", width=20, max_width=200),
    Column(
        id="lasted", title="Lasted", help="How long it was so, where that was seen.", width=7, max_width=9, priority=1
    ),
)

_NAMED = 3
"""Kinds of a connection event that are named."""

_TONES = {
    Turn.GAINED: Tone.GOOD,
    Turn.CLOSED: Tone.GOOD,
    Turn.LOST: Tone.PRIMARY,
    Turn.UNREAD: Tone.MUTED,
    Turn.NEUTRAL: Tone.MUTED,
}


class Latest(msgspec.Struct, frozen=True):
    """The newest entry in words: when, what it concerns, what happened."""

    time: Safe
    object: Safe
    text: Safe


def object_text(entry: Entry) -> Safe:
    """What an entry concerns."""
    if entry.ref is not None:
        return safe(str(entry.ref))
    named = entry.kinds[:_NAMED]
    more = len(entry.kinds) - len(named)
    return safe(", ".join(named) + (f" and {more} more" if more else ""))


def latest(view: ClusterView) -> Latest | None:
    """The newest entry; None where nothing has changed yet."""
    entries = view.timeline.entries
    if not entries:
        return None
    entry = entries[-1]
    words = f"{entry.turn.value}: {entry.text}" if entry.sort is Sort.FINDING else entry.text
    return Latest(clock_text(entry.at), object_text(entry), safe(words))


def entry_row(key: Key, entry: Entry) -> Row:
    """One entry as a row."""
    is_open = entry.sort is Sort.FINDING and entry.turn is Turn.OPENED
    word = entry.turn.value if entry.sort in (Sort.FAMILY, Sort.FINDING) else entry.sort.value
    turn = Cell(Safe(word), _TONES.get(entry.turn, Tone.PLAIN), flag=entry.severity if is_open else None)
    cells = (
        Cell(clock_text(entry.at), Tone.MUTED),
        turn,
        Cell(object_text(entry)),
        Cell(safe(f"{entry.check.removeprefix('DS-')}  {entry.text}" if entry.check else entry.text)),
        Cell(_lasted(entry), Tone.MUTED),
    )
    return Row(key, cells)


def _lasted(entry: Entry) -> Safe:
    if entry.lasted is None:
        return Safe("")
    return safe(f"{'> ' if entry.was_before else ''}{age_text(entry.lasted)}")


class TimelineRows:
    """The entries that `wanted` lets through, newest first. A key is the number of an entry since the beginning."""

    sort_column: str | None = None
    descending = False

    def __init__(self, view: ClusterView, wanted: Callable[[Entry], bool] = lambda entry: True) -> None:
        self._view = view
        self._entries = [entry for entry in reversed(view.timeline.entries) if wanted(entry)]
        self._index = {entry.number: index for index, entry in enumerate(self._entries)}

    def __len__(self) -> int:
        return len(self._entries)

    def row(self, index: int) -> Row:
        """The row at a position."""
        return entry_row(self.key_at(index), self._entries[index])

    def key_at(self, index: int) -> Key:
        """The key at a position."""
        return ("", str(self._entries[index].number))

    def index_of(self, key: Key) -> int | None:
        """Where an entry is now; None where it was let go."""
        return self._index.get(int(key[1]))

    def entry(self, key: Key) -> Entry | None:
        """The entry of a key."""
        index = self.index_of(key)
        return self._entries[index] if index is not None else None

    def target(self, key: Key) -> tuple[str, Key] | None:
        """The pane and the key of the object that an entry concerns; None where it has no row."""
        entry = self.entry(key)
        if entry is None or entry.ref is None:
            return None
        pane_id, where = pane_of(self._view, entry.ref)
        return (pane_id, where) if pane_id else None
