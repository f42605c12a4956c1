"""How long to wait after a failure, as in client-go's reflector (tools/cache/reflector.go)."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST = 0.8
LONGEST = 30.0
RESET_AFTER = 120.0
LONGEST_BAD = 5.0
"""The maximum delay after a response that is unusable: nothing indicates a problem with the server."""

LONGEST_LARGE = 6.5
"""The same for a response that is too large: reading it repeatedly uses at most a tenth of a core."""

LONGEST_ASKED = 300.0
"""The maximum Retry-After that is respected, in seconds; a server may specify days."""


class Backoff:
    """0.8 s, doubling to 30 s, with jitter; reset after two minutes without a failure."""

    def __init__(self, clock: Callable[[], float], jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter
        self._next = FIRST
        self._last = -RESET_AFTER

    def delay(self, retry_after: float = 0.0) -> float:
        """Seconds to wait now: at least the delay that the server requested, at most five minutes."""
        now = self._clock()
        if now - self._last >= RESET_AFTER:
            self._next = FIRST
        self._last = now
        wait = self._next * (1 + self._jitter())
        self._next = min(self._next * 2, LONGEST)
        return max(min(wait, LONGEST), min(retry_after, LONGEST_ASKED))
