"""Decides when objects are evaluated while a cluster loads: in rounds.

One kind after the other becomes known. Evaluating all pods again for each of them would cost more than loading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set

from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind

FIRST_ROUND_AFTER = 4.0
"""Seconds for which the objects of a kind wait for the other kinds that their checks read.

30,000 pods arrive within that time.
"""

NEXT_ROUND_AFTER = 20.0
"""Seconds between later rounds. They are longer because the screen already shows findings, and with 150,000 pods each
round delays loading by three seconds.
"""


class LoadRounds:
    """The kinds whose objects wait for the next round. None stands for the cluster-wide checks.

    Attributes:
        waits_for_all: Whether a round waits until everything was read, however long that takes.
        released: The kinds that had a round.
    """

    def __init__(self, state: ClusterState, reads: Mapping[Kind | None, Set[Kind]]) -> None:
        self._state = state
        self._reads = reads
        self.waits_for_all = False
        self.released: set[Kind | None] = set()
        self._waiting: dict[Kind | None, float | None] = {}
        self._loaded: dict[Kind | None, dict[Kind, int]] = {}

    def __contains__(self, kind: Kind | None) -> bool:
        """Whether the objects of a kind wait."""
        return kind in self._waiting

    def all_wait(self, kinds: Iterable[Kind | None]) -> bool:
        """Whether all of these kinds, and all that had a round, wait."""
        return all(kind is None or kind in self._waiting for kind in (*kinds, *self.released))

    def wait(self, kind: Kind | None) -> None:
        """Let the objects of a kind wait for the next round. The time counts from the next call of `due`."""
        self._waiting.setdefault(kind, None)

    def end(self) -> None:
        """Let nothing wait any longer."""
        self.released.update(self._waiting)
        self._waiting.clear()

    def next_due(self) -> float:
        """The latest time at which the first round begins, epoch seconds; infinite if nothing waits."""
        waits = (since + self._longest_wait(kind) for kind, since in self._waiting.items() if since is not None)
        return min(waits, default=math.inf)

    def due(self, now: float) -> Iterator[Kind | None]:
        """Begin rounds: yield the kinds that waited for others that are now settled, or that waited too long."""
        for kind, noted in list(self._waiting.items()):
            since = self._waiting[kind] = now if noted is None else min(noted, now)
            is_known = now == math.inf or all(map(self._state.is_settled, self._reads[kind]))
            if not is_known and now - since < self._longest_wait(kind):
                continue
            if is_known or not self._grows(kind):
                del self._waiting[kind]
            else:
                # Each object that arrives may require others to be evaluated again, so all wait for another round.
                self._waiting[kind] = now
            self.released.add(kind)
            yield kind

    def _longest_wait(self, kind: Kind | None) -> float:
        if self.waits_for_all:
            return math.inf
        return NEXT_ROUND_AFTER if kind in self.released else FIRST_ROUND_AFTER

    def _grows(self, kind: Kind | None) -> bool:
        """Whether lists that the checks of a kind read are still loading and have grown since the last round."""
        loading = [other for other in self._reads[kind] if not self._state.is_settled(other)]
        before = self._loaded.get(kind, {})
        loaded = self._loaded[kind] = {
            other: progress.loaded for other in loading if (progress := self._state.progress.get(other)) is not None
        }
        return any(number > before.get(other, 0) for other, number in loaded.items())
