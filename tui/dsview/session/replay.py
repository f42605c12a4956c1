"""Shows a recording as a session: the complete state at one time, and navigation to other times.

Nothing is evaluated again: the findings are those that the checks returned then, under the current user's policy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from dsview.analysis.cluster_view import Delta
from dsview.analysis.diff.diff import Diff, compare
from dsview.analysis.timeline_entry import Category
from dsview.checks.engine.policy import Policy
from dsview.checks.engine.registry import all_checks
from dsview.cluster.state import ClusterState
from dsview.core.errors import UserError
from dsview.kinds.encode import encode
from dsview.kinds.kind import KINDS_BY_NAME, Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.session.proxy_config_reader import ProxyConfigReader
from dsview.session.recorded_findings import RecordedEngine, RecordedTimeline
from dsview.session.recorded_text import safe_head, safe_status
from dsview.session.seeking import Seeker, Step
from dsview.session.session import Session
from dsview.session.timing_log import TimingLog
from dsview.sources.events import Quarantined, ServerInfo, Sink, SourceKind
from dsview.sources.manifest import manifest
from dsview.sources.recording.content import Head
from dsview.sources.recording.reader import RecordingReader


class RecordedSource:
    """A recording as the source that it was recorded from. It does not send anything on its own."""

    def __init__(self, reader: RecordingReader) -> None:
        self.reader = reader
        self.at = reader.last

    @property
    def kind(self) -> SourceKind:
        """The kind of the recorded source."""
        return self.reader.about.source_kind

    @property
    def name(self) -> str:
        """The name of the recorded source."""
        return self.reader.about.source_name

    @property
    def is_live(self) -> bool:
        """Whether the recorded source was live."""
        return self.reader.about.is_live

    def now(self, wall: float) -> float:
        """The displayed time."""
        return self.at

    def start(self, sink: Sink) -> None:
        """Sends nothing: the session reads the recording."""

    def stop(self) -> None:
        """Does nothing: no thread runs, and the recording stays readable."""

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Does nothing: the recording contains the configurations that were read."""

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Does nothing: the recording contains the ConfigMaps that were watched."""

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """Always raises `UserError`: the session has the objects."""
        raise UserError("The manifest is not in the recording.")


class _NoProxyConfigs(ProxyConfigReader):
    """Requests no configurations: the recording contains those that were read, and their status."""

    def follow(self, now: float) -> None:
        """Does nothing."""


class ReplaySession(Session):
    """A session that shows a recording at `position`, in epoch seconds; by default at its end.

    `seek` moves to another time. The next rounds of `drain` apply the move, in slices as usual.
    """

    def __init__(
        self,
        reader: RecordingReader,
        *,
        at: float | None = None,
        policy: Policy | None = None,
        timing_log: TimingLog | None = None,
        is_alone: bool = True,
    ) -> None:
        self._source = RecordedSource(reader)
        super().__init__(
            self._source, clock=lambda: self._source.at, policy=policy, timing_log=timing_log, is_alone=is_alone
        )
        self.reader = reader
        self.state = ClusterState(for_checks=False)
        self._recorded_engine = RecordedEngine(self.state, self._skips, self._judge)
        self._engine = self._recorded_engine
        self._recorded = RecordedTimeline(self._recorded_engine, reader)
        self.timeline = self._recorded
        self._proxy_configs = _NoProxyConfigs(self.state, self._source, self._events.put)
        self._seeker = Seeker(reader, self._events.arrived.set)
        self._must_redraw = False
        self._target = reader.last if at is None else at

    def _skips(self, code: str) -> bool:
        return self.policy.skips(code)

    @property
    def skipped(self) -> tuple[str, ...]:
        """The checks that the policy excludes, or that were excluded during the recording, by code."""
        excluded = self.reader.about.skipped
        return tuple(check.code for check in all_checks() if check.code in excluded or self.policy.skips(check.code))

    @property
    def position(self) -> float:
        """The displayed or requested time, in epoch seconds."""
        return self._target

    @property
    def is_seeking(self) -> bool:
        """Whether another time is still being read."""
        return self._seeker.is_busy

    @property
    def has_work(self) -> bool:
        """Whether another drain has something to do now or soon."""
        return self._seeker.is_busy or super().has_work

    def wait(self, seconds: float) -> None:
        """Wait until something was read, but no longer than this."""
        if self._seeker.is_reading and not super().has_work:
            self._events.arrived.wait(seconds)

    def start(self, *, waits_for_all: bool = False) -> None:
        """Read the recording at the requested time. Raises `UserError` if it cannot be read."""
        super().start(waits_for_all=waits_for_all)
        self._target = self._clamped(self._target)
        self._seeker.read_now(self._target)

    def stop(self) -> None:
        """Read no other times. The current state is kept."""
        super().stop()
        self._seeker.stop()

    def _clamped(self, when: float) -> float:
        return min(max(when, self.reader.first), self.reader.last)

    def seek(self, when: float) -> None:
        """Move to the nearest recorded time. A thread reads it; `drain` applies it."""
        self._target = self._clamped(when)
        self._seeker.request(self._target)

    def take_failure(self) -> UserError | None:
        """The reason why the requested time could not be read; returned once. The state is then unchanged."""
        failure = self._seeker.take_failure()
        if failure is not None:
            self._target = self._source.at
        return failure

    def _apply_step(self, step: Step) -> None:
        if step.pods is not None:
            self.state.replace_pods(step.pods)
        for event in step.objects:
            self._events.put(event)
        for status in step.statuses:
            self._events.put(safe_status(status))
        self._recorded_engine.receive(step.judged)
        if step.head is not None:
            self._set_head(safe_head(step.head))
        self._source.at = step.at
        if step.entries is not None:
            self._recorded.show(*step.entries)
        # Ages and other values that depend on the clock change as well.
        self._must_redraw = self._must_redraw or step.is_jump

    def _set_head(self, head: Head) -> None:
        # After the objects, because an object that arrives removes its earlier messages.
        self.state.quarantined.clear()
        for kind, identity, text in head.quarantined:
            if kind in KINDS_BY_NAME:
                self._events.put(Quarantined(KINDS_BY_NAME[kind], identity, text))
        self.state.notes[:] = head.notes
        self._recorded_engine.recorded_failures = dict(head.failures)
        self._events.put(ServerInfo(version=head.server_version, banners=head.banners))

    def drain(self, budget: float = 0.008) -> Delta:
        """Move towards the requested time, for about `budget` seconds. Returns what changed."""
        # In sequence: all Pods may be replaced at once, and queued events would belong to the earlier time.
        step = self._seeker.take() if self._events.is_empty else None
        if step is not None:
            self._apply_step(step)
        self._recorded_engine.is_paused = not self._events.is_empty
        delta = super().drain(budget)
        if self._must_redraw and not super().has_work:
            self._must_redraw = False
            self._recorded_engine.refresh_profile()
            self._seeker.release_memory()
            delta.everything = True
        return delta

    def note(self, text: str) -> None:
        """Does nothing: a recording is not modified."""

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object at that time, with the fields that dsview reads. Raises `UserError` if there is none."""
        item: Any = self.state.store(kind).get(key)
        if not isinstance(item, Object):
            raise UserError("The manifest is not available, because the object did not exist at this time.")
        return manifest(msgspec.json.encode(encode(kind, item)))

    def next_change(self) -> float | None:
        """The time of the next change."""
        return self.reader.change_after(self.position)

    def previous_change(self) -> float | None:
        """The time of the previous change."""
        return self.reader.change_before(self.position)

    def next_finding(self) -> float | None:
        """The time at which the next finding appeared or disappeared."""
        return self.reader.entry_after(self.position, Category.FINDING.value)

    def previous_finding(self) -> float | None:
        """The time at which the previous finding appeared or disappeared."""
        return self.reader.entry_before(self.position, Category.FINDING.value)


def compare_moments(path: Path, then: float, now: float, policy: Policy) -> Diff:
    """The differences between two moments of a recording. Raises `UserError` if it cannot be read.

    Reads the file again, so that it can be called in a thread while the recording is shown or written.
    """
    sessions: list[ReplaySession] = []
    try:
        for at in (then, now):
            # Another session is on the screen, and these end here: garbage collection must not exclude their objects.
            session = ReplaySession(RecordingReader(path), at=at, policy=policy, is_alone=False)
            sessions.append(session)
            session.start()
            while session.has_work:
                session.drain(1.0)
        return compare(*sessions)
    finally:
        for session in sessions:
            session.stop()
            session.reader.close()
