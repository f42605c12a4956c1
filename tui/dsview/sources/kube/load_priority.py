"""Loads Services first: they are on the screen before other lists are decoded.

Python runs one thread at a time. With 30,000 pods, decoding everything at once delays the first rows by a quarter of a
second and saves nothing, because the total time is the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MAX_WAIT = 0.5
"""Seconds for which other kinds wait for Services that do not arrive."""


class LoadPriority:
    """Gives one kind a head start. All kinds are requested at once, but the other responses stay in their sockets.

    `seconds` is the time that the first objects take to reach the screen; with 0, no kind waits.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until = 0.0
        self._has_arrived = threading.Event()
        if not seconds:
            self._has_arrived.set()

    def notify_arrived(self) -> None:
        """Note that the first objects have arrived, or will not arrive."""
        if not self._has_arrived.is_set():
            self._until = self._clock() + self._seconds
            self._has_arrived.set()

    def wait(self, stop: threading.Event) -> None:
        """Wait until the head start or the session ends."""
        if self._has_arrived.wait(MAX_WAIT):
            stop.wait(max(0.0, self._until - self._clock()))
        else:
            self._has_arrived.set()
