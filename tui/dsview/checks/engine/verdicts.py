"""The state of each finding: within its grace period, exempted, shown, or currently without a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set

import msgspec

from dsview.checks.engine.context import Context
from dsview.checks.engine.finding_index import FindingIndex, Identity, SubjectKey, object_of
from dsview.checks.engine.settling import Settling, pending_if_unsettled
from dsview.cluster.state import ClusterState
from dsview.core.finding import Finding, ObjectRef, Pending

_NOTHING: frozenset[ObjectRef] = frozenset()
_NO_CHECKS: Mapping[str, float] = {}


class Verdicts:
    """The findings by subject: those that are shown in `findings`, the exempted ones, and in `settling` the others.

    `judge` applies the policy to a finding and returns whether it is shown. Grace periods apply only if `live`, and not
    while `is_first`, because those conditions were true before the session started.
    """

    def __init__(self, state: ClusterState, *, live: bool, judge: Callable[[Finding], tuple[Finding, bool]]) -> None:
        self.findings = FindingIndex()
        self.exempted = FindingIndex()
        self.settling = Settling()
        self.is_first = True
        self.on_judged: Callable[[SubjectKey, tuple[Finding, ...]], None] | None = None
        """Called when the findings, the pending findings or the undecided checks of a subject change."""
        self._state = state
        self._live = live
        self._judge = judge
        self._with_findings: set[SubjectKey] = set()
        self._first_seen: dict[SubjectKey, dict[Identity, float]] = {}

    def __contains__(self, key: SubjectKey) -> bool:
        """Whether a subject has findings, including pending ones."""
        return key in self._with_findings or key in self.settling

    def subjects(self) -> Iterable[SubjectKey]:
        """The subjects that have findings, including pending ones."""
        return (*self._with_findings, *self.settling.subjects())

    def record(
        self,
        key: SubjectKey,
        reported: list[Finding],
        context: Context,
        waits: Mapping[str, float],
        undecided: Mapping[str, float] = _NO_CHECKS,
    ) -> Set[ObjectRef]:
        """Set the findings of a subject. Returns the affected objects.

        Schedules a recheck for the end of a grace period. `waits` contains, by code, when an undecided check can
        decide, and `undecided` those of them that reported nothing.
        """
        is_postponed = self._live and self.settling.postpone(key, undecided)
        touched = self._record_findings(key, reported, context, waits)
        if is_postponed:
            touched = touched | {object_of(key)}
        if touched and self.on_judged is not None:
            self.on_judged(key, (*self.findings.of_subject(key), *self.exempted.of_subject(key)))
        return touched

    def _record_findings(
        self, key: SubjectKey, reported: list[Finding], context: Context, waits: Mapping[str, float]
    ) -> Set[ObjectRef]:
        shown: list[Finding] = []
        exempted: list[Finding] = []
        first_seen_now: dict[Identity, float] = {}
        pending: dict[Identity, Pending] = {}
        before = self._first_seen.get(key, {})
        for finding in reported:
            judged, is_shown = self._judge(finding)
            if self._live and finding.grace > 0:
                first_seen = -math.inf if self.is_first else context.now
                since = first_seen_now[finding.identity] = min(before.get(finding.identity, first_seen), context.now)
                if context.now - since < finding.grace:
                    context.recheck_at(since + finding.grace)
                    if is_shown:
                        pending[finding.identity] = Pending(finding=judged, until=since + finding.grace)
                    continue
            (shown if is_shown else exempted).append(judged)
        if self._live and (key in self._with_findings or key in self.settling):
            lost = self._no_longer_reported(key, (*shown, *exempted), pending, waits)
            # A finding that was open is not treated as new when it is reported again.
            first_seen_now.update((identity, before[identity]) for identity in lost if identity in before)
            pending.update(lost)
        if first_seen_now:
            self._first_seen[key] = first_seen_now
        else:
            self._first_seen.pop(key, None)
        touched = self.settling.replace(key, pending) if pending or key in self.settling else _NOTHING
        if not reported and key not in self._with_findings and not touched:
            return touched
        (self._with_findings.add if reported else self._with_findings.discard)(key)
        changed = self.findings.replace(key, tuple(shown)) | self.exempted.replace(key, tuple(exempted))
        return changed | touched

    def _no_longer_reported(
        self,
        key: SubjectKey,
        findings: Iterable[Finding],
        arising: Mapping[Identity, Pending],
        waits: Mapping[str, float],
    ) -> dict[Identity, Pending]:
        """The findings that are no longer reported but may not be fixed yet."""
        reported = {finding.identity for finding in findings}
        open_before = [*self.findings.of_subject(key)]
        open_before += (entry.finding for entry in self.settling.of_subject(key).values() if entry.was_open)
        lost: dict[Identity, Pending] = {}
        for finding in open_before:
            identity = finding.identity
            if identity in arising:
                lost[identity] = msgspec.structs.replace(arising[identity], was_open=True)
            elif identity not in reported:
                entry = pending_if_unsettled(self._state, finding, waits, arising)
                if entry is not None:
                    lost[identity] = entry
        return lost
