"""Runs the checks: once for everything, then only for what a change or the passing of time can affect.

Work is done in slices, so that the screen stays responsive while 150,000 pods are evaluated. `note` records changes,
and `step` works until it should pause. `evaluate_all` does everything at once, and the tests compare both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from dsview.checks.engine.active_checks import ActiveChecks
from dsview.checks.engine.alarms import Alarms
from dsview.checks.engine.availability import can_run, may_evaluate, why_not_evaluated
from dsview.checks.engine.check import Check, run_check, to_finding
from dsview.checks.engine.context import Context
from dsview.checks.engine.due_subjects import DueSubjects
from dsview.checks.engine.finding_index import Identity, SubjectKey, object_of
from dsview.checks.engine.invalidation import affected_subjects, is_relevant_node_change, subject
from dsview.checks.engine.load_rounds import LoadRounds
from dsview.checks.engine.registry import all_checks
from dsview.checks.engine.verdicts import Verdicts
from dsview.checks.engine.watched_pods import WatchedPods
from dsview.cluster.profile import ProfileTracker
from dsview.cluster.state import Change, ClusterState
from dsview.core.finding import CLUSTER, Finding, ObjectRef
from dsview.core.text import safe
from dsview.kinds.kind import KINDS_BY_NAME, Kind

_CACHED_ENDPOINTS = 256
_POD = Kind.POD.value
_CAN_BE_UNREADY = frozenset({Kind.POD, Kind.NODE})
_BY_NODES = frozenset({Kind.SERVICE, Kind.INGRESS})
"""The kinds whose objects are evaluated again after a change of a node only if their checks read facts of nodes. Nodes,
their pods and cluster-wide checks are always evaluated again.
"""

_NO_CHECKS: Mapping[str, float] = {}

_HEALTHY_AT_ONCE = 16
"""The number of healthy pods between two readings of the clock, because a reading costs as much as one such pod."""


class Engine:
    """Keeps `findings` consistent with the state.

    A condition that is true at the first evaluation counts as past its grace period, as in a one-shot run.

    Args:
        state: The cluster.
        live: Whether grace periods are observed.
        skip: Whether the check with a code is excluded.
        judge: Applies the policy to a finding. Returns it, and whether it is shown or exempted.
    """

    def __init__(
        self,
        state: ClusterState,
        *,
        live: bool,
        skip: Callable[[str], bool] = lambda code: False,
        judge: Callable[[Finding], tuple[Finding, bool]] = lambda finding: (finding, True),
    ) -> None:
        self.state = state
        self.tracker = ProfileTracker(state)
        self._verdicts = Verdicts(state, live=live, judge=judge)
        self.findings = self._verdicts.findings
        self.exempted = self._verdicts.exempted
        self.settling = self._verdicts.settling
        self._failed: dict[SubjectKey, dict[str, str]] = {}
        self._judge = judge
        selected = [check for check in all_checks() if not skip(check.code)]
        self._checks = [check for check in selected if not check.detail_only]
        self._detail_only = [check for check in selected if check.detail_only]
        self._active = ActiveChecks(state, self.tracker, self._checks)
        reads: dict[Kind | None, frozenset[Kind]] = {
            kind: frozenset().union(*(c.reads for c in self._checks if kind in (c.subjects or (None,))))
            for kind in (None, *Kind)
        }
        self.rounds = LoadRounds(state, reads)
        self._due = DueSubjects()
        self._alarms = Alarms()
        self._pod_readers: set[SubjectKey] = set()
        self._node_readers: set[SubjectKey] = set()
        self._watched = WatchedPods()
        self._facets = dict(state.facets)
        self._allowed: dict[tuple[str, Kind, str], bool] = {}

    @property
    def failures(self) -> dict[str, str]:
        """The checks that raised an exception, by code, with the error and the object.

        A check is removed when it succeeds.
        """
        return {code: text for failures in self._failed.values() for code, text in failures.items()}

    def on_judged(self, callback: Callable[[SubjectKey, tuple[Finding, ...]], None] | None) -> None:
        """Set the function that is called when the findings of a subject, shown or exempted, change."""
        self._verdicts.on_judged = callback

    @property
    def is_idle(self) -> bool:
        """Whether nothing is due for evaluation."""
        return not self._due

    def next_due(self) -> float:
        """When time alone makes an evaluation necessary, in epoch seconds; infinite if never."""
        return min(self.rounds.next_due(), self._alarms.next)

    def note(self, changes: Iterable[Change]) -> tuple[bool, set[str]]:
        """Record changes. Returns whether they changed the profile, and the names of the nodes whose facts changed."""
        changes = list(changes)
        if self._all_wait:
            # The findings of a deleted object are removed, and a changed object that was evaluated before is evaluated
            # at once. All others are evaluated in the next round.
            self._mark(subject(change.kind, change.key) for change in changes if change.new is None)
            changed = [change for change in changes if change.new is not None and change.old is not None]
            kinds = self.rounds.released & set(self._active) if changed else ()
            for change in changed:
                if change.kind in kinds:
                    self._due.add(subject(change.kind, change.key))
        else:
            self._mark(affected_subjects(self.state, self._flagged, self._pod_readers, changes, self._is_evaluated))
            for change in changes:
                if change.kind is Kind.POD:
                    self._mark(self._watched.subjects_of(change.key))
        if len(self.settling):
            for change in changes:
                if change.kind in _CAN_BE_UNREADY:
                    self._mark_waiting_for(ObjectRef(change.kind.value, change.key[0] or None, change.key[1]))
        self._mark_cluster_wide({change.kind for change in changes})
        profile_changed, nodes = self.tracker.refresh()
        if profile_changed:
            self._on_profile_changed()
        else:
            self._mark_nodes(nodes)
            self._mark_pods_on(nodes | {change.key[1] for change in changes if is_relevant_node_change(change)})
        return profile_changed, nodes

    def _mark(self, keys: Iterable[SubjectKey]) -> None:
        for key in keys:
            if self._should_evaluate(key):
                self._due.add(key)

    def _is_evaluated(self, kind: Kind) -> bool:
        """Whether the objects of a kind are evaluated individually: a check of it can run, and no sweep is pending."""
        return kind in self._active and kind not in self.rounds

    def _mark_waiting_for(self, ref: ObjectRef) -> None:
        for key in self.settling.waiting_for(ref):
            self._mark_due(key)

    def _mark_due(self, key: SubjectKey) -> None:
        """Schedule a subject, or the cluster-wide check whose key this is."""
        if _is_object(key):
            self._due.add(key)
        else:
            code, _, _ = key
            self._due.cluster_wide.add(code)

    def _flagged(self, kind: Kind, namespace: str) -> Iterator[SubjectKey]:
        for index in (self.findings, self.exempted):
            yield from index.in_scope(kind.value, namespace)

    def _mark_cluster_wide(self, kinds: set[Kind]) -> None:
        if None in self.rounds:
            return
        facets = {facet for facet, epoch in self.state.facets.items() if epoch != self._facets[facet]}
        self._facets = dict(self.state.facets)
        for check in self._active.of(None):
            reads = check.reads if check.of_pods is None else check.reads - {Kind.POD}
            if reads & kinds or not facets.isdisjoint(check.of_pods or ()):
                self._due.cluster_wide.add(check.code)

    def refresh_profile(self) -> bool:
        """Update the profile after a change other than that of an object, such as the server's version."""
        changed, _ = self.tracker.refresh()
        if changed:
            self._on_profile_changed()
        return changed

    def _on_profile_changed(self) -> None:
        # The profile also determines which checks can be evaluated, for example through the version.
        self.note_statuses()
        self.mark_everything()

    def note_statuses(self) -> bool:
        """Record that a kind's health, or the profile, changed.

        Returns whether that changed which checks can be evaluated.
        """
        outdated = self._active.update()
        for kind in outdated:
            self.rounds.wait(kind)
        return bool(outdated)

    def _release(self, now: float) -> None:
        """Schedule the objects whose round begins."""
        for kind in self.rounds.due(now):
            if kind is None:
                self._due.cluster_wide.update(check.code for check in self._checks if not check.subjects)
            else:
                self._sweep(kind)

    def why_not_evaluated(self, check: Check) -> str | None:
        """The reason in a sentence why a check was not evaluated; None if it was."""
        return self.failures.get(check.code) or why_not_evaluated(self.state, self.tracker.profile, check)

    def _should_evaluate(self, key: SubjectKey) -> bool:
        kind_name, namespace, name = key
        kind = KINDS_BY_NAME.get(kind_name)
        if kind is None:
            return False
        if kind in self.rounds:
            # Existing objects are evaluated once the kinds that their checks read are available. The findings of
            # deleted objects are removed.
            return self._is_known(key) and (namespace, name) not in self.state.store(kind)
        # If no check of the kind can be evaluated any more, earlier findings must be removed.
        return kind in self._active or self._is_known(key)

    @property
    def _all_wait(self) -> bool:
        """Whether every kind that is or was evaluated waits for the next round."""
        return self.rounds.all_wait(self._active)

    def _is_known(self, key: SubjectKey) -> bool:
        return key in self._verdicts or key in self._watched or key in self._failed

    def mark_everything(self) -> None:
        """Schedule everything for evaluation, and remaining findings of deleted objects for removal."""
        known = (*self._verdicts.subjects(), *self._watched.by_subject, *self._failed)
        self._due.replace(key for key in known if _is_object(key))
        for kind in self._active:
            if kind is not None and kind not in self.rounds:
                self._sweep(kind)
        if None not in self.rounds:
            self._due.cluster_wide.update(check.code for check in self._active.of(None))

    def _sweep(self, kind: Kind) -> None:
        items = list(self.state.store(kind))
        self._due.sweep(kind, (subject(kind, (item.namespace, item.name)) for item in items))

    def _mark_nodes(self, nodes: set[str]) -> None:
        if nodes:
            self._mark(subject(Kind.NODE, ("", name)) for name in nodes)
            self._mark(self._node_readers)
            self._due.cluster_wide.update(check.code for check in self._active.of(None) if Kind.NODE in check.reads)

    def _mark_pods_on(self, nodes: set[str]) -> None:
        if nodes and Kind.POD in self._active:
            self._mark(subject(Kind.POD, pod.key) for pod in self.state.pods if pod.node_name in nodes)

    def step(self, now: float, may_continue: Callable[[], bool] = lambda: True) -> set[ObjectRef]:
        """Evaluate what is due while `may_continue` is true. Returns the objects whose findings changed."""
        self._release(now)
        for alarmed in self._alarms.due(now):
            self._mark_due(alarmed)
        self._allowed.clear()
        touched: set[ObjectRef] = set()
        context = Context(self.state, self.tracker, now)
        evaluated = healthy = 0
        while healthy % _HEALTHY_AT_ONCE or may_continue():
            key = self._due.next()
            if key is None:
                if not self._due.cluster_wide:
                    break
                self._evaluate_cluster_wide(self._due.cluster_wide.pop(), context, touched)
            elif self._is_healthy_pod(key, context):
                healthy += 1
                continue
            else:
                touched |= self._evaluate(key, context)
                evaluated += 1
                if evaluated % _CACHED_ENDPOINTS == 0:
                    context = Context(self.state, self.tracker, now)
            healthy = 0
        if self.is_idle and self._active and all(map(self.state.is_settled, Kind)):
            self._verdicts.is_first = False
        return touched

    def evaluate_all(self, now: float) -> None:
        """Evaluate everything at once."""
        self.tracker.refresh()
        self.note_statuses()
        self.rounds.end()
        self.mark_everything()
        self.step(now)

    def _is_healthy_pod(self, key: SubjectKey, context: Context) -> bool:
        """Whether this is a pod that has no findings and needs no evaluation."""
        kind, namespace, name = key
        if kind != _POD or key in self._verdicts or key in self._failed:
            return False
        pod = self.state.pods.get((namespace, name))
        return pod is not None and pod in context.healthy_pods

    def _evaluate(self, key: SubjectKey, context: Context) -> Set[ObjectRef]:
        kind_name, namespace, name = key
        kind = KINDS_BY_NAME[kind_name]
        item = self.state.store(kind).get((namespace, name))
        findings: list[Finding] = []
        context.due = math.inf
        context.unselected_pods.clear()
        context.has_read_pods = context.has_read_nodes = False
        self._failed.pop(key, None)
        waits: dict[str, float] = {}
        undecided: dict[str, float] = {}
        if item is not None:
            ref = object_of(key)
            for check in self._active.of(kind):
                if not check.absence_of or self._may_evaluate(check, kind, namespace):
                    due, context.due = context.due, math.inf
                    reported = list(self._run(check, item, ref, context, key))
                    findings += reported
                    if context.due < math.inf:
                        waits[check.code] = context.due
                        if not reported:
                            undecided[check.code] = context.due
                    context.due = min(due, context.due)
        if kind is Kind.SERVICE:
            _set_membership(self._pod_readers, key, is_member=context.has_read_pods)
        if kind in _BY_NODES:
            _set_membership(self._node_readers, key, is_member=context.has_read_nodes)
        if context.unselected_pods or key in self._watched:
            self._watched.watch(key, frozenset(context.unselected_pods))
        return self._record(key, findings, context, waits, undecided)

    def _may_evaluate(self, check: Check, kind: Kind, namespace: str) -> bool:
        """`may_evaluate`, computed once per step for all objects of a namespace."""
        scope = (check.code, kind, namespace)
        is_allowed = self._allowed.get(scope)
        if is_allowed is None:
            is_allowed = self._allowed[scope] = may_evaluate(self.state, check, kind, namespace)
        return is_allowed

    def _evaluate_cluster_wide(self, code: str, context: Context, touched: set[ObjectRef]) -> None:
        context.due = math.inf
        key = (code, "", "")
        self._failed.pop(key, None)
        findings: list[Finding] = []
        for check in self._active.of(None):
            if check.code == code and may_evaluate(self.state, check, None, ""):
                findings.extend(self._run(check, None, CLUSTER, context, key))
        touched |= self._record(key, findings, context, {code: context.due} if context.due < math.inf else {})

    def _run(
        self, check: Check, item: object, ref: ObjectRef, context: Context, key: SubjectKey | None = None
    ) -> Iterator[Finding]:
        """The findings of a check. An exception is recorded for the subject, if there is one."""
        try:
            problems = run_check(check, item, context)
        except Exception as error:  # noqa: BLE001  (a bug in one check must not stop the others or the screen)
            if key is not None:
                text = safe(f"{check.code} failed on {ref}: {type(error).__name__}: {error}")
                self._failed.setdefault(key, {})[check.code] = text
            return
        seen: set[Identity] = set()
        for problem in problems:
            finding = to_finding(check, problem, ref)
            if finding.identity not in seen:
                seen.add(finding.identity)
                yield finding

    def details_of(self, ref: ObjectRef, now: float) -> list[Finding]:
        """The findings of the `detail_only` checks for an object. Not stored, because no flag depends on them."""
        kind = KINDS_BY_NAME.get(ref.kind)
        item = self.state.store(kind).get((ref.namespace or "", ref.name)) if kind is not None else None
        context = Context(self.state, self.tracker, now)
        return [
            judged
            for check in self._detail_only
            if item is not None and kind in check.subjects and can_run(self.state, self.tracker.profile, check, kind)
            for judged, is_shown in map(self._judge, self._run(check, item, ref, context))
            if is_shown
        ]

    def _record(
        self,
        key: SubjectKey,
        findings: list[Finding],
        context: Context,
        waits: Mapping[str, float],
        undecided: Mapping[str, float] = _NO_CHECKS,
    ) -> Set[ObjectRef]:
        touched = self._verdicts.record(key, findings, context, waits, undecided)
        if context.due < math.inf:
            self._alarms.set(context.due, key)
        return touched


def _is_object(key: SubjectKey) -> bool:
    """Whether a subject key names an object, not a cluster-wide check."""
    kind_or_code, _, _ = key
    return kind_or_code in KINDS_BY_NAME


def _set_membership(keys: set[SubjectKey], key: SubjectKey, *, is_member: bool) -> None:
    if is_member:
        keys.add(key)
    else:
        keys.discard(key)
