"""Services first: the data that users see first is on the screen before other lists are decoded.

Python runs one thread at a time. At 30,000 pods, decoding everything at once delays the first rows by a quarter of a
second, and saves nothing: the total time is the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

AT_MOST = 0.5
"""Seconds that other kinds wait for Services that do not arrive."""


class LoadPriority:
    """A head start for one kind. Everything is requested at once; the other responses wait in their sockets.

    `seconds` is the time for the first objects to reach the screen; with 0, there is no waiting.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until = 0.0
        self._came = threading.Event()
        if not seconds:
            self._came.set()

    def arrived(self) -> None:
        """The first objects arrived, or are known not to arrive."""
        if not self._came.is_set():
            self._until = self._clock() + self._seconds
            self._came.set()

    def wait(self, stop: threading.Event) -> None:
        """Wait until the head start or the session is over."""
        if self._came.wait(AT_MOST):
            stop.wait(max(0.0, self._until - self._clock()))
        else:
            self._came.set()
