"""Which subjects have to be asked again when a pod changes that they do not select."""

from __future__ import annotations

from collections.abc import Set

from dsview.checks.engine.finding_index import SubjectKey
from dsview.kinds.metadata import Key


class WatchedPods:
    """For each subject the pods that its checks asked for, there or not, and the same the other way round."""

    def __init__(self) -> None:
        self.by_subject: dict[SubjectKey, frozenset[Key]] = {}
        self._subjects: dict[Key, set[SubjectKey]] = {}

    def __contains__(self, key: SubjectKey) -> bool:
        return key in self.by_subject

    def subjects_of(self, pod: Key) -> Set[SubjectKey]:
        """The subjects that asked for a pod."""
        return self._subjects.get(pod, frozenset())

    def watch(self, key: SubjectKey, pods: frozenset[Key]) -> None:
        """Ask the subject again when one of these pods changes, instead of those of before."""
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
