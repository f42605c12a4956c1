"""Bounds what all threads of a source together hold of answers that are not whole yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import IN_FLIGHT, PASSED_OVER, WATCH_EVENT

PATIENCE = 10.0
"""Seconds that a thread waits for others to free some, after which its own answer is given up."""

FREE = 256 << 10
"""Bytes of each answer that are not counted: the usual event and the usual error cost no lock."""

_STEP = 1 << 20


class InFlight:
    """The bytes that may be held. Used by many threads."""

    def __init__(self, most: int = IN_FLIGHT, patience: float = PATIENCE) -> None:
        self._most = most
        self._patience = patience
        self._freed = threading.Condition()
        self._is_closed = False
        self.held = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """What one answer holds; it is given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            share.hold(0)

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._freed:
            self._is_closed = True
            self._freed.notify_all()

    def take(self, size: int) -> None:
        """Count bytes. Raises `RequestFailed` where others hold too many for too long."""
        with self._freed:
            has_room = self._freed.wait_for(
                lambda: self._is_closed or self.held + size <= self._most, timeout=self._patience
            )
            if self._is_closed or not has_room:
                text = f"The answers of the API server are larger than {self._most >> 20} MB together."
                raise RequestFailed(0, text)
            self.held += size

    def give(self, size: int) -> None:
        """Count bytes no longer."""
        with self._freed:
            self.held -= size
            self._freed.notify_all()


class Share:
    """What one answer holds of it. Used by one thread."""

    def __init__(self, whole: InFlight) -> None:
        self._whole = whole
        self._granted = FREE

    def hold(self, size: int) -> None:
        """Hold so many bytes from now on. Raises `RequestFailed`."""
        if size > self._granted:
            more = -(-(size - self._granted) // _STEP) * _STEP
            self._whole.take(more)
            self._granted += more
        elif size == 0 and self._granted > FREE:
            self._whole.give(self._granted - FREE)
            self._granted = FREE


class UnfinishedEvent:
    """Bounds an event of a watch that comes in pieces."""

    def __init__(self, share: Share, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._began = 0.0
        self._size = 0

    def hold(self, size: int) -> None:
        """So many bytes of it came so far; 0 at its end. Raises `RequestFailed` for too many, or too slow ones."""
        if size and not self._size:
            self._began = self._clock()
        elif size > PASSED_OVER:
            raise RequestFailed(0, f"The API server sends an event of more than {PASSED_OVER >> 20} MB.")
        elif size and self._clock() - self._began > WATCH_EVENT.seconds:
            raise RequestFailed(0, f"An event of the API server took longer than {WATCH_EVENT.seconds:g} s.")
        self._size = size
        # What is too large for an event is passed over, not held.
        self._share.hold(size if size <= WATCH_EVENT.size else 0)
