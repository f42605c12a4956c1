"""The delay after a failure, as in client-go's reflector (tools/cache/reflector.go)."""

from __future__ import annotations

import random
from collections.abc import Callable

INITIAL_DELAY = 0.8
MAX_DELAY = 30.0
RESET_AFTER = 120.0
MAX_DELAY_MALFORMED = 5.0
"""The maximum delay after a malformed response, which does not indicate that the server is overloaded."""

MAX_DELAY_TOO_LARGE = 6.5
"""The maximum delay after a response that is too large: reading it repeatedly takes at most a tenth of a core."""

MAX_RETRY_AFTER = 300.0
"""The maximum Retry-After that is respected, in seconds; a server may specify days."""


class Backoff:
    """0.8 s, doubling to 30 s, with jitter; reset after two minutes without a failure."""

    def __init__(self, clock: Callable[[], float], jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter
        self._next = INITIAL_DELAY
        self._last = -RESET_AFTER

    def delay(self, retry_after: float = 0.0) -> float:
        """Seconds to wait now: at least the delay that the server requested, at most five minutes."""
        now = self._clock()
        if now - self._last >= RESET_AFTER:
            self._next = INITIAL_DELAY
        self._last = now
        wait = self._next * (1 + self._jitter())
        self._next = min(self._next * 2, MAX_DELAY)
        return max(min(wait, MAX_DELAY), min(retry_after, MAX_RETRY_AFTER))
