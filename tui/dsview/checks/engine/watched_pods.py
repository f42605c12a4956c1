"""Pods whose changes require subjects to be evaluated again although these do not select them."""

from __future__ import annotations

from collections.abc import Set

from dsview.checks.engine.finding_index import SubjectKey
from dsview.kinds.metadata import Key


class WatchedPods:
    """The pods, existing or not, that the checks of each subject read, and the subjects of each pod."""

    def __init__(self) -> None:
        self.by_subject: dict[SubjectKey, frozenset[Key]] = {}
        self._subjects: dict[Key, set[SubjectKey]] = {}

    def __contains__(self, key: SubjectKey) -> bool:
        return key in self.by_subject

    def subjects_of(self, pod: Key) -> Set[SubjectKey]:
        """The subjects whose checks read a pod."""
        return self._subjects.get(pod, frozenset())

    def watch(self, key: SubjectKey, pods: frozenset[Key]) -> None:
        """Evaluate the subject again if one of these pods changes. Replaces the pods of earlier calls."""
        before = self.by_subject.pop(key, frozenset())
        for pod in before - pods:
            subjects = self._subjects[pod]
            subjects.discard(key)
            if not subjects:
                del self._subjects[pod]
        for pod in pods - before:
            self._subjects.setdefault(pod, set()).add(key)
        if pods:
            self.by_subject[key] = pods
