"""Records a session: sends the changes of each round to the writer's thread, and occasionally the complete state.

The session's thread only collects references to immutable objects, which takes microseconds per round.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from dsview import __version__
from dsview.analysis.timeline_entry import Entry
from dsview.checks.engine.finding_index import SubjectKey
from dsview.cluster.state import Change
from dsview.core.finding import Finding
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.session.session import Session
from dsview.sources.events import Item, SourceEvent, StatusChanged
from dsview.sources.recording.content import Frame, Head, Judged, Tick
from dsview.sources.recording.file import Limits, StoredEntry
from dsview.sources.recording.schema import About
from dsview.sources.recording.writer import RecordingWriter

FRAME_AFTER = 1_000
"""The minimum number of changes between two key frames. In a large cluster, there are many more."""

FRAME_SHARE = 2
"""A key frame is written after half of the objects have changed, because its cost is proportional to their number."""

FRAME_EVERY = 1_800.0
"""Seconds after which a key frame is written if anything changed."""

_RECENT = 64
"""The number of timeline entries that may still change, because later events of the same kind are merged into them."""


class Recorder:
    """Observes a session and records it into a file until `stop`.

    Nothing is written before the session has read and evaluated everything. `failure` is a sentence that says why
    recording stopped unexpectedly; it is empty otherwise. Raises `UserError` if the file cannot be written.
    """

    def __init__(self, session: Session, path: Path, limits: Limits | None = None, *, redacted: bool = False) -> None:
        self.path = path
        self._session = session
        limits = limits or Limits()
        self._frame_every = min(FRAME_EVERY, limits.age / 4) if limits.age is not None else FRAME_EVERY
        source = session.source
        about = About(
            dsview=__version__,
            source_kind=source.kind,
            source_name=source.name,
            is_live=source.is_live,
            redacted=redacted,
            skipped=session.skipped,
        )
        self._writer = RecordingWriter(path, about, limits, clock=lambda: session.now)
        self._at = self._writer.file.last_at
        self._has_frame = False
        self._frame_at = 0.0
        self._since_frame = 0
        self._objects: dict[Kind, dict[Key, Item | None]] = {}
        self._before: dict[Kind, dict[Key, Item]] = {}
        self._statuses: dict[Kind, StatusChanged] = {}
        self._judged: dict[SubjectKey, tuple[Finding, ...]] = {}
        self._head: Head | None = None
        self._head_version: tuple[object, ...] | None = None
        self._entries: dict[int, Entry] = {}
        self._entries_version = -1
        self._failure = ""
        session.observe(self)

    @property
    def failure(self) -> Safe:
        """Why recording stopped unexpectedly, in a sentence; empty while it is running."""
        return safe(f"Recording to {self.path.name} stopped: {self._failure}." if self._failure else "")

    @property
    def is_recording(self) -> bool:
        """Whether anything has been recorded yet."""
        return self._has_frame

    def stop(self) -> None:
        """Write the remaining data and close the file."""
        self._session.observe(None)
        self._record_timeline()
        self._writer.close()
        self._failure = self._failure or self._writer.failure

    def on_event(self, event: SourceEvent, changes: list[Change]) -> None:
        """Store the changes of an event until the end of the round."""
        for change in changes:
            # If only a related object changed, the object itself is the same as before.
            if change.old is not change.new:
                changed = self._objects.setdefault(change.kind, {})
                if change.old is not None and change.key not in changed:
                    self._before.setdefault(change.kind, {})[change.key] = change.old
                changed[change.key] = change.new
        if isinstance(event, StatusChanged):
            self._statuses[event.kind] = event

    def on_findings(self, subject: SubjectKey, findings: tuple[Finding, ...]) -> None:
        """Store the findings of a subject until the end of the round."""
        self._judged[subject] = findings

    def on_round_end(self, session: Session) -> None:
        """Send the changes of the round to the writer."""
        if self._writer.failure:
            self._report_failure()
            return
        if not self._has_frame:
            self._begin()
            return
        head = self._changed_head()
        if self._objects or self._statuses or self._judged or head is not None:
            self._put_tick(head)
        self._record_timeline()
        if self._is_frame_due():
            self._put_frame()

    def _is_frame_due(self) -> bool:
        if self._writer.file.needs_frame:
            return True
        if not self._since_frame:
            return False
        if self._now() - self._frame_at >= self._frame_every:
            return True
        state = self._session.state
        return self._since_frame >= max(FRAME_AFTER, sum(len(state.store(kind)) for kind in Kind) // FRAME_SHARE)

    def _report_failure(self) -> None:
        self._session.observe(None)
        self._failure = self._writer.failure
        self._session.note(self.failure)

    def _begin(self) -> None:
        self._objects, self._before, self._statuses, self._judged = {}, {}, {}, {}
        if self._session.was_settled and not self._session.has_work:
            self._put_frame()
            self._record_timeline()

    def _now(self) -> float:
        """The time of the session. If its clock was set back, this time does not decrease."""
        self._at = max(self._at, self._session.now)
        return self._at

    def _put_tick(self, head: Head | None) -> None:
        judged = [self._as_judged(subject, findings) for subject, findings in self._judged.items()]
        objects, before, statuses = self._objects, self._before, list(self._statuses.values())
        self._objects, self._before, self._statuses, self._judged = {}, {}, {}, {}
        self._since_frame += sum(map(len, objects.values()))
        self._writer.put(
            Tick(at=self._now(), objects=objects, before=before, statuses=statuses, judged=judged, head=head)
        )

    def _put_frame(self) -> None:
        state = self._session.state
        self._changed_head()
        self._writer.file.needs_frame = False
        self._writer.put(
            Frame(
                at=self._now(),
                objects={kind: list(state.store(kind)) for kind in Kind},
                statuses=[state.status(kind) for kind in Kind if kind in state.statuses],
                judged=[self._as_judged(subject, findings) for subject, findings in self._session.all_findings()],
                head=self._head or Head(),
            )
        )
        self._has_frame = True
        self._frame_at, self._since_frame = self._at, 0

    def _as_judged(self, subject: SubjectKey, findings: tuple[Finding, ...]) -> Judged:
        opened = tuple(map(self._session.timeline.opened_at, findings))
        # The reason for the exemption is determined again when the recording is opened.
        without_reasons = tuple(msgspec.structs.replace(f, exempted_for="") for f in findings)
        settling = self._session.settling
        pending = tuple(settling.of_subject(subject).values())
        return Judged(subject, without_reasons, opened, pending, dict(settling.undecided_of(subject)))

    def _changed_head(self) -> Head | None:
        """The state that does not belong to any kind, if it changed since last time."""
        state = self._session.state
        failures = self._session.failures
        version = (state.server, dict(state.quarantined), len(state.notes), failures)
        if version == self._head_version:
            return None
        self._head_version = version
        self._head = Head(
            server_version=state.server.version,
            banners=state.server.banners,
            quarantined=tuple((kind.value, identity, text) for (kind, identity), text in state.quarantined.items()),
            notes=tuple(state.notes),
            failures=failures,
        )
        return self._head

    def _record_timeline(self) -> None:
        """Send the new and changed entries, and the numbers of the withdrawn ones."""
        timeline = self._session.timeline
        if timeline.version == self._entries_version or not self._has_frame:
            return
        is_first = self._entries_version < 0
        grown = timeline.version - self._entries_version
        self._entries_version = timeline.version
        recent = timeline.last(len(timeline.entries) if is_first else grown + _RECENT)
        now = {entry.number: entry for entry in recent}
        oldest = min(now, default=0)
        for number in [n for n in self._entries if n >= oldest and n not in now]:
            self._put_entry(self._entries.pop(number), is_gone=True)
        for number in sorted(now):
            if self._entries.get(number) != now[number]:
                self._put_entry(now[number])
        self._entries = dict(sorted(now.items())[-_RECENT:])

    def _put_entry(self, entry: Entry, *, is_gone: bool = False) -> None:
        number = entry.number - 1 + self._writer.file.first_number
        content = None if is_gone else msgspec.msgpack.encode(entry)
        self._writer.put(StoredEntry(number, entry.at, entry.category.value, entry.type.value, content))
