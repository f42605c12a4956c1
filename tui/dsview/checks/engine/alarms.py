"""When time alone makes a subject worth asking again, such as at the end of a grace period."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

from dsview.checks.engine.finding_index import SubjectKey


class Alarms:
    """The earliest moment for each subject, epoch seconds."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, SubjectKey]] = []
        self._earliest: dict[SubjectKey, float] = {}
        self._looked_at = -math.inf

    @property
    def next(self) -> float:
        """When the first is due; infinite where none is."""
        return self._queue[0][0] if self._queue else math.inf

    def set(self, moment: float, key: SubjectKey) -> None:
        """Have a subject asked again at that moment, unless it is sooner."""
        if moment < self._earliest.get(key, math.inf):
            self._earliest[key] = moment
            heapq.heappush(self._queue, (moment, key))

    def due(self, now: float) -> Iterator[SubjectKey]:
        """Take out those that are due. Where the clock was set back, all are: their moments are of the old one."""
        until, self._looked_at = (math.inf if now < self._looked_at else now), now
        while self._queue and self._queue[0][0] <= until:
            _, key = heapq.heappop(self._queue)
            self._earliest.pop(key, None)
            yield key
