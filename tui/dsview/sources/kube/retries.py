"""What follows a failed request for a kind: what is reported, and when the kind is requested again.

`Retries` decides; the reflector reports and waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from dsview.sources.events import Health
from dsview.sources.kube.backoff import LONGEST_BAD, LONGEST_LARGE, Backoff
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import FULL_EVERY, LARGE_AGAIN

ASK_AGAIN = 180.0
"""Seconds before a refused or missing kind is tried again."""

PATIENT_REFUSALS = 4
"""Consecutive refusals of a kind that was permitted before; after that, they last for `ASK_AGAIN` seconds."""

FAILURES_BEFORE_TELLING = 3
REFUSALS = {403}
ABSENCES = {404}
BAD_CODES = {0, 410}
"""Failures that do not indicate load on the server: an unreadable response, and an expired list."""


class Retry(NamedTuple):
    """What to do after a failure: report this health unless it is None, then wait for some seconds.

    `lists_again` says that the known state no longer counts as current. `with_others` says that the server failed, so
    the wait ends when it answers another thread; then `may_probe` is as in `ServerReconnect.wait`.
    """

    health: Health | None
    reason: str
    seconds: float
    lists_again: bool = False
    with_others: bool = False
    may_probe: bool = False


class Retries:
    """Counts the failures of one kind. `was_out` is set by failures without any response, until `listed`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._backoff = Backoff(clock)
        self._failures = self._refusals = self._polls = self._too_large = 0
        self.was_out = False

    def listed(self) -> None:
        """A list is complete."""
        self._failures = self._refusals = self._too_large = 0
        self.was_out = False

    def is_live(self) -> None:
        """A watch works. Called from any thread."""
        self._failures = 0

    def was_read(self) -> None:
        """The watch returned something readable, so the next event may be as large as any."""
        self._too_large = 0

    def is_watched(self) -> None:
        """A watch was permitted."""
        self._polls = 0

    def poll_seconds(self) -> float:
        """A watch was refused. Returns for how many seconds to list instead, at least once."""
        self._polls += 1
        return ASK_AGAIN if self._polls > PATIENT_REFUSALS else 0.0

    def at_most(self, size: int) -> int:
        """The limit for a page or an event in bytes; lower than `size` if the previous one was too large."""
        return LARGE_AGAIN if self._too_large % FULL_EVERY else size

    def delay(self) -> float:
        """Seconds to wait after something that is not reported as a failure."""
        return self._backoff.delay()

    def after(self, error: RequestFailed, *, has_listed: bool) -> Retry:
        """What to do after this failure of a kind that was listed before, or not yet."""
        if error.code in REFUSALS | ABSENCES:
            return self._after_refusal(error, has_listed)
        self._failures += 1
        self._too_large = self._too_large + 1 if isinstance(error, TooLarge) else 0
        self.was_out = self.was_out or error.is_unanswered
        delay = self._backoff.delay(error.retry_after)
        is_bad = error.code in BAD_CODES or 300 <= error.code < 400
        if is_bad and not error.is_unanswered and not error.retry_after:
            delay = min(delay, LONGEST_LARGE if isinstance(error, TooLarge) else LONGEST_BAD)
        return Retry(
            self._health_after(error, has_listed),
            str(error),
            delay,
            with_others=not error.retry_after and (error.is_unanswered or error.code >= 500),
            may_probe=error.is_unanswered,
        )

    def _health_after(self, error: RequestFailed, has_listed: bool) -> Health | None:
        if has_listed:
            # A broken connection is reopened first; the state is stale only if that fails.
            return Health.STALE if self._failures > 1 or error.code else None
        if self._failures >= FAILURES_BEFORE_TELLING or error.code == 401:
            return Health.FAILED
        return Health.LOADING

    def _after_refusal(self, error: RequestFailed, has_listed: bool) -> Retry:
        """The kind is not permitted or not served."""
        self._refusals += 1
        if has_listed and self._refusals <= PATIENT_REFUSALS:
            # A starting server may refuse for some seconds what it permits afterwards.
            return Retry(Health.STALE, str(error), self._backoff.delay())
        # The known state is not updated by a watch; it is read again before it counts.
        if error.code in REFUSALS:
            return Retry(Health.REFUSED, str(error), ASK_AGAIN, lists_again=True)
        return Retry(Health.ABSENT, "this cluster does not serve them", ASK_AGAIN, lists_again=True)
