"""The checks that can be evaluated with what was read so far, by the kind of their subjects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsview.checks.engine.availability import can_run
from dsview.checks.engine.check import Check
from dsview.cluster.completeness import unreadable
from dsview.cluster.profile import ProfileTracker
from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind


class ActiveChecks:
    """The active checks, determined by `update`. None stands for the kind of cluster-wide checks.

    Iterating yields the kinds with an active check.
    """

    def __init__(self, state: ClusterState, tracker: ProfileTracker, checks: Sequence[Check]) -> None:
        self._state = state
        self._tracker = tracker
        self._checks = checks
        self._by_kind: dict[Kind | None, list[Check]] = {}
        self._completeness: dict[Kind, tuple[object, ...]] = {}

    def __iter__(self) -> Iterator[Kind | None]:
        return iter(self._by_kind)

    def __contains__(self, kind: Kind | None) -> bool:
        return kind in self._by_kind

    def __bool__(self) -> bool:
        return bool(self._by_kind)

    def of(self, kind: Kind | None) -> Sequence[Check]:
        """The active checks of the objects of a kind."""
        return self._by_kind.get(kind, ())

    def update(self) -> set[Kind | None]:
        """Determine the active checks. Returns the kinds whose objects must be evaluated again.

        These are the kinds whose active checks changed, and those with a check that reads a kind whose completeness
        changed: the check ran while that kind was unread or read only partly.
        """
        completeness = {kind: self._completeness_of(kind) for kind in Kind}
        changed_kinds = {kind for kind in Kind if completeness[kind] != self._completeness.get(kind)}
        by_kind: dict[Kind | None, list[Check]] = {}
        outdated: set[Kind | None] = set()
        for check in self._checks:
            for kind in check.subjects or (None,):
                if can_run(self._state, self._tracker.profile, check, kind):
                    by_kind.setdefault(kind, []).append(check)
                    if not changed_kinds.isdisjoint(check.reads):
                        outdated.add(kind)
        outdated |= {kind for kind in {*by_kind, *self._by_kind} if by_kind.get(kind) != self._by_kind.get(kind)}
        self._by_kind = by_kind
        self._completeness = completeness
        return outdated

    def _completeness_of(self, kind: Kind) -> tuple[object, ...]:
        """How completely a kind was read. For ConfigMaps, which are read by name, the reason says which are missing."""
        status = self._state.status(kind)
        reason = status.reason if kind is Kind.CONFIG_MAP else ""
        unread = tuple(unreadable(self._state, kind))
        return (self._state.is_known(kind), status.namespaces, status.cut_off, status.listed, reason, unread)
