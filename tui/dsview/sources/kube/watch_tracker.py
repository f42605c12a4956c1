"""Tracks the lists and watches of one kind: when the kind is live, and when a lack of progress is a failure."""

from __future__ import annotations

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import UnfinishedEvent
from dsview.sources.kube.limits import MAX_UNKNOWN_EVENTS

MIN_WATCH_SECONDS = 1.0
"""Seconds. After a shorter watch, the next one waits for the remaining time; a short and empty watch is a failure."""

MAX_SHORT_WATCHES = 5
"""Consecutive short watches after which each one is a failure, even if it was not empty."""

MAX_UNPRODUCTIVE_WATCHES = 2
"""Consecutive watches that were opened and returned no readable event.

After that, a watch must return an event, or stay open for a while, before the kind counts as live again.
"""

TRUSTED_AFTER = 2.0
"""Seconds after which an open and quiet watch counts as live, regardless of earlier watches."""

MAX_SILENT_WATCHES = 2
"""Consecutive watches without a byte, after which the kind is listed again.

If the server's data store was restored from a backup, the requested version is in its future. The server accepts the
watch, and sends nothing until its versions have caught up.
"""

MIN_LIST_LIFETIME = 60.0
"""Seconds for which a list should be valid. If it expires sooner, or is not complete, the next one is delayed."""

MAX_EXPIRIES = 3
"""Consecutive lists that expire too soon, after which this is a failure."""


class WatchTracker:
    """Is notified of everything that happens to the lists and watches. Times are seconds on a monotonic clock."""

    def __init__(self) -> None:
        self._unproductive = self._short = self._silent = self._unknown = self._expiries = 0
        self._listed_at: float | None = None
        self._open: tuple[float, UnfinishedEvent] | None = None

    def on_list(self, now: float) -> None:
        """Note that a list is complete."""
        self._listed_at = now
        self._unproductive = self._silent = 0

    def on_expired(self, now: float) -> bool:
        """Note that the list expired. Returns whether to wait before the next one.

        Raises `RequestFailed` if this keeps happening.
        """
        has_lasted = self._listed_at is not None and now - self._listed_at >= MIN_LIST_LIFETIME
        self._listed_at = None
        self._expiries = 1 if has_lasted else self._expiries + 1
        if self._expiries >= MAX_EXPIRIES:
            raise RequestFailed(410, "The API server repeatedly reports that a list has expired.")
        return self._expiries > 1

    def on_opened(self, now: float, event: UnfinishedEvent) -> bool:
        """Note that a watch was opened. Returns whether this alone makes the kind live."""
        self._open = now, event
        self._unproductive += 1
        return not self._is_untrusted

    def on_closed(self) -> None:
        """Note that the watch ended, normally or not."""
        self._open = None

    @property
    def _is_untrusted(self) -> bool:
        return self._unproductive > MAX_UNPRODUCTIVE_WATCHES or self._short >= MAX_SHORT_WATCHES

    def becomes_trusted(self, now: float) -> bool:
        """Whether an untrusted watch has now been open long enough to be trusted, without a partial event."""
        if self._open is None or not self._is_untrusted:
            return False
        since, event = self._open
        if now - since < TRUSTED_AFTER or event.is_partial:
            return False
        self._unproductive = self._short = 0
        return True

    def is_stalled(self, seconds: float) -> bool:
        """Whether an event of the open watch has been incomplete for this long; if so, the watch becomes untrusted."""
        if self._open is None:
            return False
        _, event = self._open
        if event.age < seconds:
            return False
        self._unproductive = MAX_UNPRODUCTIVE_WATCHES + 1
        return True

    def on_event(self) -> bool:
        """Note that the watch returned a readable event. Returns whether this makes the kind live again."""
        was_unproductive = self._unproductive > MAX_UNPRODUCTIVE_WATCHES
        self._unproductive = self._silent = self._unknown = 0
        return was_unproductive

    def on_unknown_event(self) -> bool:
        """Note an event of an unknown type. Returns whether it is the first in succession.

        Raises `RequestFailed` after too many of them in succession.
        """
        self._unknown += 1
        if self._unknown > MAX_UNKNOWN_EVENTS:
            raise RequestFailed(0, "The API server sends nothing but events of unknown types.")
        return self._unknown == 1

    def on_silent_end(self) -> bool:
        """Note that a watch broke without a byte. Returns whether the kind must be listed again."""
        self._silent = (self._silent + 1) % MAX_SILENT_WATCHES
        return self._silent == 0

    def on_ended(self, seconds: float, *, is_empty: bool) -> float:
        """Note that a watch ended normally after this many seconds. Returns the seconds to wait before the next one.

        As in client-go, the delay avoids an endless stream of requests. Raises `RequestFailed` if watches keep ending
        too soon.
        """
        self._short = self._short + 1 if seconds < MIN_WATCH_SECONDS else 0
        if self._short and (is_empty or self._short >= MAX_SHORT_WATCHES):
            raise RequestFailed(0, "The API server ended a watch at once.")
        self._unproductive = self._silent = 0
        return max(0.0, MIN_WATCH_SECONDS - seconds)
