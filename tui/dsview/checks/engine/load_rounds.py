"""While a cluster loads, its objects are evaluated in rounds.

One kind after the other becomes known; evaluating all pods again for each of them would cost more than loading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set

from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind

PATIENCE = 4.0
"""Seconds for which the objects of a kind wait for the other kinds that their checks read.

30,000 pods arrive within that time.
"""

PATIENCE_AFTER = 20.0
"""The same once the objects were evaluated with what was known: there is something to see, and at 150,000 pods each
round costs three seconds of loading."""


class LoadRounds:
    """The kinds whose objects wait for the next round, with None for the checks of the whole cluster.

    `reads` are the kinds that the checks of each kind read. `released` are the kinds that had a round. If `is_patient`,
    a round waits until all that is read has come, however long that takes: nobody looks yet.
    """

    def __init__(self, state: ClusterState, reads: Mapping[Kind | None, Set[Kind]]) -> None:
        self._state = state
        self._reads = reads
        self.is_patient = False
        self.released: set[Kind | None] = set()
        self._waiting: dict[Kind | None, float | None] = {}
        self._loaded: dict[Kind | None, dict[Kind, int]] = {}

    def __contains__(self, kind: Kind | None) -> bool:
        """Whether the objects of a kind wait."""
        return kind in self._waiting

    def all_wait(self, kinds: Iterable[Kind | None]) -> bool:
        """Whether each of these kinds waits, and each that had a round."""
        return all(kind is None or kind in self._waiting for kind in (*kinds, *self.released))

    def wait(self, kind: Kind | None) -> None:
        """The objects of a kind wait for the next round, from when `due` is called."""
        self._waiting.setdefault(kind, None)

    def end(self) -> None:
        """Nothing waits any longer."""
        self.released.update(self._waiting)
        self._waiting.clear()

    def next_due(self) -> float:
        """When the first round begins at the latest, in epoch seconds; infinite if none waits."""
        waits = (since + self._patience(kind) for kind, since in self._waiting.items() if since is not None)
        return min(waits, default=math.inf)

    def due(self, now: float) -> Iterator[Kind | None]:
        """Begin rounds: yield the kinds that waited for others that are now settled, or that waited too long."""
        for kind, noted in list(self._waiting.items()):
            since = self._waiting[kind] = now if noted is None else min(noted, now)
            is_known = now == math.inf or all(map(self._state.is_settled, self._reads[kind]))
            if not is_known and now - since < self._patience(kind):
                continue
            if is_known or not self._grows(kind):
                del self._waiting[kind]
            else:
                # Each object that comes would have others evaluated again: all of them wait for another round.
                self._waiting[kind] = now
            self.released.add(kind)
            yield kind

    def _patience(self, kind: Kind | None) -> float:
        if self.is_patient:
            return math.inf
        return PATIENCE_AFTER if kind in self.released else PATIENCE

    def _grows(self, kind: Kind | None) -> bool:
        """Whether lists that the checks of a kind read are loading, and got longer since the last round."""
        loading = [other for other in self._reads[kind] if not self._state.is_settled(other)]
        before = self._loaded.get(kind, {})
        loaded = self._loaded[kind] = {
            other: progress.loaded for other in loading if (progress := self._state.progress.get(other)) is not None
        }
        return any(number > before.get(other, 0) for other, number in loaded.items())
