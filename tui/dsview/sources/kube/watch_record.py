"""Tracks the lists and watches of one kind: when it is live, and when a lack of progress is a failure."""

from __future__ import annotations

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import UnfinishedEvent
from dsview.sources.kube.limits import UNKNOWN_EVENTS

SHORTEST_WATCH = 1.0
"""Seconds. After a watch that ends sooner, the next one waits for the rest; if it was empty, it counts as a failure."""

SHORT_WATCHES = 5
"""Consecutive watches that end sooner than that, after which each one is a failure, even if it was not empty."""

FRUITLESS_WATCHES = 2
"""Consecutive watches that were opened and returned nothing readable.

From then on, the next one has to return something, or to stay open for a while, before the kind counts as live again.
"""

STANDS_AFTER = 2.0
"""Seconds after which an open and quiet watch counts as live, regardless of earlier ones."""

SILENT_WATCHES = 2
"""Consecutive watches without a byte, after which the kind is listed again.

A server whose store was reset to before the requested version accepts the watch and sends nothing until its versions
have caught up.
"""

EXPIRES_SELDOM = 60.0
"""Seconds that a list should last.

If one expires sooner, or before it is complete, the next one does not begin at once.
"""

EXPIRIES = 3
"""Consecutive lists that expire so soon, after which this is a failure."""


class WatchRecord:
    """Receives everything that happens to the lists and watches of a kind. Times are seconds on a monotonic clock."""

    def __init__(self) -> None:
        self._fruitless = self._short = self._silent = self._unknown = self._expiries = 0
        self._listed_at: float | None = None
        self._open: tuple[float, UnfinishedEvent] | None = None

    def listed(self, now: float) -> None:
        """A list is complete."""
        self._listed_at = now
        self._fruitless = self._silent = 0

    def expired(self, now: float) -> bool:
        """The list expired. Returns whether to wait before the next one.

        Raises `RequestFailed` if this keeps happening.
        """
        has_lasted = self._listed_at is not None and now - self._listed_at >= EXPIRES_SELDOM
        self._listed_at = None
        self._expiries = 1 if has_lasted else self._expiries + 1
        if self._expiries >= EXPIRIES:
            raise RequestFailed(410, "The API server repeatedly reports that a list has expired.")
        return self._expiries > 1

    def opened(self, now: float, event: UnfinishedEvent) -> bool:
        """A watch was opened. Returns whether this alone makes the kind live."""
        self._open = now, event
        self._fruitless += 1
        return not self._is_doubted

    def closed(self) -> None:
        """The watch ended, normally or not."""
        self._open = None

    @property
    def _is_doubted(self) -> bool:
        return self._fruitless > FRUITLESS_WATCHES or self._short >= SHORT_WATCHES

    def proves_itself(self, now: float) -> bool:
        """Whether a doubted watch has been open long enough to be trusted, without an unfinished event."""
        if self._open is None or not self._is_doubted:
            return False
        since, event = self._open
        if now - since < STANDS_AFTER or event.has_begun:
            return False
        self._fruitless = self._short = 0
        return True

    def drips(self, seconds: float) -> bool:
        """Whether an event of the open watch has been incomplete for this long. The watch is doubted from then on."""
        if self._open is None or self._open[1].age < seconds:
            return False
        self._fruitless = FRUITLESS_WATCHES + 1
        return True

    def bears_fruit(self) -> bool:
        """The watch returned something readable. Returns whether this makes the kind live again."""
        was_fruitless = self._fruitless > FRUITLESS_WATCHES
        self._fruitless = self._silent = self._unknown = 0
        return was_fruitless

    def brought_unknown(self) -> bool:
        """The watch returned an event of an unknown type. Returns whether it is the first in a row.

        Raises `RequestFailed` if there are no other events.
        """
        self._unknown += 1
        if self._unknown > UNKNOWN_EVENTS:
            raise RequestFailed(0, "The API server sends nothing but events of unknown types.")
        return self._unknown == 1

    def was_silent(self) -> bool:
        """A watch broke without a byte. Returns whether the kind has to be listed again."""
        self._silent = (self._silent + 1) % SILENT_WATCHES
        return self._silent == 0

    def ended(self, seconds: float, *, is_empty: bool) -> float:
        """A watch ended normally after this many seconds. Returns the seconds to wait before the next one.

        As in client-go: without a delay, this would send requests as fast as possible, indefinitely. Raises
        `RequestFailed`.
        """
        self._short = self._short + 1 if seconds < SHORTEST_WATCH else 0
        if self._short and (is_empty or self._short >= SHORT_WATCHES):
            raise RequestFailed(0, "The API server ended a watch at once.")
        self._fruitless = self._silent = 0
        return max(0.0, SHORTEST_WATCH - seconds)
