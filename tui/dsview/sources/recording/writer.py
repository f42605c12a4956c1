"""Writes a recording: a thread packs the items that a session queues, and commits them once a second."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from dsview.sources.recording.content import Frame
from dsview.sources.recording.file import Limits, RecordingFile, Written
from dsview.sources.recording.schema import READ_ERRORS, About, reason_of

COMMIT_EVERY = 1.0
"""Seconds between two commits; if the process is killed, the changes of this time are lost."""

HEARTBEAT = 10.0
"""Seconds after which it is recorded that nothing changed."""

_MAX_ITEMS_PER_COMMIT = 2_000
_MAX_QUEUED = 200_000
_CLOSE_TIMEOUT = 30.0


class RecordingWriter:
    """A file that a thread writes. `put` queues an item.

    `failure` is the reason why writing stopped, as a clause; empty while it works.

    Raises `UserError` if the file cannot be created, or is not a recording of the same source.
    """

    def __init__(
        self, path: Path, about: About, limits: Limits | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.file = RecordingFile(path, about, limits)
        self.failure = ""
        self._clock = clock
        self._last_commit = self.file.last_at
        self._queue: queue.SimpleQueue[Written | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="dsview-recorder", daemon=True)
        self._thread.start()

    def put(self, item: Written) -> None:
        """Queue an item for writing."""
        if self._queue.qsize() > _MAX_QUEUED:
            self.failure = self.failure or "the disk is too slow for the number of changes"
        if not self.failure:
            self._queue.put(item)

    def close(self) -> None:
        """Write the remaining items and close the file."""
        self._queue.put(None)
        self._thread.join(_CLOSE_TIMEOUT)

    def _run(self) -> None:
        try:
            while self._commit_batch():
                pass
        except Exception as error:  # noqa: BLE001  (the session continues, and reports why nothing is recorded)
            # Queued items are no longer written, and new ones are not accepted.
            self.failure = reason_of(error)
        finally:
            self._close_file()

    def _close_file(self) -> None:
        try:
            self.file.close()
        except READ_ERRORS as error:
            self.failure = self.failure or reason_of(error)

    def _commit_batch(self) -> bool:
        """Collect the items that arrive within a second, and commit them. Returns whether more may follow."""
        until = time.monotonic() + COMMIT_EVERY
        items: list[Written] = []
        is_open = True
        while is_open and (left := until - time.monotonic()) > 0 and len(items) < _MAX_ITEMS_PER_COMMIT:
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if item is None:
                is_open = False
            else:
                items.append(item)
                if isinstance(item, Frame):
                    break
        now = max(self._clock(), self._last_commit)
        if items or not is_open or now - self._last_commit >= HEARTBEAT:
            self._last_commit = now
            self.file.commit(items, now)
        return is_open
