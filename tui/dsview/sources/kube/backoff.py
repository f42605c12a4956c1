"""How long to wait after a failure, as client-go's reflector does (tools/cache/reflector.go)."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST = 0.8
LONGEST = 30.0
RESET_AFTER = 120.0
LONGEST_BAD = 5.0
"""The longest wait behind an answer that came and is of no use: nothing says that the server is in trouble."""

LONGEST_LARGE = 6.5
"""The same where it was too large: taking in as much again and again costs a core its tenth at most."""

LONGEST_ASKED = 300.0
"""The most of a Retry-After that is waited for, in seconds: a server may ask for days."""


class Backoff:
    """0.8 s, doubling to 30 s, with jitter; from the start again after two minutes without a failure."""

    def __init__(self, clock: Callable[[], float], jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter
        self._next = FIRST
        self._last = -RESET_AFTER

    def delay(self, retry_after: float = 0.0) -> float:
        """Seconds to wait now; at least what the server asked for, at most five minutes."""
        now = self._clock()
        if now - self._last >= RESET_AFTER:
            self._next = FIRST
        self._last = now
        wait = self._next * (1 + self._jitter())
        self._next = min(self._next * 2, LONGEST)
        return max(min(wait, LONGEST), min(retry_after, LONGEST_ASKED))
