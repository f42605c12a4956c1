"""A session: one source with its state and its findings, which `drain` updates in small slices."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Protocol

from dsview.analysis.cluster_view import Delta
from dsview.analysis.timeline import Timeline
from dsview.checks.engine.availability import NotEvaluated
from dsview.checks.engine.engine import Engine
from dsview.checks.engine.finding_index import FindingIndex, SubjectKey
from dsview.checks.engine.policy import Policy
from dsview.checks.engine.registry import all_checks, registry
from dsview.checks.engine.settling import Settling
from dsview.cluster.node_facts import NodeFacts
from dsview.cluster.profile import Profile
from dsview.cluster.state import Change, ClusterState
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.kinds.kind import KINDS_BY_NAME, Kind
from dsview.kinds.metadata import Key, Object
from dsview.session.event_queue import EventQueue
from dsview.session.proxy_config_reader import ProxyConfigReader
from dsview.session.timing_log import TimingLog
from dsview.sources.events import (
    Changed,
    CountsRequests,
    Health,
    Listed,
    Progress,
    Source,
    SourceEvent,
    StatusChanged,
    Traffic,
)

_log = logging.getLogger(__name__)

EVALUATION_TIMEOUT = 30.0
"""The time limit in seconds for evaluating what was read, after `give_up`."""


class Observer(Protocol):
    """Is notified by a session, on its thread, of processed events, of findings, and of the end of each round."""

    def on_event(self, event: SourceEvent, changes: list[Change]) -> None:
        """Called after an event was processed, with its changes."""

    def on_findings(self, subject: SubjectKey, findings: tuple[Finding, ...]) -> None:
        """Called when the findings of a subject, shown or exempted, or its pending findings have changed."""

    def on_round_end(self, session: Session) -> None:
        """Called at the end of a round."""


class Session:
    """Owns a source. `drain` is called on one thread: by a screen every tenth of a second, by a command in a loop.

    `is_alone`: no other session is open, so this one controls garbage collection in the process.
    """

    def __init__(
        self,
        source: Source,
        *,
        clock: Callable[[], float] = time.time,
        policy: Policy | None = None,
        timing_log: TimingLog | None = None,
        is_alone: bool = True,
    ) -> None:
        self.source = source
        self._is_alone = is_alone
        self.policy = policy or Policy()
        self.state = ClusterState()
        self._clock = clock
        self._timing_log = timing_log
        self.timeline = Timeline()
        self._events = EventQueue()
        self._engine = Engine(self.state, live=source.is_live, skip=self.policy.skips, judge=self._judge)
        self._engine.findings.watch = self.timeline.note_findings
        self._proxy_configs = ProxyConfigReader(self.state, source, self._events.put)
        self._seen: set[Kind] = set()
        self._check_seconds = 0.0
        self._was_settled = False
        self._observer: Observer | None = None
        self.replaces_session = False
        """Whether this session replaces an earlier one, whose frozen objects must be collected."""

    @property
    def findings(self) -> FindingIndex:
        """The shown findings: those that are past their grace period and not exempted."""
        return self._engine.findings

    @property
    def settling(self) -> Settling:
        """The findings that currently have no verdict."""
        return self._engine.settling

    @property
    def failures(self) -> dict[str, str]:
        """The checks that raised an exception, by code, with the object that caused it."""
        return self._engine.failures

    def observe(self, observer: Observer | None) -> None:
        """Set the observer that follows the session from now on, or None."""
        self._observer = observer
        self._engine.on_judged(observer.on_findings if observer is not None else None)

    def all_findings(self) -> Iterator[tuple[SubjectKey, tuple[Finding, ...]]]:
        """The findings of every subject that has any, shown or exempted, or that has a pending one."""
        indexes = (self._engine.findings, self._engine.exempted)
        subjects = chain(*(index.subjects() for index in indexes), self.settling.subjects())
        for subject in dict.fromkeys(subjects):
            yield subject, tuple(finding for index in indexes for finding in index.of_subject(subject))

    @property
    def exempted_findings(self) -> list[Finding]:
        """The findings that the policy or an annotation exempts, in report order."""
        return self._engine.exempted.sorted()

    @property
    def exempted(self) -> int:
        """The number of exempted findings."""
        return len(self._engine.exempted)

    @property
    def profile(self) -> Profile:
        """The inferred profile of the cluster."""
        return self._engine.tracker.profile

    @property
    def nodes(self) -> dict[str, NodeFacts]:
        """The families of each node, by name."""
        return self._engine.tracker.nodes

    @property
    def traffic(self) -> Mapping[Kind | None, Traffic]:
        """The requests to the server so far, by kind; empty for a source without a server."""
        return self.source.traffic() if isinstance(self.source, CountsRequests) else {}

    @property
    def now(self) -> float:
        """The time at which checks are evaluated, in epoch seconds."""
        return self.source.now(self._clock())

    @property
    def time_shown(self) -> float:
        """The reference time for ages on a screen, in epoch seconds: now, or the displayed time of a recording."""
        return self._clock()

    def start(self, *, waits_for_all: bool = False) -> None:
        """Start the source. Raises `UserError` if a user must fix something first.

        `waits_for_all`: evaluate nothing before everything was read, because nothing is shown before `is_settled`.
        """
        self._engine.rounds.waits_for_all = waits_for_all
        if self._is_alone:
            # Arriving objects are not garbage, and each collection would scan all of them (100-300 ms).
            gc.disable()
        self.source.start(self._events.put)

    def stop(self) -> None:
        """Stop the source. The state is kept."""
        self.source.stop()
        if self._is_alone:
            gc.enable()

    def wait(self, seconds: float) -> None:
        """Wait until an event arrives or a check is due, but no longer than this. For commands; screens use a timer."""
        if not self.has_work:
            self._events.arrived.wait(max(0.0, min(seconds, self._engine.next_due() - self.now)))

    @property
    def has_work(self) -> bool:
        """Whether another drain has something to do now."""
        return not (self._events.is_empty and self._engine.is_idle)

    @property
    def is_settled(self) -> bool:
        """Whether every kind is known, or known to be unavailable, and everything was evaluated."""
        return not self.has_work and not self._proxy_configs.is_waiting and all(map(self.state.is_settled, Kind))

    @property
    def was_settled(self) -> bool:
        """Whether `is_settled` was true once. All later changes are changes of the cluster."""
        return self._was_settled

    def drain(self, budget: float = 0.008) -> Delta:
        """Process what arrived and evaluate the results, for about `budget` seconds. Returns what changed."""
        started = time.perf_counter()
        delta = Delta()
        self._events.arrived.clear()
        unreadable = len(self.state.quarantined)
        concerns_checks = False
        while (event := self._events.take()) is not None:
            changes = self.state.apply(event)
            delta.changes += changes
            if self._observer is not None:
                self._observer.on_event(event, changes)
            if not isinstance(event, Changed):
                delta.statuses = True
                concerns_checks = concerns_checks or not isinstance(event, Progress)
            elif event.kind is Kind.PROXY_LISTENERS:
                self._proxy_configs.on_response((item.key for item in event.upserts), self._clock())
            if isinstance(event, StatusChanged):
                _log.info("%s: %s %s", event.kind, event.health, event.reason)
                self._log_status(event)
                self.timeline.follow_status(event, self._clock())
            elif isinstance(event, Listed):
                self.timeline.follow_list(event, self.state, self._clock())
            # Events get half of the time, so that a flood of events cannot starve the checks.
            if time.perf_counter() - started > budget / 2:
                break
        # There is no event for an object that can be read again, but the number of unreadable ones changes.
        concerns_checks = concerns_checks or len(self.state.quarantined) != unreadable
        delta.statuses = delta.statuses or concerns_checks
        self._proxy_configs.follow(self._clock())
        self.timeline.follow(self.state, delta.changes, self._clock())
        if delta.changes:
            delta.profile, delta.nodes = self._engine.note(delta.changes)
            if self._timing_log is not None:
                self._log_first_rows(delta.changes)
        if concerns_checks:
            self._engine.note_statuses()
            delta.profile = delta.profile or self._engine.refresh_profile()
        checking = time.perf_counter()
        delta.findings = self._engine.step(self.now, lambda: time.perf_counter() - started < budget)
        self._check_seconds += time.perf_counter() - checking
        self.timeline.follow_findings(self.findings, self.settling, self.state, self._clock(), self._is_evaluated)
        delta.everything = delta.profile
        self._check_settled()
        if self._observer is not None:
            self._observer.on_round_end(self)
        return delta

    def _is_evaluated(self, code: str) -> bool:
        return self._engine.why_not_evaluated(registry()[code]) is None

    def _check_settled(self) -> None:
        if not self._was_settled and self.is_settled:
            self._was_settled = True
            self.timeline.begin(self.state, self._clock(), self.counts())
            if self._is_alone:
                self._resume_garbage_collection()
            if self._timing_log is not None:
                self._timing_log.all_synced()

    def _resume_garbage_collection(self) -> None:
        """Exclude the existing objects from garbage collection, and enable it again.

        Loaded objects are not garbage, and scanning them would block the screen when loading has finished.
        """
        if self.replaces_session:
            gc.unfreeze()
            gc.collect()
        gc.freeze()
        gc.enable()

    def _log_first_rows(self, changes: list[Change]) -> None:
        for kind in {change.kind for change in changes} - self._seen:
            self._seen.add(kind)
            if self._timing_log is not None:
                self._timing_log.first_rows(kind.value)

    def _log_status(self, event: StatusChanged) -> None:
        if self._timing_log is not None and event.health.is_complete:
            self._timing_log.synced(event.kind.value, len(self.state.store(event.kind)), self._check_seconds)

    def _judge(self, finding: Finding) -> tuple[Finding, bool]:
        """The finding after the policy was applied, and whether it is shown."""
        ref = finding.object
        kind = KINDS_BY_NAME.get(ref.kind)
        item = self.state.store(kind).get((ref.namespace or "", ref.name)) if kind is not None else None
        if not isinstance(item, Object):
            return self.policy.judge(finding, {}, "")
        return self.policy.judge(finding, item.labels, item.ignore)

    def give_up(self, reason: str) -> list[Kind]:
        """Report the kinds that are still loading as failed, evaluate the rest, and return these kinds.

        The source must be stopped first.
        """
        waiting = [kind for kind in Kind if not self.state.is_settled(kind)]
        for kind in waiting:
            why = " ".join(filter(None, (reason, self.state.status(kind).reason)))
            self._events.put(StatusChanged(kind=kind, health=Health.FAILED, reason=why, since=self._clock()))
        deadline = time.monotonic() + EVALUATION_TIMEOUT
        while self.has_work and time.monotonic() < deadline:
            self.drain(0.05)
        return waiting

    def note(self, text: str) -> None:
        """Add a sentence about the session itself to the timeline."""
        self.timeline.note(self._clock(), text)

    def findings_of(self, kind: str, namespace: str, name: str) -> tuple[Finding, ...]:
        """The shown findings about an object, worst first."""
        return self.findings.of(ObjectRef(kind, namespace or None, name))

    def details_of(self, kind: str, namespace: str, name: str) -> tuple[Finding, ...]:
        """The results of checks that only the detail view of an object shows. They appear in no flag and no report."""
        return tuple(self._engine.details_of(ObjectRef(kind, namespace or None, name), self.now))

    def root_of(self, finding: Finding) -> Finding | None:
        """The finding under which this one is folded, or None."""
        return self.findings.root(finding)

    def counts(self) -> dict[Severity, int]:
        """The number of shown findings of each severity, including folded ones."""
        return self.findings.counts

    @cached_property
    def skipped(self) -> tuple[str, ...]:
        """The checks that the policy excludes, by code."""
        return tuple(check.code for check in all_checks() if self.policy.skips(check.code))

    def not_evaluated(self) -> list[NotEvaluated]:
        """The checks that could not be evaluated, by code."""
        reasons = (
            (check.code, self._engine.why_not_evaluated(check))
            for check in all_checks()
            if check.code not in self.skipped
        )
        return [NotEvaluated(code, reason) for code, reason in reasons if reason is not None]

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object as YAML, read again, which may take a while. Raises `UserError` if it is not available."""
        return self.source.read_manifest(kind, key)
