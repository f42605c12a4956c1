"""Decides what to report after a failed request for a kind, and when to retry. The reflector reports and waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from dsview.sources.events import Health
from dsview.sources.kube.backoff import MAX_DELAY_MALFORMED, MAX_DELAY_TOO_LARGE, Backoff
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import FULL_LIMIT_EVERY, REDUCED_LIMIT

RETRY_REFUSED_AFTER = 180.0
"""Seconds before a refused or missing kind is requested again."""

MAX_TRANSIENT_REFUSALS = 4
"""Consecutive refusals of a previously permitted kind that are retried with backoff, because they may be transient.

After that, the kind is requested again every `RETRY_REFUSED_AFTER` seconds.
"""

FAILURES_BEFORE_REPORT = 3
REFUSALS = {403}
ABSENCES = {404}
BAD_CODES = {0, 410}
"""Failures that do not indicate an overloaded server: a malformed response, and an expired list."""


class Retry(NamedTuple):
    """What to do after a failure: report the health unless it is None, then wait for `seconds`.

    `relist`: the known state no longer counts as current. `wakes_with_others`: the server failed, so the wait ends when
    it responds to another thread; `may_probe` is as in `ServerReconnect.wait`.
    """

    health: Health | None
    reason: str
    seconds: float
    relist: bool = False
    wakes_with_others: bool = False
    may_probe: bool = False


class Retries:
    """Counts the failures of one kind. `was_unreachable`: a request got no response at all since the last list."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._backoff = Backoff(clock)
        self._failures = self._refusals = self._polls = self._too_large = 0
        self.was_unreachable = False

    def on_list(self) -> None:
        """Note that a list is complete."""
        self._failures = self._refusals = self._too_large = 0
        self.was_unreachable = False

    def on_live(self) -> None:
        """Note that a watch works. Called from any thread."""
        self._failures = 0

    def on_event(self) -> None:
        """Note a readable event, which ends the reduced size limit."""
        self._too_large = 0

    def on_watch_opened(self) -> None:
        """Note that a watch was permitted."""
        self._polls = 0

    def poll_seconds(self) -> float:
        """Note that a watch was refused. Returns for how many seconds to list instead, at least once."""
        self._polls += 1
        return RETRY_REFUSED_AFTER if self._polls > MAX_TRANSIENT_REFUSALS else 0.0

    def size_limit(self, size: int) -> int:
        """The limit in bytes for the next page or event: `size`, or less if the previous one was too large."""
        return REDUCED_LIMIT if self._too_large % FULL_LIMIT_EVERY else size

    def delay(self) -> float:
        """Seconds to wait after something that is not reported as a failure."""
        return self._backoff.delay()

    def after(self, error: RequestFailed, *, has_listed: bool) -> Retry:
        """What to do after a failure. `has_listed` is whether the kind was listed before."""
        if error.code in REFUSALS | ABSENCES:
            return self._after_refusal(error, has_listed)
        self._failures += 1
        self._too_large = self._too_large + 1 if isinstance(error, TooLarge) else 0
        self.was_unreachable = self.was_unreachable or error.is_unanswered
        delay = self._backoff.delay(error.retry_after)
        is_bad = error.code in BAD_CODES or 300 <= error.code < 400
        if is_bad and not error.is_unanswered and not error.retry_after:
            delay = min(delay, MAX_DELAY_TOO_LARGE if isinstance(error, TooLarge) else MAX_DELAY_MALFORMED)
        return Retry(
            self._health_after(error, has_listed),
            str(error),
            delay,
            wakes_with_others=not error.retry_after and (error.is_unanswered or error.code >= 500),
            may_probe=error.is_unanswered,
        )

    def _health_after(self, error: RequestFailed, has_listed: bool) -> Health | None:
        if has_listed:
            # A broken connection is reopened first; the state is stale only if that fails.
            return Health.STALE if self._failures > 1 or error.code else None
        if self._failures >= FAILURES_BEFORE_REPORT or error.code == 401:
            return Health.FAILED
        return Health.LOADING

    def _after_refusal(self, error: RequestFailed, has_listed: bool) -> Retry:
        """What to do if the kind is not permitted or not served."""
        self._refusals += 1
        if has_listed and self._refusals <= MAX_TRANSIENT_REFUSALS:
            # A starting server may refuse requests for a few seconds.
            return Retry(Health.STALE, str(error), self._backoff.delay())
        # Without a watch, the known state goes out of date, so the kind must be listed again.
        if error.code in REFUSALS:
            return Retry(Health.REFUSED, str(error), RETRY_REFUSED_AFTER, relist=True)
        return Retry(Health.ABSENT, "this cluster does not serve them", RETRY_REFUSED_AFTER, relist=True)
