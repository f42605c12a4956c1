"""How the lists and watches of one kind went: what counts as live, and what is no progress and therefore a failure."""

from __future__ import annotations

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import UnfinishedEvent
from dsview.sources.kube.limits import UNKNOWN_EVENTS

SHORTEST_WATCH = 1.0
"""Seconds; a watch that ends sooner is not opened again sooner, and one that brought nothing counts as a failure."""

SHORT_WATCHES = 5
"""Watches in a row that end sooner than that, after which each is a failure, whatever it brought."""

FRUITLESS_WATCHES = 2
"""Watches in a row that were opened and brought nothing that could be read; from then on the next one has to bring
something, or to stand for a while, before the kind counts as live again."""

STANDS_AFTER = 2.0
"""Seconds after which a watch that is open and quiet counts as live, whatever became of those before it."""

SILENT_WATCHES = 2
"""Watches in a row without a byte, after which the kind is listed anew. A server whose store was set back to before
the version that is asked from accepts the watch and says nothing until its versions have caught up."""

EXPIRES_SELDOM = 60.0
"""Seconds that a list should last. One that expires sooner, or before it is whole, is not begun again at once."""

EXPIRIES = 3
"""Lists in a row that expire so soon, after which that is a failure."""


class WatchRecord:
    """Is told of everything that happens to the lists and watches of a kind. Times are seconds on a steady clock."""

    def __init__(self) -> None:
        self._fruitless = self._short = self._silent = self._unknown = self._expiries = 0
        self._listed_at: float | None = None
        self._open: tuple[float, UnfinishedEvent] | None = None

    def listed(self, now: float) -> None:
        """A list is whole."""
        self._listed_at = now
        self._fruitless = self._silent = 0

    def expired(self, now: float) -> bool:
        """The list has expired; whether to wait before the next one. Raises `RequestFailed` where they always do."""
        has_lasted = self._listed_at is not None and now - self._listed_at >= EXPIRES_SELDOM
        self._listed_at = None
        self._expiries = 1 if has_lasted else self._expiries + 1
        if self._expiries >= EXPIRIES:
            raise RequestFailed(410, "The API server says again and again that a list has expired.")
        return self._expiries > 1

    def opened(self, now: float, event: UnfinishedEvent) -> bool:
        """A watch was opened; whether that alone makes the kind live."""
        self._open = now, event
        self._fruitless += 1
        return not self._is_doubted

    def closed(self) -> None:
        """The watch is over, however it ended."""
        self._open = None

    @property
    def _is_doubted(self) -> bool:
        return self._fruitless > FRUITLESS_WATCHES or self._short >= SHORT_WATCHES

    def proves_itself(self, now: float) -> bool:
        """Whether a watch that was doubted is open for long enough to be believed, and nothing drips from it."""
        if self._open is None or not self._is_doubted:
            return False
        since, event = self._open
        if now - since < STANDS_AFTER or event.has_begun:
            return False
        self._fruitless = self._short = 0
        return True

    def drips(self, seconds: float) -> bool:
        """Whether an event of the open watch is on its way for so long. The watch is doubted from then on."""
        if self._open is None or self._open[1].age < seconds:
            return False
        self._fruitless = FRUITLESS_WATCHES + 1
        return True

    def bears_fruit(self) -> bool:
        """The watch brought something that can be read; whether that makes the kind live again."""
        was_fruitless = self._fruitless > FRUITLESS_WATCHES
        self._fruitless = self._silent = self._unknown = 0
        return was_fruitless

    def brought_unknown(self) -> bool:
        """The watch brought an event of an unknown type; whether it is the first one in a row.

        Raises `RequestFailed` where nothing else comes.
        """
        self._unknown += 1
        if self._unknown > UNKNOWN_EVENTS:
            raise RequestFailed(0, "The API server sends nothing but events of unknown types.")
        return self._unknown == 1

    def was_silent(self) -> bool:
        """A watch broke without a byte; whether the kind has to be listed anew."""
        self._silent = (self._silent + 1) % SILENT_WATCHES
        return self._silent == 0

    def ended(self, seconds: float, *, is_empty: bool) -> float:
        """A watch ended well after so many seconds; how many to wait before the next one.

        As client-go: without a pause this would ask as fast as it can, for good. Raises `RequestFailed`.
        """
        self._short = self._short + 1 if seconds < SHORTEST_WATCH else 0
        if self._short and (is_empty or self._short >= SHORT_WATCHES):
            raise RequestFailed(0, "The API server ended a watch at once.")
        self._fruitless = self._silent = 0
        return max(0.0, SHORTEST_WATCH - seconds)
