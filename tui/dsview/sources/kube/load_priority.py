"""Services first: what is looked at first is on the screen before other lists take its time.

Python runs one thread at a time. At 30,000 pods, decoding them at once holds up the first rows by a quarter of a
second, and saves nothing: all is read after the same time either way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

AT_MOST = 0.5
"""Seconds that others wait for Services which do not come."""


class LoadPriority:
    """A moment for one kind. Everything is asked for at once; the answers of the others wait in their sockets.

    `seconds` is what the first objects are given to get to the screen; with 0 nobody waits for anything.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until = 0.0
        self._came = threading.Event()
        if not seconds:
            self._came.set()

    def arrived(self) -> None:
        """The first objects came, or it is known that they will not."""
        if not self._came.is_set():
            self._until = self._clock() + self._seconds
            self._came.set()

    def wait(self, stop: threading.Event) -> None:
        """Wait until the moment is over, or the session."""
        if self._came.wait(AT_MOST):
            stop.wait(max(0.0, self._until - self._clock()))
        else:
            self._came.set()
