"""What changed since everything was read first: families gained and lost, findings opened and closed, connections.

The session tells it of every batch; it keeps the last `LIMIT` entries. What was there when dsview came is no change:
a finding of which the timeline knows nothing is older than this session.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice

import msgspec

from dsview.checks.engine.check import LayerName
from dsview.checks.engine.finding_index import FindingIndex, Identity
from dsview.cluster.family_counts import offer_of
from dsview.cluster.state import Change, ClusterState
from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.cidr import cidr_families
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service
from dsview.listeners.registry import plural_of
from dsview.sources.events import Health, Listed, StatusChanged

LIMIT = 2000
"""How many entries are kept; older ones are dropped and counted."""

MERGE = 10.0
"""Seconds within which the same thing happening to another kind is one entry: a lost server loses all watches."""

FLEETING = 2.0
"""A finding that was open for less is not news: it was looked at between two halves of one change."""

_LOOKED_BACK = 8


class Sort(StrEnum):
    """What an entry is about."""

    FAMILY = "family"
    FINDING = "finding"
    OBJECT = "object"
    CONNECTION = "connection"


class Turn(StrEnum):
    """Which way it went."""

    GAINED = "gained"
    LOST = "lost"
    OPENED = "opened"
    CLOSED = "closed"
    UNREAD = "unread"
    """A finding that cannot be evaluated any more."""
    NEUTRAL = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened at `at`, epoch seconds. `ref` is None where it concerns no object.

    `number` counts all entries since the beginning.

    `lasted` is how many seconds it took until a finding was closed or a kind could be read again; `was_before` says
    that it was so when everything was read first, and lasted longer than that. `kinds` are the plural names of the
    kinds that a connection event concerns. Where families were gained or lost, `families` and `layer` say which and in
    which layer.
    """

    number: int = 0
    at: float
    sort: Sort
    turn: Turn
    text: Safe
    ref: ObjectRef | None = None
    severity: Severity | None = None
    check: str = ""
    lasted: float | None = None
    was_before: bool = False
    kinds: tuple[str, ...] = ()
    families: tuple[Family, ...] = ()
    layer: LayerName | None = None


class Timeline:
    """The last entries, oldest first in `entries`. `version` grows with each; `dropped` counts those let go."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.entries: deque[Entry] = deque(maxlen=limit)
        self.dropped = 0
        self.version = 0
        self._count = 0
        self._opened: dict[Identity, float] = {}
        self._before: dict[Identity, Finding | None] = {}
        self._is_recording = False
        self._began = 0.0
        self._known: frozenset[Kind] = frozenset()
        self._health: dict[Kind, Health] = {}
        self._lost: dict[Kind, float] = {}

    def opened_at(self, finding: Finding) -> float | None:
        """When this session saw the finding open, epoch seconds; None where it was there before."""
        return self._opened.get(finding.identity)

    def last(self, count: int) -> list[Entry]:
        """The newest entries, newest first."""
        return list(islice(reversed(self.entries), count))

    def family_entries(self) -> list[Entry]:
        """The entries about families that were gained and lost, oldest first."""
        return [entry for entry in self.entries if entry.sort is Sort.FAMILY]

    def span(self, now: float) -> tuple[float, float]:
        """From when to when changes were entered, epoch seconds."""
        return (self._began or now, now)

    def note(self, at: float, text: str) -> None:
        """Enter something that happened to the session itself."""
        self._add(Entry(at=at, sort=Sort.CONNECTION, turn=Turn.NEUTRAL, text=safe(text)))

    def begin(self, state: ClusterState, at: float) -> None:
        """Everything is known: what comes from now on is a change."""
        self._is_recording = True
        self._began = at
        self._known = _known_kinds(state)
        state.census.take_turned()

    def follow(self, state: ClusterState, changes: Iterable[Change], at: float) -> None:
        """Take in what one batch changed. Objects of a kind that was not known before are read, not new."""
        turned = state.census.take_turned()
        if not self._is_recording:
            return
        known, self._known = self._known, _known_kinds(state)
        for change in changes:
            follow = _FOLLOWED.get(change.kind)
            if follow is not None and change.kind in known:
                for happening in follow(change.old, change.new):
                    ref = ObjectRef(_ref_kind(change.kind), change.key[0] or None, change.key[1])
                    self._add(happening.entry(at, ref))
        if turned and Kind.ENDPOINT_SLICE in known:
            self._endpoints(state, turned, at)

    def _endpoints(self, state: ClusterState, turned: Iterable[tuple[Key, Family, bool]], at: float) -> None:
        found: dict[tuple[Key, bool], list[Family]] = {}
        for key, family, is_live in turned:
            service = state.services.get(key)
            if service is not None and family in service.families:
                found.setdefault((key, is_live), []).append(family)
        for (key, is_live), families in found.items():
            over = " and ".join(families)
            text = f"Has ready endpoints over {over}." if is_live else f"No ready endpoint over {over} any more."
            turn = Turn.GAINED if is_live else Turn.LOST
            ref = ObjectRef(Kind.SERVICE.value, key[0], key[1])
            self._add(_of_families(turn, text, LayerName.ENDPOINTS, families).entry(at, ref))

    def follow_status(self, event: StatusChanged, at: float) -> None:
        """Take in the health of a kind."""
        before = self._health.get(event.kind)
        if event.health is Health.LOADING or event.health is before:
            return
        self._health[event.kind] = event.health
        is_lost = event.health in _LOST
        since = self._lost.setdefault(event.kind, at) if is_lost else self._lost.pop(event.kind, None)
        if before is None or not self._is_recording:
            return
        if is_lost:
            self._connection(event.kind, _LOST[event.health], Turn.LOST, at, reason=event.reason)
        elif since is not None:
            self._connection(event.kind, "Can be read again", Turn.GAINED, at, lasted=at - since)
        elif event.health is Health.POLLING:
            self._connection(event.kind, "Polled from now on", Turn.NEUTRAL, at, reason=event.reason)

    def follow_list(self, event: Listed, state: ClusterState, at: float) -> None:
        """Take in a list that replaced what was known: a watch had broken off. Polling does that all the time."""
        status = state.status(event.kind)
        if self._is_recording and event.keys is not None and status.health is Health.LIVE and event.kind in RESOURCES:
            self._connection(event.kind, "Listed anew", Turn.NEUTRAL, at)

    def _connection(
        self, kind: Kind, words: str, turn: Turn, at: float, *, reason: str = "", lasted: float | None = None
    ) -> None:
        name = plural_of(kind)
        for back in range(1, min(_LOOKED_BACK, len(self.entries)) + 1):
            entry = self.entries[-back]
            if entry.sort is Sort.CONNECTION and entry.text.startswith(words) and at - entry.at <= MERGE:
                kinds = (*entry.kinds, *(() if name in entry.kinds else (name,)))
                self.entries[-back] = msgspec.structs.replace(entry, kinds=kinds)
                self.version += 1
                return
        text = f"{words} ({reason})." if reason else f"{words}."
        self._add(Entry(at=at, sort=Sort.CONNECTION, turn=turn, text=safe(text), kinds=(name,), lasted=lasted))

    def note_findings(self, old: tuple[Finding, ...], new: tuple[Finding, ...]) -> None:
        """Remember, until `follow_findings`, what a subject's findings were and may be now."""
        if self._is_recording:
            for finding in old:
                self._before.setdefault(finding.identity, finding)
            for finding in new:
                self._before.setdefault(finding.identity, None)

    def follow_findings(self, book: FindingIndex, at: float, is_evaluated: Callable[[str], bool]) -> None:
        """Enter the findings that are there now and were not, and those that were and are not.

        A finding whose check `is_evaluated` no more, as what it reads cannot be read, is gone but not fixed.
        """
        before, self._before = self._before, {}
        opened = [now for identity, was in before.items() if was is None and (now := book.get(identity)) is not None]
        gone = [was for identity, was in before.items() if was is not None and book.get(identity) is None]
        for finding in sorted(gone, key=lambda f: f.order, reverse=True):
            since = self._opened.pop(finding.identity, None)
            if since is not None and at - since < FLEETING:
                self._forget(finding, since)
                continue
            turn = Turn.CLOSED if is_evaluated(finding.check) else Turn.UNREAD
            self._finding(finding, turn, at, at - (self._began if since is None else since), was_before=since is None)
        # The worst come last, since the newest entry is the one that is seen.
        for finding in sorted(opened, key=lambda f: f.order, reverse=True):
            self._opened[finding.identity] = at
            self._finding(finding, Turn.OPENED, at)

    def _finding(
        self, finding: Finding, turn: Turn, at: float, lasted: float | None = None, *, was_before: bool = False
    ) -> None:
        self._add(
            Entry(
                at=at,
                sort=Sort.FINDING,
                turn=turn,
                text=safe(finding.message.partition("\n")[0]),
                ref=finding.object,
                severity=finding.severity,
                check=finding.check,
                lasted=lasted,
                was_before=was_before,
            )
        )

    def _forget(self, finding: Finding, opened: float) -> None:
        """Take the entry back that says that a finding was opened."""
        for entry in reversed(self.entries):
            if (entry.at, entry.turn, entry.check, entry.ref) == (opened, Turn.OPENED, finding.check, finding.object):
                self.entries.remove(entry)
                self.version += 1
                return

    def _add(self, entry: Entry) -> None:
        self.dropped += len(self.entries) == self.entries.maxlen
        self._count += 1
        self.entries.append(msgspec.structs.replace(entry, number=self._count))
        self.version += 1


_LOST = {
    Health.STALE: "Connection lost",
    Health.FAILED: "Cannot be read",
    Health.REFUSED: "Not permitted any more",
    Health.ABSENT: "Not served any more",
}
"""The states in which a kind is not followed any more, and what is said when one begins."""


class _Happening(msgspec.Struct, frozen=True):
    """What became of an object: an entry without its time."""

    turn: Turn
    sort: Sort
    text: str
    families: tuple[Family, ...] = ()
    layer: LayerName | None = None

    def entry(self, at: float, ref: ObjectRef) -> Entry:
        """The entry."""
        return Entry(
            at=at,
            sort=self.sort,
            turn=self.turn,
            text=safe(self.text),
            ref=ref,
            families=self.families,
            layer=self.layer,
        )


def _of_families(turn: Turn, text: str, layer: LayerName, families: Iterable[Family]) -> _Happening:
    return _Happening(turn, Sort.FAMILY, text, tuple(families), layer)


def _known_kinds(state: ClusterState) -> frozenset[Kind]:
    return frozenset(kind for kind in Kind if state.is_known(kind))


def _ref_kind(kind: Kind) -> str:
    """The kind of the object one can go to: an nginx.conf is its pod's."""
    return Kind.POD.value if kind is Kind.PROXY_LISTENERS else kind.value


def _came_and_went(
    before: Iterable[Family], after: Iterable[Family], what: str, layer: LayerName
) -> Iterator[_Happening]:
    """The families of something that were gained and lost. `what` has a place for the family."""
    was, now = set(before), set(after)
    for family in FAMILIES:
        if family in now - was:
            yield _of_families(Turn.GAINED, f"Gained {what.format(family)}.", layer, [family])
        elif family in was - now:
            yield _of_families(Turn.LOST, f"Lost {what.format(family)}.", layer, [family])


def _coming(has: Iterable[str], *, is_new: bool) -> _Happening:
    families = " and ".join(has) or "no family"
    return _Happening(Turn.NEUTRAL, Sort.OBJECT, f"Came with {families}." if is_new else "Was deleted.")


def _service(old: object, new: object) -> Iterator[_Happening]:
    if not isinstance(old, Service) or not isinstance(new, Service):
        item = new if isinstance(new, Service) else old
        if isinstance(item, Service):
            yield _coming(item.families, is_new=item is new)
        return
    yield from _came_and_went(old.families, new.families, "{}", LayerName.SERVICES)
    vips = (offer_of(old).vips or (), offer_of(new).vips or ())
    yield from _came_and_went(*vips, "its {} load-balancer address", LayerName.LOAD_BALANCERS)


def _pod(old: object, new: object) -> Iterator[_Happening]:
    """Pods come and go all the time; only one that stays and has other families is news."""
    if isinstance(old, Pod) and isinstance(new, Pod) and old.ips and new.ips and old.ips != new.ips:
        yield from _came_and_went(families_of(old.ips), families_of(new.ips), "{}", LayerName.PODS)


def _node(old: object, new: object) -> Iterator[_Happening]:
    if not isinstance(old, Node) or not isinstance(new, Node):
        item = new if isinstance(new, Node) else old
        if isinstance(item, Node):
            yield _coming(families_of(item.addresses_of("InternalIP")), is_new=item is new)
        return
    if old.ready is not new.ready:
        turn, words = (Turn.GAINED, "Is Ready again.") if new.ready else (Turn.LOST, "Is not Ready any more.")
        yield _Happening(turn, Sort.OBJECT, words)
    before, after = (families_of(node.addresses_of("InternalIP")) for node in (old, new))
    yield from _came_and_went(before, after, "its {} InternalIP", LayerName.NODES)
    ranges = (cidr_families(old.cidrs), cidr_families(new.cidrs))
    yield from _came_and_went(*ranges, "its {} podCIDR", LayerName.NODES)


def _conf(old: object, new: object) -> Iterator[_Happening]:
    if not isinstance(old, ProxyListeners) or not isinstance(new, ProxyListeners):
        return
    if old.source is not ListenSource.READ or new.source is not ListenSource.READ:
        return
    before, after = _ports(old), _ports(new)
    for family in FAMILIES:
        was, now = before[family], after[family]
        for ports, turn, words in ((now - was, Turn.GAINED, "listens"), (was - now, Turn.LOST, "no longer listens")):
            if ports:
                listed = ", ".join(str(port) for port in sorted(ports))
                text = f"nginx {words} on {family} at {listed}."
                yield _of_families(turn, text, LayerName.LISTENERS, [family])


def _ports(conf: ProxyListeners) -> dict[Family, set[int]]:
    found: dict[Family, set[int]] = {family: set() for family in FAMILIES}
    for listener in conf.listeners:
        if not listener.internal and listener.port is not None:
            for family in listener.families:
                found[family].add(listener.port)
    return found


_FOLLOWED: dict[Kind, Callable[[object, object], Iterator[_Happening]]] = {
    Kind.SERVICE: _service,
    Kind.POD: _pod,
    Kind.NODE: _node,
    Kind.PROXY_LISTENERS: _conf,
}
