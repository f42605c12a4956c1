"""The timeline as rows, newest first: time, change, object, sentence, duration.

Equal events of many objects within seconds share one row, which can be opened into one row for each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import Target, detail_target
from dsview.analysis.timeline import MERGE_SECONDS
from dsview.analysis.timeline_entry import Category, Entry, EntryType
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.registry import registry
from dsview.core.address import FAMILIES
from dsview.core.plurals import count
from dsview.core.text import Safe, clock_text, safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.tables.cells import Cell, Column, Row, Tone
from dsview.tables.header import age_text

COLUMNS = (
    Column(id="time", title="UTC", help="The time.", width=8, max_width=8),
    Column(id="turn", title="What", help="The kind of change.", width=10, max_width=10),
    Column(id="object", title="Object", help="The object.", width=16, max_width=64),
    Column(id="text", title="Change", help="The change in a sentence.", width=36, max_width=200),
    Column(
        id="lasted",
        title="Lasted",
        help="How long it lasted; at least that if it began before this session.",
        width=14,
        max_width=16,
        priority=1,
    ),
)

_NAMED = 3
"""The number of kinds that a connection event names."""

_WORDS = {
    EntryType.OPENED: "new",
    EntryType.CLOSED: "fixed",
    EntryType.UNREAD: "not read",
    EntryType.UP: "node up",
    EntryType.DOWN: "node down",
}
"""The text of an entry type, if it differs from its name."""

_TONES = {
    EntryType.GAINED: Tone.GOOD,
    EntryType.CLOSED: Tone.GOOD,
    EntryType.UP: Tone.GOOD,
    EntryType.LOST: Tone.PRIMARY,
    EntryType.DOWN: Tone.PRIMARY,
    EntryType.SETTLING: Tone.PRIMARY,
    EntryType.OPENED: Tone.PLAIN,
    EntryType.STILL: Tone.PLAIN,
}

_OPEN = frozenset({EntryType.OPENED, EntryType.STILL})
"""The entry types after which a finding exists."""

BURST = 3
"""The smallest number of equal events that share a row."""

GROUP = "group"
"""Replaces a namespace in the key of a row with several entries."""


class Latest(msgspec.Struct, frozen=True):
    """The newest entry as text: time, object, event."""

    time: Safe
    object: Safe
    text: Safe


class Group(msgspec.Struct, frozen=True):
    """Entries that share a row, newest first: equal events within `MERGE_SECONDS`, or events that came with a Node."""

    entries: tuple[Entry, ...]

    @property
    def lead(self) -> Entry:
        """The entry that gives the row its time and type: that of the Node, or the newest one."""
        return self.entries[-1] if self.with_node else self.entries[0]

    @property
    def with_node(self) -> tuple[Entry, ...]:
        """The entries that came with a Node that went down or came back; empty for other groups."""
        is_node = self.entries[-1].type in _NODE_EFFECTS and self.entries[0].type not in _NODE_EFFECTS
        return self.entries[:-1] if is_node else ()

    @property
    def key(self) -> Key:
        """The key of its row. It does not change while the group grows."""
        return (GROUP if len(self.entries) > 1 else "", str(self.entries[-1].number))


def groups_of(entries: Iterable[Entry]) -> list[Group]:
    """The groups of entries, newest first. Fewer than `BURST` equal entries stay separate."""
    all_entries = list(entries)
    of_node = _with_nodes(all_entries)
    bursts: dict[tuple[object, ...], list[Entry]] = {}
    placed: list[tuple[Entry, list[Entry]]] = []
    for entry in all_entries:
        node = of_node.get(entry.number)
        group_key = _group_key(entry) if node is None else (node,)
        burst = bursts.get(group_key)
        if entry.ref is None or burst is None or burst[0].at - entry.at > MERGE_SECONDS:
            burst = bursts[group_key] = []
        burst.append(entry)
        placed.append((entry, burst))
    return [
        Group(tuple(burst) if _is_one_row(burst) else (entry,))
        for entry, burst in placed
        if not _is_one_row(burst) or burst[0] is entry
    ]


def _is_one_row(burst: list[Entry]) -> bool:
    return len(burst) >= BURST or bool(Group(tuple(burst)).with_node)


def _group_key(entry: Entry) -> tuple[object, ...]:
    """The key by which entries share a row."""
    kind = entry.ref.kind if entry.ref is not None else ""
    subject = entry.layer if entry.category is Category.FAMILY else entry.check or entry.text
    return (entry.category, entry.type, kind, entry.severity, subject)


_NODE_EFFECTS = {EntryType.DOWN: EntryType.LOST, EntryType.UP: EntryType.GAINED}
"""What happens to ready endpoints when a Node goes down or comes back."""


def _with_nodes(entries: list[Entry]) -> dict[int, int]:
    """The numbers of the entries in the row of a Node, including the Node's own, with the number of the Node's.

    They are about Services that lost or got their ready endpoints within seconds after exactly one Node went down or
    came back.
    """
    node_numbers: dict[int, int] = {}
    node: Entry | None = None
    is_one = False
    for entry in reversed(entries):
        if entry.type in _NODE_EFFECTS:
            is_one = node is None or entry.at - node.at > MERGE_SECONDS
            node = entry
        elif node is not None and is_one and entry.at - node.at <= MERGE_SECONDS:
            is_of_node = entry.layer is LayerName.ENDPOINTS and entry.type is _NODE_EFFECTS[node.type]
            if is_of_node and entry.ref is not None and entry.ref.kind == Kind.SERVICE.value:
                node_numbers[entry.number] = node_numbers[node.number] = node.number
    return node_numbers


def object_text(entry: Entry) -> Safe:
    """The object of an entry."""
    if entry.ref is not None:
        return safe(str(entry.ref))
    named = entry.kinds[:_NAMED]
    more = len(entry.kinds) - len(named)
    return safe(", ".join(named) + (f" and {more} more" if more else ""))


def objects_text(group: Group) -> Safe:
    """The objects of a group in words: `Service shop/web`, `12 Pods`."""
    if group.with_node:
        return object_text(group.lead)
    refs = {entry.ref for entry in group.entries if entry.ref is not None}
    if len(refs) < 2:
        return object_text(group.entries[0])
    return safe(count(len(refs), next(iter(refs)).kind))


def type_word(entry: Entry) -> str:
    """The type of an entry in a word or two."""
    if entry.type is EntryType.NEUTRAL:
        return entry.category.value if entry.category is not Category.OBJECT else "changed"
    return entry.category.value if entry.category is Category.CONNECTION else _WORDS.get(entry.type, entry.type.value)


def change_text(group: Group) -> str:
    """What happened, in a sentence. A finding that is gone is marked with "was", so that it does not look current."""
    entry = group.lead
    if entry.category is not Category.FINDING:
        return _of_objects(group)
    finding = _finding_text(group)
    match entry.type:
        case EntryType.OPENED:
            return finding
        case EntryType.STILL:
            return f"still there: {finding}"
        case EntryType.SETTLING:
            return f"{_not_judged(group)}; was: {finding}"
        case EntryType.IMPROVED:
            return f"better, but not fixed; was: {finding}"
        case EntryType.REPLACED:
            return f"another finding took its place; was: {finding}"
        case EntryType.UNREAD:
            return f"cannot be evaluated any more; was: {finding}"
    # The finding comes first, because the end of a long line is cut off.
    before = " Since before this session." if entry.was_before else ""
    return f"was: {finding}{before}"


def _finding_text(group: Group) -> str:
    """The code and what is wrong. For several findings, the latter is the title of their check."""
    entry = group.lead
    check = registry().get(entry.check)
    text = check.title if check is not None and len(group.entries) > 1 else entry.text
    return f"{entry.check.removeprefix('DS-')}  {text}"


def _of_objects(group: Group) -> str:
    """What happened to objects. The families of several objects are listed together, and Services of a Node counted."""
    entry, others = group.lead, group.with_node
    if others:
        services = count(len({other.ref for other in others}), "Service")
        verb = "lost" if entry.type is EntryType.DOWN else "got"
        return f"{entry.text} At the same time {services} {verb} {_ENDPOINTS[verb]}."
    if entry.category is not Category.FAMILY or len({each.text for each in group.entries}) == 1:
        return entry.text
    named = {family for each in group.entries for family in each.families}
    families = " or ".join(family for family in FAMILIES if family in named)
    layer = entry.layer or LayerName.SERVICES
    return f"{'Gained' if entry.type is EntryType.GAINED else 'Lost'} {_OF_LAYER[layer].format(families)}."


_ENDPOINTS = {"lost": "the last ready endpoint of a family", "got": "the first ready endpoint of a family"}

_OF_LAYER: dict[LayerName, str] = {
    LayerName.NODES: "their {} InternalIP or podCIDR",
    LayerName.PODS: "{}",
    LayerName.SERVICES: "{}",
    LayerName.ENDPOINTS: "all ready {} endpoints",
    LayerName.LOAD_BALANCERS: "their {} load-balancer address",
    LayerName.LISTENERS: "{} ports that their proxies listen on",
}
"""What several objects gained or lost in a layer. The placeholder is for the families."""


def _not_judged(group: Group) -> str:
    moments = [entry.until for entry in group.entries if entry.until is not None]
    if moments:
        return f"not judged until {clock_text(max(moments))}"
    entry = group.entries[0]
    if entry.waits_for is None:
        return "not judged yet"
    return f"not judged while {'it' if entry.waits_for == entry.ref else entry.waits_for} is not ready"


def latest(view: ClusterView) -> Latest | None:
    """The newest entry; None if nothing has changed yet."""
    entries = view.timeline.entries
    if not entries:
        return None
    newest = entries[-1].at
    recent = []
    for entry in reversed(entries):
        if newest - entry.at > MERGE_SECONDS:
            break
        recent.append(entry)
    group = groups_of(recent)[0]
    return Latest(clock_text(group.lead.at), objects_text(group), safe(_short_text(group)))


def _short_text(group: Group) -> str:
    """What happened, for a narrow place without a column for the entry type."""
    match group.lead.type:
        case EntryType.OPENED | EntryType.CLOSED | EntryType.IMPROVED | EntryType.GONE as type:
            return f"{_WORDS.get(type, type.value)}: {_finding_text(group)}"
    return change_text(group)


def _row(key: Key, group: Group, lead: str = "") -> Row:
    entry = group.lead
    flag = entry.severity if entry.type in _OPEN else None
    cells = (
        Cell(clock_text(entry.at), Tone.MUTED),
        Cell(safe(type_word(entry)), _TONES.get(entry.type, Tone.MUTED), flag=flag),
        Cell(safe(lead + objects_text(group))),
        Cell(safe(change_text(group))),
        Cell(_lasted(entry) if len(group.entries) == 1 else Safe(""), Tone.MUTED),
    )
    return Row(key, cells)


def _lasted(entry: Entry) -> Safe:
    if entry.lasted is None:
        return Safe("")
    return safe(f"{'at least ' if entry.was_before else ''}{age_text(entry.lasted)}")


class TimelineRows:
    """The entries for which `is_shown` is true, newest first, in groups. Groups in `opened` also list their entries.

    The key of a row contains the number of an entry.
    """

    sort_column: str | None = None
    descending = False

    def __init__(
        self,
        view: ClusterView,
        is_shown: Callable[[Entry], bool] = lambda entry: True,
        opened: Collection[Key] = frozenset(),
    ) -> None:
        self._view = view
        shown = [entry for entry in reversed(view.timeline.entries) if is_shown(entry)]
        self.changes = len(shown)
        self._opened = opened
        self._rows: list[tuple[Key, Group]] = []
        for group in groups_of(shown):
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
        key, _ = self._rows[index]
        return key

    def index_of(self, key: Key) -> int | None:
        """The position of an entry; None if it was dropped."""
        return self._index.get(key)

    def entry(self, key: Key) -> Entry | None:
        """The entry with a key; for a group, its leading entry."""
        index = self.index_of(key)
        if index is None:
            return None
        _, group = self._rows[index]
        return group.lead

    def target(self, key: Key) -> Target | None:
        """The detail of an entry's object; None if it has none."""
        entry = self.entry(key)
        if entry is None or entry.ref is None:
            return None
        return detail_target(self._view, entry.ref)
