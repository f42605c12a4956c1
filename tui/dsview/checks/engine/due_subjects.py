"""The subjects and the cluster-wide checks that the engine still has to evaluate, each once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from dsview.checks.engine.finding_index import SubjectKey
from dsview.kinds.kind import Kind


class DueSubjects:
    """A queue. A sweep covers all objects of a kind. Subjects that are added during a sweep follow after it.

    `cluster_wide` are the codes of the cluster-wide checks that are due.
    """

    def __init__(self) -> None:
        self.cluster_wide: set[str] = set()
        self._added: dict[SubjectKey, None] = {}
        self._sweeps: deque[tuple[Kind | None, Iterator[SubjectKey]]] = deque()

    def __bool__(self) -> bool:
        """Whether anything is due."""
        return bool(self._added or self.cluster_wide or self._sweeps)

    def add(self, key: SubjectKey) -> None:
        """Add a subject."""
        self._added[key] = None

    def replace(self, keys: Iterable[SubjectKey]) -> None:
        """Replace all subjects and sweeps."""
        self._added = dict.fromkeys(keys)
        self._sweeps.clear()

    def sweep(self, kind: Kind, keys: Iterator[SubjectKey]) -> None:
        """Add all objects of a kind. Replaces a running sweep of the kind, whose remaining objects are included."""
        self._sweeps = deque(sweep for sweep in self._sweeps if sweep[0] is not kind)
        self._sweeps.append((kind, keys))

    def next(self) -> SubjectKey | None:
        """Remove and return the next subject; None if there is none."""
        if self._added and not self._sweeps:
            self._sweeps.append((None, iter(self._added)))
            self._added = {}
        while self._sweeps:
            for key in self._sweeps[0][1]:
                return key
            self._sweeps.popleft()
            if not self._sweeps and self._added:
                return self.next()
        return None
