"""Findings without a verdict yet, by the subject whose checks reported them, and undecided subjects.

A new condition must last for its grace period. A finding that is no longer reported may be fixed, or its objects may
still be changing: a pod has just become ready, or is not ready. Until then there is no verdict. A subject is undecided
while a check waits for a time before it can decide, because the subject is too new or a rollout is in progress.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dsview.checks.engine.check import Harm, LayerName
from dsview.checks.engine.finding_index import Identity, SubjectKey, object_of
from dsview.checks.engine.registry import registry
from dsview.cluster.state import ClusterState
from dsview.core.finding import Finding, ObjectRef, Pending
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod

_POD = Kind.POD.value
_NODE = Kind.NODE.value

_BY_READINESS = frozenset({LayerName.ENDPOINTS, LayerName.LISTENERS})
"""The layers whose checks skip pods that are not ready."""


_NO_CHECKS: Mapping[str, float] = {}


class Settling:
    """The pending findings and the undecided subjects. `version` grows with each change."""

    def __init__(self) -> None:
        self.version = 0
        self._by_subject: dict[SubjectKey, dict[Identity, Pending]] = {}
        self._by_identity: dict[Identity, Pending] = {}
        self._by_object: dict[ObjectRef, dict[Identity, Pending]] = {}
        self._waiting: dict[ObjectRef, set[SubjectKey]] = {}
        self._undecided: dict[SubjectKey, Mapping[str, float]] = {}

    def __len__(self) -> int:
        return len(self._by_identity)

    def __iter__(self) -> Iterator[Pending]:
        return iter(self._by_identity.values())

    def __contains__(self, subject: SubjectKey) -> bool:
        return subject in self._by_subject or subject in self._undecided

    def subjects(self) -> tuple[SubjectKey, ...]:
        """The subjects with pending findings, and those that are undecided."""
        return tuple(self._by_subject.keys() | self._undecided.keys())

    def undecided_until(self, ref: ObjectRef) -> float | None:
        """When the last undecided check of an object can decide, epoch seconds; None if all have decided."""
        checks = self.undecided_checks(ref)
        return max(checks.values()) if checks else None

    def undecided_checks(self, ref: ObjectRef) -> Mapping[str, float]:
        """The undecided checks of an object, by code, and when they can decide, epoch seconds."""
        return self.undecided_of((ref.kind, ref.namespace or "", ref.name))

    def undecided_of(self, subject: SubjectKey) -> Mapping[str, float]:
        """The undecided checks of a subject, by code, and when they can decide, epoch seconds."""
        return self._undecided.get(subject, _NO_CHECKS)

    def undecided(self, kind: str) -> dict[ObjectRef, float]:
        """The undecided objects of a kind, and when their last check can decide, epoch seconds."""
        of_kind = ((key, checks) for key, checks in self._undecided.items() if key[0] == kind)
        return {object_of(key): max(checks.values()) for key, checks in of_kind}

    def postpone(self, subject: SubjectKey, checks: Mapping[str, float]) -> bool:
        """Set the undecided checks of a subject, and when they can decide. Returns whether that changed."""
        if self._undecided.get(subject, _NO_CHECKS) == checks:
            return False
        self.version += 1
        if checks:
            self._undecided[subject] = checks
        else:
            del self._undecided[subject]
        return True

    def of_subject(self, subject: SubjectKey) -> Mapping[Identity, Pending]:
        """The pending findings of a subject."""
        return self._by_subject.get(subject, {})

    def of(self, ref: ObjectRef) -> tuple[Pending, ...]:
        """The pending findings about an object, worst first."""
        pending = self._by_object.get(ref)
        return tuple(sorted(pending.values(), key=lambda entry: entry.finding.order)) if pending else ()

    def get(self, identity: Identity) -> Pending | None:
        """The finding with an identity, if it is pending."""
        return self._by_identity.get(identity)

    def waiting_for(self, ref: ObjectRef) -> set[SubjectKey]:
        """The subjects with findings that wait until an object becomes ready or is deleted."""
        return self._waiting.get(ref, set())

    def replace(self, subject: SubjectKey, pending: dict[Identity, Pending]) -> set[ObjectRef]:
        """Replace the pending findings of a subject. Returns the affected objects."""
        old = self._by_subject.get(subject, {})
        if old == pending:
            return set()
        self.version += 1
        for identity, entry in old.items():
            self._by_identity.pop(identity, None)
            of_object = self._by_object.get(entry.finding.object, {})
            of_object.pop(identity, None)
            if not of_object:
                self._by_object.pop(entry.finding.object, None)
            if entry.waits_for is not None:
                self._stop_waiting(entry.waits_for, subject)
        for identity, entry in pending.items():
            self._by_identity[identity] = entry
            self._by_object.setdefault(entry.finding.object, {})[identity] = entry
            if entry.waits_for is not None:
                self._waiting.setdefault(entry.waits_for, set()).add(subject)
        if pending:
            self._by_subject[subject] = pending
        else:
            self._by_subject.pop(subject, None)
        return {entry.finding.object for entry in (*old.values(), *pending.values())}

    def _stop_waiting(self, ref: ObjectRef, subject: SubjectKey) -> None:
        subjects = self._waiting.get(ref, set())
        subjects.discard(subject)
        if not subjects:
            self._waiting.pop(ref, None)


def pending_if_unsettled(
    state: ClusterState, finding: Finding, waits: Mapping[str, float], arising: Mapping[Identity, Pending]
) -> Pending | None:
    """The pending state of a finding that is no longer reported; None if it is fixed or its object was deleted.

    Args:
        state: The cluster.
        finding: The finding.
        waits: By code, when an undecided check of the subject can decide, epoch seconds.
        arising: The findings of the subject within their grace period. One with the same effect replaces the finding,
            which therefore is not fixed.
    """
    if not exists(state, finding.object):
        return None
    until = waits.get(finding.check)
    if until is None:
        until = min((entry.until for entry in arising.values() if is_replacement(entry.finding, finding)), default=None)
    if until is not None:
        return Pending(finding=finding, until=until, was_open=True)
    if registry()[finding.check].layer in _BY_READINESS or finding.object.kind == _NODE:
        for ref in (finding.object, *finding.related):
            if _is_unready(state, ref):
                return Pending(finding=finding, waits_for=ref, was_open=True)
    return None


def is_replacement(new: Finding, old: Finding) -> bool:
    """Whether a finding is about the same hop of the same object as an old one and does at least as much harm."""
    if new.identity == old.identity or new.object != old.object:
        return False
    after, before = registry()[new.check], registry()[old.check]
    if after.hop is None or after.hop is not before.hop or new.family not in (None, old.family):
        return False
    return after.harm is Harm.WHOLE or after.harm is before.harm


def is_same_hop(check: str, other: str) -> bool:
    """Whether two different checks, by code, are about the same hop."""
    hop = registry()[check].hop
    return check != other and hop is not None and registry()[other].hop is hop


def exists(state: ClusterState, ref: ObjectRef) -> bool:
    """Whether an object exists and is not terminating. Objects of kinds that are not read are assumed to exist."""
    kind = _KINDS.get(ref.kind)
    if kind is None:
        return True
    item = state.store(kind).get((ref.namespace or "", ref.name))
    return item is not None and not (isinstance(item, Pod) and item.deleted)


def _is_unready(state: ClusterState, ref: ObjectRef) -> bool:
    """Whether a Node, or a Pod that is not terminating, is not ready."""
    if ref.kind == _NODE:
        node = state.nodes.get(("", ref.name))
        return node is not None and not node.ready
    pod = state.pods.get((ref.namespace or "", ref.name)) if ref.kind == _POD else None
    return pod is not None and not pod.ready and not pod.deleted and pod.phase in _ACTIVE_PHASES


_ACTIVE_PHASES = frozenset({"Pending", "Running"})
_KINDS = {kind.value: kind for kind in Kind if kind is not Kind.PROXY_LISTENERS}
