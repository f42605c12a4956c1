"""Joint recovery after an outage: threads that wait to retry are woken when the server answers another one.

Each kind waits by its own backoff, up to half a minute. Without this, the last of them would notice the recovery that
much later. With it, one thread probes every few seconds, and the others follow when it gets a response.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

LOOK_EVERY = 3.0
"""Seconds between two probes of a server that does not respond at all."""

SPREAD = 1.0
"""Seconds over which the woken threads are spread, so that a recovering server is not overloaded."""

WAKE_SELDOM = 5.0
"""Seconds between two wake-ups, so that a server that responds now and then does not get more requests."""

SLEPT = 15.0
"""Seconds that the clocks may drift apart between two checks; more means sleep."""


class _Sleeper:
    """A waiting thread; `resume_at` is when it may continue after it was woken."""

    def __init__(self) -> None:
        self.bell = threading.Event()
        self.resume_at = 0.0


class ServerReconnect:
    """What the threads of one source share about a failing server. `stop` ends all waiting."""

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
        self._sleepers: list[_Sleeper] = []
        self._looker: _Sleeper | None = None
        self._wake_from = clock()

    @property
    def waiting(self) -> int:
        """The number of waiting threads."""
        return len(self._sleepers)

    def wait(self, seconds: float, *, may_look: bool = False) -> bool:
        """Wait, or less if the server answers another thread. Returns whether the session continues.

        `may_look` is for failures without any response: one of the threads that wait for these probes the server every
        few seconds.
        """
        sleeper = _Sleeper()
        with self._lock:
            self._sleepers.append(sleeper)
            looks = may_look and self._looker is None
            if looks:
                self._looker = sleeper
                seconds = min(seconds, LOOK_EVERY)
        until = self._clock() + seconds
        try:
            if not self._stop.is_set() and sleeper.bell.wait(seconds):
                self._stop.wait(max(0.0, min(until, sleeper.resume_at) - self._clock()))
        finally:
            with self._lock:
                self._sleepers.remove(sleeper)
                if looks:
                    self._looker = None
        return not self._stop.is_set()

    def answered(self) -> None:
        """The server answered a thread: wake the others, each at its own time."""
        if not self._sleepers:
            return
        with self._lock:
            start = max(self._clock(), self._wake_from)
            asleep = [sleeper for sleeper in self._sleepers if not sleeper.bell.is_set()]
            if asleep:
                self._wake_from = start + WAKE_SELDOM
            for sleeper in asleep:
                sleeper.resume_at = start + self._jitter() * SPREAD
                sleeper.bell.set()

    def end(self) -> None:
        """The session is over: end all waiting. `stop` is already set."""
        with self._lock:
            for sleeper in self._sleepers:
                sleeper.bell.set()


class SleepNotice:
    """Detects that the machine slept: the wall clock advanced further than the monotonic clock.

    Connections are then half open: the other side, or a NAT in between, dropped them, and nothing more will arrive.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._ahead = wall() - steady()

    def has_slept(self) -> bool:
        """Whether the machine slept since the last call. A wall clock that was set forward looks the same."""
        ahead = self._wall() - self._steady()
        before, self._ahead = self._ahead, ahead
        return ahead - before > SLEPT
