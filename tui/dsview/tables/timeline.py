"""The timeline as rows, newest first: when, which way it went, what it concerns, in a sentence, how long it lasted.

What happens to many objects within seconds is one row with a count, which opens into one row for each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import Target, detail_target
from dsview.analysis.timeline import MERGE
from dsview.analysis.timeline_entry import Entry, Sort, Turn
from dsview.checks.engine.registry import registry
from dsview.checks.engine.remediation import count
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
        id="lasted",
        title="Lasted",
        help="How long it was so: that or more where it began before this session.",
        width=7,
        max_width=16,
        priority=1,
    ),
)

_NAMED = 3
"""Kinds of a connection event that are named."""

_WORDS = {
    Turn.OPENED: "new",
    Turn.CLOSED: "fixed",
    Turn.UNREAD: "not read",
    Turn.UP: "node up",
    Turn.DOWN: "node down",
}
"""What is said of a turn, where that is not its own name."""

_TONES = {
    Turn.GAINED: Tone.GOOD,
    Turn.CLOSED: Tone.GOOD,
    Turn.UP: Tone.GOOD,
    Turn.LOST: Tone.PRIMARY,
    Turn.DOWN: Tone.PRIMARY,
    Turn.SETTLING: Tone.PRIMARY,
    Turn.OPENED: Tone.PLAIN,
    Turn.STILL: Tone.PLAIN,
}

_OPEN = frozenset({Turn.OPENED, Turn.STILL})
"""The turns after which a finding is there."""

BURST = 3
"""The same thing so many times is one row."""

GROUP = "group"
"""In the place of a namespace in the key of a row that stands for several entries."""


class Latest(msgspec.Struct, frozen=True):
    """The newest entry in words: when, what it concerns, what happened."""

    time: Safe
    object: Safe
    text: Safe


class Group(msgspec.Struct, frozen=True):
    """Entries that are one row, the newest first: the same thing, within `MERGE` seconds."""

    entries: tuple[Entry, ...]

    @property
    def key(self) -> Key:
        """The key of its row. It stays while the group grows."""
        return (GROUP if len(self.entries) > 1 else "", str(self.entries[-1].number))


def groups_of(entries: Iterable[Entry]) -> list[Group]:
    """The groups of entries, which come newest first: bursts of `BURST` or more, and every other entry by itself."""
    bursts: dict[tuple[object, ...], list[Entry]] = {}
    placed: list[tuple[Entry, list[Entry]]] = []
    for entry in entries:
        alike = _alike(entry)
        burst = bursts.get(alike)
        if entry.ref is None or burst is None or burst[0].at - entry.at > MERGE:
            burst = bursts[alike] = []
        burst.append(entry)
        placed.append((entry, burst))
    return [
        Group(tuple(burst) if len(burst) >= BURST else (entry,))
        for entry, burst in placed
        if len(burst) < BURST or burst[0] is entry
    ]


def _alike(entry: Entry) -> tuple[object, ...]:
    """What two entries have in common that are one row."""
    kind = entry.ref.kind if entry.ref is not None else ""
    return (entry.sort, entry.turn, kind, entry.severity, entry.check or entry.text)


def object_text(entry: Entry) -> Safe:
    """What an entry concerns."""
    if entry.ref is not None:
        return safe(str(entry.ref))
    named = entry.kinds[:_NAMED]
    more = len(entry.kinds) - len(named)
    return safe(", ".join(named) + (f" and {more} more" if more else ""))


def objects_text(group: Group) -> Safe:
    """What a group concerns: `Service shop/web`, `12 Pods`."""
    refs = {entry.ref for entry in group.entries if entry.ref is not None}
    if len(refs) < 2:
        return object_text(group.entries[0])
    return safe(count(len(refs), next(iter(refs)).kind))


def turn_word(entry: Entry) -> str:
    """Which way it went, in a word or two."""
    if entry.turn is Turn.NEUTRAL:
        return entry.sort.value if entry.sort is not Sort.OBJECT else "changed"
    return entry.sort.value if entry.sort is Sort.CONNECTION else _WORDS.get(entry.turn, entry.turn.value)


def change_text(group: Group) -> str:
    """What happened, in a sentence. What is over cannot be read as a fault of now: it is said what it was."""
    entry = group.entries[0]
    if entry.sort is not Sort.FINDING:
        return entry.text
    check = registry().get(entry.check)
    text = check.title if check is not None and len(group.entries) > 1 else entry.text
    what = f"{entry.check.removeprefix('DS-')}  {text}"
    match entry.turn:
        case Turn.OPENED:
            return what
        case Turn.STILL:
            return f"still there: {what}"
        case Turn.SETTLING:
            return f"{_not_judged(group)}; was: {what}"
        case Turn.REPLACED:
            return f"another finding took its place; was: {what}"
        case Turn.UNREAD:
            return f"cannot be evaluated any more; was: {what}"
    return f"was: {what}"


def _not_judged(group: Group) -> str:
    moments = [entry.until for entry in group.entries if entry.until is not None]
    if moments:
        return f"not judged until {clock_text(max(moments))}"
    entry = group.entries[0]
    if entry.waits_for is None:
        return "not judged yet"
    return f"not judged while {'it' if entry.waits_for == entry.ref else entry.waits_for} is not ready"


def latest(view: ClusterView) -> Latest | None:
    """The newest entry; None where nothing has changed yet."""
    entries = view.timeline.entries
    if not entries:
        return None
    newest = entries[-1].at
    recent = []
    for entry in reversed(entries):
        if newest - entry.at > MERGE:
            break
        recent.append(entry)
    group = groups_of(recent)[0]
    return Latest(clock_text(newest), objects_text(group), safe(_lead(group.entries[0]) + change_text(group)))


def _lead(entry: Entry) -> str:
    """What is said before the change where no column says which way it went."""
    if entry.sort is not Sort.FINDING or entry.turn is Turn.STILL:
        return ""
    return "new: " if entry.turn is Turn.OPENED else f"{turn_word(entry)}, "


def _row(key: Key, group: Group, lead: str = "") -> Row:
    entry = group.entries[0]
    flag = entry.severity if entry.turn in _OPEN else None
    cells = (
        Cell(clock_text(entry.at), Tone.MUTED),
        Cell(safe(turn_word(entry)), _TONES.get(entry.turn, Tone.MUTED), flag=flag),
        Cell(safe(lead + objects_text(group))),
        Cell(safe(change_text(group))),
        Cell(_lasted(entry) if len(group.entries) == 1 else Safe(""), Tone.MUTED),
    )
    return Row(key, cells)


def _lasted(entry: Entry) -> Safe:
    if entry.lasted is None:
        return Safe("")
    return safe(f"{age_text(entry.lasted)}{' or more' if entry.was_before else ''}")


class TimelineRows:
    """The entries that `wanted` lets through, newest first, as groups; those of the groups in `opened` one by one.

    The key of a row holds the number of an entry since the beginning.
    """

    sort_column: str | None = None
    descending = False

    def __init__(
        self,
        view: ClusterView,
        wanted: Callable[[Entry], bool] = lambda entry: True,
        opened: Collection[Key] = frozenset(),
    ) -> None:
        self._view = view
        found = [entry for entry in reversed(view.timeline.entries) if wanted(entry)]
        self.changes = len(found)
        self._opened = opened
        self._rows: list[tuple[Key, Group]] = []
        for group in groups_of(found):
            self._rows.append((group.key, group))
            if group.key in opened and len(group.entries) > 1:
                self._rows += [(("", str(entry.number)), Group((entry,))) for entry in group.entries]
        self._index = {key: index for index, (key, _) in enumerate(self._rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Row:
        """The row at a position."""
        key, group = self._rows[index]
        return _row(key, group)

    def key_at(self, index: int) -> Key:
        """The key at a position."""
        return self._rows[index][0]

    def index_of(self, key: Key) -> int | None:
        """Where an entry is now; None where it was let go."""
        return self._index.get(key)

    def entry(self, key: Key) -> Entry | None:
        """The entry of a key, the newest of a group."""
        index = self.index_of(key)
        return self._rows[index][1].entries[0] if index is not None else None

    def target(self, key: Key) -> Target | None:
        """The detail of the object that an entry concerns; None where it has none."""
        entry = self.entry(key)
        if entry is None or entry.ref is None:
            return None
        return detail_target(self._view, entry.ref)
