"""Limits the memory for incomplete responses in all threads of a source together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import IN_FLIGHT, MAX_SKIPPED_EVENT, WATCH_EVENT

WAIT_TIMEOUT = 5.0
"""Seconds for which a thread waits for others to free memory before its own request fails."""

UNCOUNTED = 256 << 10
"""Bytes of each response that are not counted, so that ordinary events and errors need no lock."""

_STEP = 1 << 20


class InFlightLimit:
    """A limit on the total size of incomplete responses. Thread-safe.

    If it is exceeded, the request with the largest response fails at once, and the others wait for its memory.
    """

    def __init__(self, limit: int = IN_FLIGHT) -> None:
        self._limit = limit
        self._freed = threading.Condition()
        self._reservations: set[Reservation] = set()
        self._is_closed = False

    @property
    def total(self) -> int:
        """The number of counted bytes."""
        return sum(reservation.counted for reservation in self._reservations)

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """The reservation of one response, released at the end."""
        reservation = Reservation(self)
        with self._freed:
            self._reservations.add(reservation)
        try:
            yield reservation
        finally:
            with self._freed:
                self._reservations.discard(reservation)
                self._freed.notify_all()

    def close(self) -> None:
        """End all waiting."""
        with self._freed:
            self._is_closed = True
            self._freed.notify_all()

    def resize(self, reservation: Reservation, size: int) -> None:
        """Set the counted bytes of a reservation. Raises `RequestFailed` if the limit is exceeded."""
        with self._freed:
            if size <= reservation.counted:
                reservation.counted = size
                self._freed.notify_all()
                return

            def is_decided() -> bool:
                return self._is_closed or self._has_room(reservation, size) or self._is_largest(reservation, size)

            self._freed.wait_for(is_decided, timeout=WAIT_TIMEOUT)
            if self._is_closed or not self._has_room(reservation, size):
                raise TooLarge(f"The responses of the API server together are larger than {self._limit >> 20} MB.")
            reservation.counted = size

    def _has_room(self, reservation: Reservation, size: int) -> bool:
        return self.total - reservation.counted + size <= self._limit

    def _is_largest(self, reservation: Reservation, size: int) -> bool:
        return all(other.counted <= size for other in self._reservations if other is not reservation)


class Reservation:
    """The memory of one response. Used by one thread; `counted` is the number of bytes that the limit knows about."""

    def __init__(self, owner: InFlightLimit) -> None:
        self._owner = owner
        self.counted = 0

    def set_size(self, size: int) -> None:
        """Set the number of bytes received so far. Raises `RequestFailed` if the limit is exceeded."""
        if size > self.counted + UNCOUNTED:
            self._owner.resize(self, -(-(size - UNCOUNTED) // _STEP) * _STEP)
        elif not size and self.counted:
            self._owner.resize(self, 0)


class UnfinishedEvent:
    """Limits the size and the duration of a watch event that arrives in several chunks."""

    def __init__(
        self, reservation: Reservation, limit: int = MAX_SKIPPED_EVENT, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reservation = reservation
        self._limit = limit
        self._clock = clock
        self._began = 0.0
        self._size = 0

    @property
    def is_partial(self) -> bool:
        """Whether a part of the event has arrived."""
        return self._size > 0

    @property
    def age(self) -> float:
        """Seconds since the event began to arrive; 0 if no event is incomplete."""
        return self._clock() - self._began if self._size else 0.0

    def set_size(self, size: int) -> None:
        """Set the bytes received so far; 0 at the end. Raises `RequestFailed` if the event is too large or too slow."""
        if size and not self._size:
            self._began = self._clock()
        elif size > self._limit:
            raise TooLarge(f"The API server sends an event of more than {self._limit >> 20} MB.")
        elif size and self._clock() - self._began > WATCH_EVENT.seconds:
            raise RequestFailed(0, f"An event of the API server took longer than {WATCH_EVENT.seconds:g} s.")
        self._size = size
        # An event that is too large is skipped without being buffered.
        self._reservation.set_size(size if size <= WATCH_EVENT.size else 0)
