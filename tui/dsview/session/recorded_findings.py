"""The findings and the timeline of a recording, which replace those of a live session."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

import msgspec

from dsview.analysis.timeline import Timeline
from dsview.analysis.timeline_entry import Category, Entry
from dsview.checks.engine.engine import Engine
from dsview.checks.engine.finding_index import FindingIndex, Identity, SubjectKey, object_of
from dsview.checks.engine.registry import registry
from dsview.checks.engine.settling import Settling
from dsview.cluster.state import Change, ClusterState
from dsview.core.finding import Finding, ObjectRef, Pending, Severity
from dsview.session.recorded_text import read_entries, safe_finding
from dsview.sources.events import StatusChanged
from dsview.sources.recording.content import Judged
from dsview.sources.recording.reader import RecordingReader
from dsview.sources.recording.schema import is_time

FAMILY_ENTRIES = 20_000
"""The maximum number of family gains and losses from which the chart of a whole recording is drawn."""


class RecordedEngine(Engine):
    """An engine that receives findings instead of running checks. `opened` contains the time of their first sight."""

    def __init__(
        self, state: ClusterState, skip: Callable[[str], bool], judge: Callable[..., tuple[Finding, bool]]
    ) -> None:
        super().__init__(state, live=False, skip=skip, judge=judge)
        self.opened: dict[Identity, float | None] = {}
        self.recorded_failures: dict[str, str] = {}
        self.is_paused = False
        """Whether received findings wait, because applying the policy to a finding requires its object."""
        self._skips = skip
        self._queue: dict[SubjectKey, Judged] = {}

    @property
    def failures(self) -> dict[str, str]:
        """The checks that raised during the recording, by code."""
        return self.recorded_failures

    def note(self, changes: Iterable[Change]) -> tuple[bool, set[str]]:
        """Update the profile and the nodes' facts; no checks run."""
        return self.tracker.refresh()

    def note_statuses(self) -> bool:
        """Does nothing."""
        return False

    def refresh_profile(self) -> bool:
        """Update the profile after a change other than that of an object."""
        changed, _ = self.tracker.refresh()
        return changed

    def next_due(self) -> float:
        """Always infinite: only `seek` changes the time."""
        return math.inf

    @property
    def is_idle(self) -> bool:
        """Whether all received findings were processed."""
        return not self._queue

    def receive(self, judged: Iterable[Judged]) -> None:
        """Receive the findings of these subjects."""
        self._queue.update((entry.subject, entry) for entry in judged)

    def step(self, now: float, may_continue: Callable[[], bool] = lambda: True) -> set[ObjectRef]:
        """Process the received findings while `may_continue` is true. Returns the objects whose findings changed."""
        touched: set[ObjectRef] = set()
        while self._queue and not self.is_paused and may_continue():
            subject, entry = self._queue.popitem()
            touched |= self._apply(subject, entry)
        return touched

    def _apply(self, subject: SubjectKey, entry: Judged) -> set[ObjectRef]:
        shown: list[Finding] = []
        exempted: list[Finding] = []
        for index in (self.findings, self.exempted):
            for gone in index.of_subject(subject):
                self.opened.pop(gone.identity, None)
        for finding, opened in zip_longest(entry.findings, entry.opened[: len(entry.findings)]):
            if not self._has(finding.check):
                continue
            judged, is_shown = self._judge(safe_finding(finding))
            (shown if is_shown else exempted).append(judged)
            self.opened[judged.identity] = opened if is_time(opened) else None
        pending: dict[Identity, Pending] = {
            pending_entry.finding.identity: pending_entry
            for pending_entry in entry.pending
            if self._may_show(pending_entry.finding)
        }
        touched = self.settling.replace(subject, pending)
        undecided = {code: at for code, at in entry.undecided.items() if is_time(at) and self._has(code)}
        if self.settling.postpone(subject, undecided):
            touched = touched | {object_of(subject)}
        return touched | self.findings.replace(subject, tuple(shown)) | self.exempted.replace(subject, tuple(exempted))

    def _may_show(self, finding: Finding) -> bool:
        """Whether this version has the check, the policy includes it, and the policy shows the finding."""
        if not self._has(finding.check):
            return False
        _, is_shown = self._judge(finding)
        return is_shown

    def _has(self, code: str) -> bool:
        """Whether the policy includes a check. One that this version does not have has neither a name nor a page."""
        return code in registry() and not self._skips(code)


class RecordedTimeline(Timeline):
    """The entries that were recorded. Changes due to a seek are not added."""

    def __init__(self, engine: RecordedEngine, reader: RecordingReader) -> None:
        super().__init__()
        self._engine = engine
        self._reader = reader
        self._family_entries: list[Entry] = []
        self._family_entries_until = 0.0

    def family_entries(self) -> list[Entry]:
        """The entries of the whole recording, or the newest ones if there are very many.

        Raises `UserError` if one of them cannot be read.
        """
        last = self._reader.last
        if self._family_entries_until != last:
            self._family_entries = read_entries(self._reader.entries_of(Category.FAMILY.value, FAMILY_ENTRIES))
            self._family_entries_until = last
        return self._family_entries

    def span(self, now: float) -> tuple[float, float]:
        """The time range of the whole recording."""
        return (self._reader.first, self._reader.last)

    def opened_at(self, finding: Finding) -> float | None:
        """When the recorded session first saw the finding open."""
        return self._engine.opened.get(finding.identity)

    def show(self, entries: Sequence[Entry], total: int) -> None:
        """Show these entries, the last of `total`."""
        self.entries.clear()
        for number, entry in enumerate(entries, total - len(entries) + 1):
            self.entries.append(msgspec.structs.replace(entry, number=number))
        self.dropped = total - len(self.entries)
        self.version += 1

    def begin(self, state: ClusterState, at: float, counts: dict[Severity, int]) -> None:
        """Does nothing: the timeline began with the recording."""

    def follow(self, state: ClusterState, changes: Iterable[Change], at: float) -> None:
        """Does nothing."""
        state.family_counts.take_changed_endpoints()

    def follow_status(self, event: StatusChanged, at: float) -> None:
        """Does nothing."""

    def note_findings(self, old: tuple[Finding, ...], new: tuple[Finding, ...]) -> None:
        """Does nothing."""

    def follow_findings(
        self,
        findings: FindingIndex,
        settling: Settling,
        state: ClusterState,
        at: float,
        is_evaluated: Callable[[str], bool],
    ) -> None:
        """Does nothing."""
