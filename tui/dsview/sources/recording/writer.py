"""Writes a recording: a thread of its own packs what a session hands it, and commits once a second."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from dsview.sources.recording.content import Frame
from dsview.sources.recording.file import Limits, RecordingFile, Written
from dsview.sources.recording.schema import NOT_READ, About, reason_of

COMMIT_EVERY = 1.0
"""Seconds of changes that a kill may lose."""

HEARTBEAT = 10.0
"""Seconds after which the absence of changes is recorded."""

_TICKS_AT_ONCE = 2_000
_WAITING_AT_MOST = 200_000
_WAIT_AT_END = 30.0


class RecordingWriter:
    """A file that a thread writes. `put` hands it what is to be written.

    `failure` says in a sentence why nothing is written any more; empty while all is well.

    Raises `UserError` where the file cannot be made, or is another thing than a recording of the same source.
    """

    def __init__(
        self, path: Path, about: About, limits: Limits | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.file = RecordingFile(path, about, limits)
        self.failure = ""
        self._clock = clock
        self._seen = self.file.last_at
        self._queue: queue.SimpleQueue[Written | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="dsview-recorder", daemon=True)
        self._thread.start()

    def put(self, item: Written) -> None:
        """Queue an item for writing."""
        if self._queue.qsize() > _WAITING_AT_MOST:
            self.failure = self.failure or "the disk is too slow for what changes"
        if not self.failure:
            self._queue.put(item)

    def close(self) -> None:
        """Write the remaining items and close the file."""
        self._queue.put(None)
        self._thread.join(_WAIT_AT_END)

    def _run(self) -> None:
        try:
            while self._work():
                pass
        except Exception as error:  # noqa: BLE001  (whatever it is, the session goes on and says why nothing is recorded)
            # Items that wait are no longer written, and new ones are not accepted.
            self.failure = reason_of(error)
        finally:
            self._shut()

    def _shut(self) -> None:
        try:
            self.file.close()
        except NOT_READ as error:
            self.failure = self.failure or reason_of(error)

    def _work(self) -> bool:
        """Read the items that arrive within a second, and commit them. Returns whether there may be more."""
        until = time.monotonic() + COMMIT_EVERY
        taken: list[Written] = []
        goes_on = True
        while goes_on and (left := until - time.monotonic()) > 0 and len(taken) < _TICKS_AT_ONCE:
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if item is None:
                goes_on = False
            else:
                taken.append(item)
                if isinstance(item, Frame):
                    break
        now = max(self._clock(), self._seen)
        if taken or not goes_on or now - self._seen >= HEARTBEAT:
            self._seen = now
            self.file.commit(taken, now)
        return goes_on
