"""What the engine still has to evaluate: subjects, each once, and checks of the whole cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from dsview.checks.engine.finding_index import SubjectKey
from dsview.kinds.kind import Kind


class DueSubjects:
    """A queue. A sweep evaluates all objects of a kind; subjects that are added meanwhile follow after it.

    `wide` are the codes of the due checks of the whole cluster.
    """

    def __init__(self) -> None:
        self.wide: set[str] = set()
        self._added: dict[SubjectKey, None] = {}
        self._sweeps: deque[tuple[Kind | None, Iterator[SubjectKey]]] = deque()

    def __bool__(self) -> bool:
        """Whether anything is due."""
        return bool(self._added or self.wide or self._sweeps)

    def add(self, key: SubjectKey) -> None:
        """A subject is due."""
        self._added[key] = None

    def replace(self, keys: Iterable[SubjectKey]) -> None:
        """Only these subjects are due."""
        self._added = dict.fromkeys(keys)
        self._sweeps.clear()

    def sweep(self, kind: Kind, keys: Iterator[SubjectKey]) -> None:
        """All objects of a kind are due. A sweep that already runs is restarted: this one covers the rest of it."""
        self._sweeps = deque(sweep for sweep in self._sweeps if sweep[0] is not kind)
        self._sweeps.append((kind, keys))

    def next(self) -> SubjectKey | None:
        """Take the next subject; None if there is none."""
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
