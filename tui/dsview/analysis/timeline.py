"""What changed since everything was first read: families gained and lost, findings opened and closed, connections.

The session reports every batch, and the last `LIMIT` entries are kept. What exists at the start is not a change, so a
finding without an entry is older than the session.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from dsview.analysis.object_changes import CHANGES_OF, family_change
from dsview.analysis.timeline_entry import Category, Entry, EntryType
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.finding_index import FindingIndex, Identity
from dsview.checks.engine.settling import Settling, exists, is_replacement, is_same_hop
from dsview.cluster.state import Change, ClusterState
from dsview.core.address import Family
from dsview.core.finding import Finding, ObjectRef, Pending, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.registry import RESOURCES
from dsview.listeners.registry import plural_of
from dsview.sources.events import Health, Listed, StatusChanged

LIMIT = 2000
"""The number of entries to keep. Older ones are dropped and counted."""

MERGE_SECONDS = 10.0
"""Seconds within which the same connection event of several kinds becomes one entry: a lost server ends all watches."""

MIN_SECONDS_OPEN = 2.0
"""Seconds. A finding that lasts less is left out, because it was evaluated in the middle of a change."""

_MERGE_LOOKBACK = 8

_IMPROVED = 500
"""The number of improved findings of which the timeline also says when they are fixed."""


class Timeline:
    """The last entries, oldest first. `version` grows with each change, and `dropped` counts the dropped entries."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.entries: deque[Entry] = deque(maxlen=limit)
        self.dropped = 0
        self.version = 0
        self._count = 0
        self._opened: dict[Identity, float] = {}
        self._before: dict[Identity, Finding | None] = {}
        self._unsettled: dict[Identity, tuple[Finding, Pending]] = {}
        self._seen_again: dict[Identity, float] = {}
        self._settling_version = self._improved_version = 0
        self._improved: dict[Identity, Finding] = {}
        self._is_recording = False
        self._began = 0.0
        self.counts_at_start: dict[Severity, int] | None = None
        """The number of findings of each severity when everything had been read; None if that is not known."""
        self._known_before: frozenset[Kind] = frozenset()
        self._health: dict[Kind, Health] = {}
        self._lost: dict[Kind, float] = {}

    def opened_at(self, finding: Finding) -> float | None:
        """When this session found the finding, epoch seconds; None if it existed before."""
        return self._opened.get(finding.identity)

    def last(self, count: int) -> list[Entry]:
        """The newest entries, newest first."""
        return list(islice(reversed(self.entries), count))

    def family_entries(self) -> list[Entry]:
        """The entries about gained and lost families, oldest first."""
        return [entry for entry in self.entries if entry.category is Category.FAMILY]

    def span(self, now: float) -> tuple[float, float]:
        """The start and end of the timeline, epoch seconds."""
        return (self._began or now, now)

    def note(self, at: float, text: str) -> None:
        """Add an event of the session itself."""
        self._add(Entry(at=at, category=Category.CONNECTION, type=EntryType.NEUTRAL, text=safe(text)))

    @property
    def unsettled(self) -> int:
        """The number of findings that were open and currently have no verdict."""
        return len(self._unsettled)

    def begin(self, state: ClusterState, at: float, counts: dict[Severity, int]) -> None:
        """Start, because everything was read: later events are changes. `counts` are the findings by severity."""
        self.counts_at_start = dict(counts)
        self._is_recording = True
        self._began = at
        self._known_before = _known_kinds(state)
        state.family_counts.take_changed_endpoints()

    def follow(self, state: ClusterState, changes: Iterable[Change], at: float) -> None:
        """Add the changes of one batch. Objects of a kind that was not known before are not new."""
        changed_endpoints = state.family_counts.take_changed_endpoints()
        if not self._is_recording:
            return
        known, self._known_before = self._known_before, _known_kinds(state)
        for change in changes:
            follow = CHANGES_OF.get(change.kind)
            if follow is not None and change.kind in known:
                for object_change in follow(change.old, change.new):
                    ref = ObjectRef(_ref_kind(change.kind), change.key[0] or None, change.key[1])
                    self._add(object_change.entry(at, ref))
        if changed_endpoints and Kind.ENDPOINT_SLICE in known:
            self._add_endpoint_changes(state, changed_endpoints, at)

    def _add_endpoint_changes(
        self, state: ClusterState, changed_endpoints: Iterable[tuple[Key, Family, bool]], at: float
    ) -> None:
        families_of: dict[tuple[Key, bool], list[Family]] = {}
        for key, family, is_live in changed_endpoints:
            service = state.services.get(key)
            if service is not None and family in service.families:
                families_of.setdefault((key, is_live), []).append(family)
        for (key, is_live), families in families_of.items():
            over = " and ".join(families)
            text = f"Got its first ready {over} endpoint." if is_live else f"Lost its last ready {over} endpoint."
            entry_type = EntryType.GAINED if is_live else EntryType.LOST
            ref = ObjectRef(Kind.SERVICE.value, key[0], key[1])
            self._add(family_change(entry_type, text, LayerName.ENDPOINTS, families).entry(at, ref))

    def follow_status(self, event: StatusChanged, at: float) -> None:
        """Add a change in the health of a kind."""
        before = self._health.get(event.kind)
        if event.health is Health.LOADING or event.health is before:
            return
        self._health[event.kind] = event.health
        is_lost = event.health in _LOST
        since = self._lost.setdefault(event.kind, at) if is_lost else self._lost.pop(event.kind, None)
        if before is None or not self._is_recording:
            return
        if is_lost:
            self._add_connection_change(event.kind, _LOST[event.health], EntryType.LOST, at, reason=event.reason)
        elif since is not None:
            self._add_connection_change(event.kind, "Can be read again", EntryType.GAINED, at, lasted=at - since)
        elif event.health is Health.POLLING:
            self._add_connection_change(
                event.kind, "Polled instead of watched", EntryType.NEUTRAL, at, reason=event.reason
            )

    def follow_list(self, event: Listed, state: ClusterState, at: float) -> None:
        """Add a relist after a failed watch. Polling is left out, because it lists all the time."""
        status = state.status(event.kind)
        if self._is_recording and event.keys is not None and status.health is Health.LIVE and event.kind in RESOURCES:
            self._add_connection_change(event.kind, "Listed again", EntryType.NEUTRAL, at)

    def _add_connection_change(
        self, kind: Kind, words: str, entry_type: EntryType, at: float, *, reason: str = "", lasted: float | None = None
    ) -> None:
        name = plural_of(kind)
        for back in range(1, min(_MERGE_LOOKBACK, len(self.entries)) + 1):
            entry = self.entries[-back]
            if (
                entry.category is Category.CONNECTION
                and entry.text.startswith(words)
                and at - entry.at <= MERGE_SECONDS
            ):
                kinds = (*entry.kinds, *(() if name in entry.kinds else (name,)))
                self.entries[-back] = msgspec.structs.replace(entry, kinds=kinds)
                self.version += 1
                return
        text = f"{words} ({reason})." if reason else f"{words}."
        self._add(
            Entry(at=at, category=Category.CONNECTION, type=entry_type, text=safe(text), kinds=(name,), lasted=lasted)
        )

    def note_findings(self, old: tuple[Finding, ...], new: tuple[Finding, ...]) -> None:
        """Remember which findings a subject had and has now, until `follow_findings` compares them."""
        if self._is_recording:
            for finding in old:
                self._before.setdefault(finding.identity, finding)
            for finding in new:
                self._before.setdefault(finding.identity, None)

    def follow_findings(
        self,
        findings: FindingIndex,
        settling: Settling,
        state: ClusterState,
        at: float,
        is_evaluated: Callable[[str], bool],
    ) -> None:
        """Add the findings that appeared and disappeared.

        A settling finding has neither disappeared nor been fixed. A finding whose check can no longer be evaluated
        because its input is unreadable has disappeared but is not fixed.
        """
        before, self._before = self._before, {}
        opened = [
            now for identity, was in before.items() if was is None and (now := findings.get(identity)) is not None
        ]
        gone = [was for identity, was in before.items() if was is not None and findings.get(identity) is None]
        if settling.version != self._settling_version:
            self._settling_version = settling.version
            gone += [finding for finding, _ in self._unsettled.values() if findings.get(finding.identity) is None]
        for finding in sorted(gone, key=lambda f: f.order, reverse=True):
            since = self._opened.get(finding.identity)
            if since is not None and at - since < MIN_SECONDS_OPEN:
                self._opened.pop(finding.identity)
                self._forget(finding, EntryType.OPENED, since)
                continue
            seen_again = self._seen_again.pop(finding.identity, None)
            if seen_again is not None and at - seen_again < MIN_SECONDS_OPEN:
                self._forget(finding, EntryType.STILL, seen_again)
            pending = settling.get(finding.identity)
            if pending is not None and is_evaluated(finding.check):
                self._settle(finding, pending, at)
                continue
            self._opened.pop(finding.identity, None)
            self._unsettled.pop(finding.identity, None)
            entry_type = (
                _reason_for_closing(finding, findings, state) if is_evaluated(finding.check) else EntryType.UNREAD
            )
            if entry_type is EntryType.CLOSED and _has_lesser(finding, settling, opened):
                entry_type = EntryType.IMPROVED
            if entry_type is EntryType.IMPROVED and len(self._improved) < _IMPROVED:
                self._improved[finding.identity] = finding
            self._add_finding(
                finding, entry_type, at, at - (self._began if since is None else since), was_before=since is None
            )
        # The worst finding is added last, because the newest entry is shown first.
        for finding in sorted(opened, key=lambda f: f.order, reverse=True):
            if self._unsettled.pop(finding.identity, None) is not None:
                self._seen_again[finding.identity] = at
                self._add_finding(finding, EntryType.STILL, at)
                continue
            self._opened[finding.identity] = at
            self._add_finding(finding, EntryType.OPENED, at)
        if gone or opened or self._is_improving(settling):
            self._follow_improved(findings, settling, state, at)

    def _is_improving(self, settling: Settling) -> bool:
        """Whether an improved finding may be fixed by now."""
        version, self._improved_version = self._improved_version, settling.version
        return bool(self._improved) and version != settling.version

    def _follow_improved(self, findings: FindingIndex, settling: Settling, state: ClusterState, at: float) -> None:
        """Add which improved findings are fixed. A lesser one that was opened since then is followed instead."""
        for identity, finding in list(self._improved.items()):
            others = findings.of(finding.object)
            is_followed = any(_is_lesser(other, finding) for other in others) or findings.get(identity) is not None
            if is_followed or not _has_lesser(finding, settling):
                del self._improved[identity]
                if not is_followed and exists(state, finding.object):
                    self._add_finding(finding, EntryType.CLOSED, at)

    def _settle(self, finding: Finding, pending: Pending, at: float) -> None:
        """Add that a finding is settling. If it later settles for longer, the same entry is updated."""
        _, before = self._unsettled.get(finding.identity, (finding, None))
        self._unsettled[finding.identity] = (finding, pending)
        until = pending.until if pending.until < math.inf else None
        if before is None:
            self._add_finding(finding, EntryType.SETTLING, at, until=until, waits_for=pending.waits_for)
            return
        if (before.until, before.waits_for) == (pending.until, pending.waits_for):
            return
        for place in range(1, len(self.entries) + 1):
            entry = self.entries[-place]
            if (entry.type, entry.check, entry.ref) == (EntryType.SETTLING, finding.check, finding.object):
                self.entries[-place] = msgspec.structs.replace(entry, until=until, waits_for=pending.waits_for)
                self.version += 1
                return

    def _add_finding(
        self,
        finding: Finding,
        entry_type: EntryType,
        at: float,
        lasted: float | None = None,
        *,
        was_before: bool = False,
        until: float | None = None,
        waits_for: ObjectRef | None = None,
    ) -> None:
        self._add(
            Entry(
                at=at,
                category=Category.FINDING,
                type=entry_type,
                text=safe(finding.message.partition("\n")[0]),
                ref=finding.object,
                severity=finding.severity,
                check=finding.check,
                lasted=lasted,
                was_before=was_before,
                until=until,
                waits_for=waits_for,
            )
        )

    def _forget(self, finding: Finding, entry_type: EntryType, when: float) -> None:
        """Remove an entry about a finding."""
        for entry in reversed(self.entries):
            if (entry.at, entry.type, entry.check, entry.ref) == (when, entry_type, finding.check, finding.object):
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
    Health.REFUSED: "No longer permitted",
    Health.ABSENT: "No longer served",
}
"""The states in which a kind is no longer up to date, and the text of the entry."""


def _has_lesser(finding: Finding, settling: Settling, opened: Iterable[Finding] = ()) -> bool:
    """Whether the hop of a finding that is gone does not work completely yet.

    Another finding about it was opened, is within its grace period, or cannot be decided yet.
    """
    ref = finding.object
    others = (*(entry.finding for entry in settling.of(ref)), *(other for other in opened if other.object == ref))
    undecided = settling.undecided_checks(ref)
    return any(_is_lesser(other, finding) for other in others) or any(is_same_hop(c, finding.check) for c in undecided)


def _is_lesser(other: Finding, finding: Finding) -> bool:
    return other.family in (None, finding.family) and is_same_hop(other.check, finding.check)


def _reason_for_closing(finding: Finding, findings: FindingIndex, state: ClusterState) -> EntryType:
    """Why a finding disappeared although its check is evaluated."""
    if not exists(state, finding.object):
        return EntryType.GONE
    if any(is_replacement(other, finding) for other in findings.of(finding.object)):
        return EntryType.REPLACED
    return EntryType.CLOSED


def _known_kinds(state: ClusterState) -> frozenset[Kind]:
    return frozenset(kind for kind in Kind if state.is_known(kind))


def _ref_kind(kind: Kind) -> str:
    """The kind of the object that the entry refers to. For the listeners of a proxy, it is the Pod."""
    return Kind.POD.value if kind is Kind.PROXY_LISTENERS else kind.value
