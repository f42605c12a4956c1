"""Which rows of a table are flagged, and how many of them there are in some namespaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from dsview.core.finding import Severity
from dsview.kinds.metadata import Key


class RowFlags:
    """The worst severity of each flagged row. `by_severity` has their keys, the worst severity first."""

    def __init__(self) -> None:
        self.by_severity: dict[Severity, set[Key]] = {severity: set() for severity in Severity}
        self._of: dict[Key, Severity] = {}
        self._in_namespace: dict[Severity, Counter[str]] = {severity: Counter() for severity in Severity}

    def __contains__(self, key: Key) -> bool:
        return key in self._of

    def set(self, key: Key, severity: Severity | None) -> None:
        """Set the worst severity of a row; None if it is not flagged."""
        before = self._of.pop(key, None)
        if before is not None:
            self.by_severity[before].discard(key)
            self._in_namespace[before][key[0]] -= 1
        if severity is not None:
            self._of[key] = severity
            self.by_severity[severity].add(key)
            self._in_namespace[severity][key[0]] += 1

    def clear(self) -> None:
        """No row is flagged."""
        self._of.clear()
        for severity in Severity:
            self.by_severity[severity].clear()
            self._in_namespace[severity].clear()

    def count(self, namespaces: Collection[str] | None) -> dict[Severity, int]:
        """The number of flagged rows of these namespaces and of cluster-wide objects; None counts all.

        Half of the rows may be flagged, so they are not gone through.
        """
        if namespaces is None:
            return {severity: len(keys) for severity, keys in self.by_severity.items()}
        inside = {"", *namespaces}
        return {severity: sum(map(numbers.__getitem__, inside)) for severity, numbers in self._in_namespace.items()}
