"""When subjects must be evaluated again because of time alone, for example at the end of a grace period."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

from dsview.checks.engine.finding_index import SubjectKey


class Alarms:
    """The earliest time for each subject, in epoch seconds."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, SubjectKey]] = []
        self._earliest: dict[SubjectKey, float] = {}
        self._last_checked = -math.inf

    @property
    def next(self) -> float:
        """When the first subject is due, epoch seconds; infinite if there is none."""
        return self._queue[0][0] if self._queue else math.inf

    def set(self, moment: float, key: SubjectKey) -> None:
        """Schedule a subject for evaluation at that time, unless an earlier time is scheduled."""
        if moment < self._earliest.get(key, math.inf):
            self._earliest[key] = moment
            heapq.heappush(self._queue, (moment, key))

    def due(self, now: float) -> Iterator[SubjectKey]:
        """Remove and return the subjects that are due.

        If the clock was set back, all of them are due, because their times refer to the old clock.
        """
        until, self._last_checked = (math.inf if now < self._last_checked else now), now
        while self._queue and self._queue[0][0] <= until:
            _, key = heapq.heappop(self._queue)
            self._earliest.pop(key, None)
            yield key
