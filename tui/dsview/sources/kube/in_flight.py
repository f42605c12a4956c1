"""Limits the incomplete responses that all threads of a source hold together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import IN_FLIGHT, PASSED_OVER, WATCH_EVENT

PATIENCE = 5.0
"""Seconds that a thread waits for others to free memory before it gives up its own response."""

FREE = 256 << 10
"""Bytes of each response that are not counted: the usual event and the usual error need no lock."""

_STEP = 1 << 20


class InFlight:
    """The bytes that may be held. Thread-safe.

    If there are too many, the thread that holds most gives up at once, and the others wait for that.
    """

    def __init__(self, most: int = IN_FLIGHT) -> None:
        self._most = most
        self._freed = threading.Condition()
        self._shares: set[Share] = set()
        self._is_closed = False

    @property
    def held(self) -> int:
        """Bytes that are held and counted."""
        return sum(share.counted for share in self._shares)

    @contextmanager
    def share(self) -> Iterator[Share]:
        """The share of one response, released at the end."""
        share = Share(self)
        with self._freed:
            self._shares.add(share)
        try:
            yield share
        finally:
            with self._freed:
                self._shares.discard(share)
                self._freed.notify_all()

    def close(self) -> None:
        """End all waiting."""
        with self._freed:
            self._is_closed = True
            self._freed.notify_all()

    def count(self, share: Share, size: int) -> None:
        """Set the counted bytes of a share. Raises `RequestFailed` if the limit is exceeded."""
        with self._freed:
            if size <= share.counted:
                share.counted = size
                self._freed.notify_all()
                return

            def is_decided() -> bool:
                return self._is_closed or self._has_room(share, size) or self._is_largest(share, size)

            self._freed.wait_for(is_decided, timeout=PATIENCE)
            if self._is_closed or not self._has_room(share, size):
                text = f"The answers of the API server are larger than {self._most >> 20} MB together."
                raise TooLarge(text)
            share.counted = size

    def _has_room(self, share: Share, size: int) -> bool:
        return self.held - share.counted + size <= self._most

    def _is_largest(self, share: Share, size: int) -> bool:
        return all(other.counted <= size for other in self._shares if other is not share)


class Share:
    """The share of one response. Used by one thread; `counted` is the number of bytes known to `InFlight`."""

    def __init__(self, whole: InFlight) -> None:
        self._whole = whole
        self.counted = 0

    def hold(self, size: int) -> None:
        """Set the number of bytes held. Raises `RequestFailed`."""
        if size > self.counted + FREE:
            self._whole.count(self, -(-(size - FREE) // _STEP) * _STEP)
        elif not size and self.counted:
            self._whole.count(self, 0)


class UnfinishedEvent:
    """Limits a watch event that arrives in pieces."""

    def __init__(self, share: Share, most: int = PASSED_OVER, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._most = most
        self._clock = clock
        self._began = 0.0
        self._size = 0

    @property
    def has_begun(self) -> bool:
        """Whether the event has arrived in part."""
        return self._size > 0

    @property
    def age(self) -> float:
        """Seconds since the event began; 0 if there is none."""
        return self._clock() - self._began if self._size else 0.0

    def hold(self, size: int) -> None:
        """Set the bytes received so far; 0 at the end. Raises `RequestFailed` if they are too many or too slow."""
        if size and not self._size:
            self._began = self._clock()
        elif size > self._most:
            raise TooLarge(f"The API server sends an event of more than {self._most >> 20} MB.")
        elif size and self._clock() - self._began > WATCH_EVENT.seconds:
            raise RequestFailed(0, f"An event of the API server took longer than {WATCH_EVENT.seconds:g} s.")
        self._size = size
        # An event that is too large is skipped, not held.
        self._share.hold(size if size <= WATCH_EVENT.size else 0)
