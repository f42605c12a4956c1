"""Coordinates recovery after an outage: a response to one thread wakes the others.

Each kind has its own backoff, of up to half a minute, so without coordination the last kind would notice the recovery
that much later. Instead, one thread probes every few seconds, and the others follow when it gets a response.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

PROBE_INTERVAL = 3.0
"""Seconds between two probes of a server that does not respond at all."""

SPREAD = 1.0
"""Seconds over which the woken threads are spread, so that a recovering server is not overloaded."""

WAKE_INTERVAL = 5.0
"""Seconds between two wake-ups, so that a server that only responds occasionally does not get more requests."""

SLEEP_THRESHOLD = 15.0
"""Seconds by which the clocks may diverge between two checks; more means that the machine slept."""


class _Waiter:
    """A waiting thread. `resume_at` is the time at which it may continue after it was woken."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self.resume_at = 0.0


class ServerReconnect:
    """Shared by the threads of one source while the server fails. `stop` ends all waiting."""

    def __init__(
        self,
        stop: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._stop = stop
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._waiters: list[_Waiter] = []
        self._prober: _Waiter | None = None
        self._wake_from = clock()

    @property
    def waiting(self) -> int:
        """The number of waiting threads."""
        return len(self._waiters)

    def wait(self, seconds: float, *, may_probe: bool = False) -> bool:
        """Wait, but not after the server responds to another thread. Returns whether the session continues.

        `may_probe` is for failures without any response: one of the threads that wait after such a failure probes the
        server every few seconds.
        """
        waiter = _Waiter()
        with self._lock:
            self._waiters.append(waiter)
            probes = may_probe and self._prober is None
            if probes:
                self._prober = waiter
                seconds = min(seconds, PROBE_INTERVAL)
        until = self._clock() + seconds
        try:
            if not self._stop.is_set() and waiter.woken.wait(seconds):
                self._stop.wait(max(0.0, min(until, waiter.resume_at) - self._clock()))
        finally:
            with self._lock:
                self._waiters.remove(waiter)
                if probes:
                    self._prober = None
        return not self._stop.is_set()

    def notify_response(self) -> None:
        """Note that the server responded to a thread: wake the others, each at its own time."""
        if not self._waiters:
            return
        with self._lock:
            start = max(self._clock(), self._wake_from)
            asleep = [waiter for waiter in self._waiters if not waiter.woken.is_set()]
            if asleep:
                self._wake_from = start + WAKE_INTERVAL
            for waiter in asleep:
                waiter.resume_at = start + self._jitter() * SPREAD
                waiter.woken.set()

    def close(self) -> None:
        """End all waiting. `stop` is already set."""
        with self._lock:
            for waiter in self._waiters:
                waiter.woken.set()


class SleepDetector:
    """Detects that the machine slept: the wall clock advanced more than the monotonic clock.

    Connections are then half open: the server, or a NAT in between, has dropped them, and no more data will arrive.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._ahead = wall() - steady()

    def has_slept(self) -> bool:
        """Whether the machine slept since the last call. A wall clock that was set forward looks the same."""
        ahead = self._wall() - self._steady()
        before, self._ahead = self._ahead, ahead
        return ahead - before > SLEEP_THRESHOLD
