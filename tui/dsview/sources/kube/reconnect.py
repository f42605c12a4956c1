"""Coming back after an outage together: who waits before asking again is woken when the server answers somebody else.

Each kind waits by its own backoff, up to half a minute. Without this the last of them would notice that long after
the API server is back; with it one of them looks every few seconds, and the others follow when it gets an answer.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

LOOK_EVERY = 3.0
"""Seconds after which the one that looks asks a server that does not answer at all."""

SPREAD = 1.0
"""Seconds over which those that are woken are spread, so that a server that just came back is not stormed."""

WAKE_SELDOM = 5.0
"""Seconds between two wakings. A server that answers now and then is then not asked more often than that."""

SLEPT = 15.0
"""Seconds that the clocks may drift apart between two looks; more is sleep."""


class _Sleeper:
    """One thread that waits; `resume_at` is when it may go on, once it was woken."""

    def __init__(self) -> None:
        self.bell = threading.Event()
        self.resume_at = 0.0


class ServerReconnect:
    """What the threads of one source know together of a server that fails. `stop` ends all waiting."""

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
        """How many threads wait."""
        return len(self._sleepers)

    def wait(self, seconds: float, *, may_look: bool = False) -> bool:
        """Wait so long, or less where the server answers somebody meanwhile; whether the session goes on.

        `may_look` is for failures in which the server gave no answer at all: of those that wait so, one looks every
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
        """The server answered somebody: wake the others, each at its own moment."""
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
        """The session is over: nobody waits any longer. `stop` is set already."""
        with self._lock:
            for sleeper in self._sleepers:
                sleeper.bell.set()


class SleepNotice:
    """Notices that the machine slept, by the wall clock having gone on further than the steady one.

    Connections are half open then: the other side, or a NAT between, gave them up, and nothing will ever come.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._ahead = wall() - steady()

    def has_slept(self) -> bool:
        """Whether it slept since this was asked last. A wall clock that was set forward looks the same."""
        ahead = self._wall() - self._steady()
        before, self._ahead = self._ahead, ahead
        return ahead - before > SLEPT
