"""What a table shows of a pane: which rows, in which order. Follows changes without looking at what did not change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice

from dsview.model.finding import ObjectRef, Severity
from dsview.model.kinds import RESOURCES
from dsview.model.objects import Key
from dsview.model.text import Safe, safe
from dsview.rows.cells import Row
from dsview.rows.filter import FilterError, Match, compile_filter, narrows
from dsview.rows.pane import Pane
from dsview.session.session import Delta, Session
from dsview.sources.events import Health

__all__ = ["FilterError", "TableView"]

_CACHED_ROWS = 400


class TableView:
    """The rows of one pane: `len(view)` of them, `view.row(i)`. `version` grows whenever one may look different."""

    def __init__(self, pane: Pane, session: Session) -> None:
        self.pane = pane
        self.session = session
        self.version = 0
        self.filter_text = ""
        self.only_findings = False
        self.sort_column: str | None = None
        self.descending = False
        self.namespaces: frozenset[str] | None = None
        self._match: Match | None = None
        self._keys: list[Key] = []
        self._rank: dict[Key, str] | None = None
        self._waiting: set[Key] = set()
        self._flags: dict[Key, Severity] = {}
        self._haystacks: dict[Key, str] = {}
        self._rows: dict[Key, Row | None] = {}
        self._total = 0
        for finding in session.book:
            if finding.object.kind == pane.flag_kind:
                self._flag(finding.object)
        self._rebuild()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def total(self) -> int:
        """How many rows there would be without filter."""
        return self._total

    @property
    def flagged(self) -> dict[Severity, int]:
        """How many rows have which worst severity, filtered or not."""
        counts = dict.fromkeys(Severity, 0)
        for severity in self._flags.values():
            counts[severity] += 1
        return counts

    def key_at(self, index: int) -> Key:
        """The key of a row."""
        return self._keys[index]

    def row(self, index: int) -> Row:
        """A row. One whose object has just gone is empty until the next refresh."""
        key = self._keys[index]
        if key not in self._rows:
            if len(self._rows) > _CACHED_ROWS:
                for old in list(islice(self._rows, _CACHED_ROWS // 2)):
                    del self._rows[old]
            self._rows[key] = self.pane.row(self.session, key)
        return self._rows[key] or Row(key, ())

    def index_of(self, key: Key) -> int | None:
        """Where a row is shown, or None."""
        if self._rank is not None:
            try:
                return self._keys.index(key)
            except ValueError:
                return None
        at = bisect_left(self._keys, key)
        return at if at < len(self._keys) and self._keys[at] == key else None

    def set_filter(self, text: str) -> None:
        """Show only what the filter finds. Raises `FilterError` and changes nothing where it cannot be understood."""
        match = compile_filter(text)
        is_narrower = self._match is not None and narrows(self.filter_text, text)
        self.filter_text, self._match = text, match
        if match is None:
            self._haystacks.clear()
        if is_narrower and match is not None:
            self._keys = [key for key in self._keys if match(self._haystack(key))]
            self.version += 1
        else:
            self._rebuild()

    def set_only_findings(self, only: bool) -> None:
        """Show only flagged rows, or all."""
        self.only_findings = only
        self._rebuild()

    def set_sort(self, column_id: str | None, descending: bool = False) -> None:
        """Sort by a column; None sorts by namespace and name. Rows that are equal stay in that order."""
        self.sort_column, self.descending = column_id, descending
        self._rebuild()

    def set_namespaces(self, namespaces: frozenset[str] | None) -> None:
        """Show only objects of these namespaces and cluster-wide ones; None shows all."""
        self.namespaces = namespaces
        self._rebuild()

    def refresh(self, delta: Delta) -> bool:
        """Take in what changed; whether anything shown may look different."""
        keys = self.pane.affected(self.session, delta)
        self._follow_flags(delta, keys)
        if keys is None:
            # Which texts changed is not known either: a filter must not go by what rows held before.
            self._haystacks.clear()
            self._rebuild()
            return True
        glanced = self.pane.glances(self.session, delta)
        if glanced:
            self._rows.clear()
            self.version += 1
        if not keys and not self._waiting:
            return glanced
        for key in keys:
            self._rows.pop(key, None)
            self._haystacks.pop(key, None)
        self._waiting |= keys
        # While a list pours in, rows are merged in ever larger portions, so that the sum of all merges stays small.
        is_loading = any(not self.session.state.is_settled(kind) for kind in self.pane.kinds)
        if is_loading and len(self._waiting) < len(self._keys) // 20:
            return glanced
        waiting, self._waiting = self._waiting, set()
        self._merge(waiting)
        return True

    def _follow_flags(self, delta: Delta, keys: set[Key] | None) -> None:
        kind = self.pane.flag_kind
        if not kind:
            if keys is None:
                found = ((key, self.pane.findings(self.session, key)) for key in self.pane.keys(self.session))
                self._flags = {key: min((f.severity for f in fs), key=lambda s: s.rank) for key, fs in found if fs}
            return
        for ref in delta.findings:
            if ref.kind == kind:
                self._flag(ref)

    def _flag(self, ref: ObjectRef) -> None:
        key = (ref.namespace or "", ref.name)
        found = self.session.book.of(ref)
        if found:
            self._flags[key] = found[0].severity
        else:
            self._flags.pop(key, None)

    def _haystack(self, key: Key) -> str:
        text = self._haystacks.get(key)
        if text is None:
            text = self._haystacks[key] = self.pane.haystack(self.session, key)
        return text

    def _is_wanted(self, key: Key) -> bool:
        if self.namespaces is not None and key[0] and key[0] not in self.namespaces:
            return False
        if self.only_findings and key not in self._flags:
            return False
        return self._match is None or self._match(self._haystack(key))

    def _sort_key(self, key: Key) -> str:
        return self.pane.sort_key(self.session, key, self.sort_column or "")

    def _rebuild(self) -> None:
        self._rows.clear()
        self._waiting.clear()
        if not self.pane.flag_kind:
            self._follow_flags(Delta(), None)
        everything = list(self.pane.keys(self.session))
        self._total = len(everything)
        if self.namespaces is not None or self.only_findings or self._match is not None:
            everything = [key for key in everything if self._is_wanted(key)]
        self._rank = None if self.sort_column is None else {key: self._sort_key(key) for key in everything}
        self._keys = self._ordered(everything)
        self.version += 1

    def _merge(self, keys: set[Key]) -> None:
        """Bring the rows of some keys up to date: there or gone, wanted or not, at their place."""
        self._total = sum(1 for _ in self.pane.keys(self.session)) if not self.pane.flag_kind else self._count()
        present = {key for key in keys if self.pane.contains(self.session, key) and self._is_wanted(key)}
        self.version += 1
        rank = self._rank
        if rank is None:
            shown = {key for key in keys if self.index_of(key) is not None}
            if shown == present:
                return
        else:
            ranks = {key: self._sort_key(key) for key in present}
            if all(rank.get(key) == value for key, value in ranks.items()) and not any(
                key in rank for key in keys - present
            ):
                return
            for key in keys:
                rank.pop(key, None)
            rank.update(ranks)
            shown = keys
        gone = shown - present if rank is None else keys
        new = present - shown if rank is None else present
        kept = [key for key in self._keys if key not in gone] if gone else self._keys
        self._keys = self._merged(kept, self._ordered(new))

    def _ordered(self, keys: Iterable[Key]) -> list[Key]:
        """Keys in the order of the table."""
        ordered = sorted(keys)
        if self._rank is not None:
            ordered.sort(key=self._rank.__getitem__, reverse=self.descending)
        return ordered

    def _merged(self, kept: list[Key], new: list[Key]) -> list[Key]:
        """Two ordered lists as one. Few new keys are put in by slices: sorting 150,000 anew takes ten times as long."""
        if len(new) > len(kept) // 8:
            return self._ordered(kept + new)
        merged: list[Key] = []
        start = 0
        for key in new:
            at = self._place(kept, key, start)
            merged += kept[start:at]
            merged.append(key)
            start = at
        merged += kept[start:]
        return merged

    def _place(self, keys: list[Key], key: Key, low: int) -> int:
        """Where a key belongs in an ordered list, at `low` or later."""
        rank = self._rank
        if rank is None:
            return bisect_left(keys, key, low)
        own = rank[key]
        high = len(keys)
        while low < high:
            middle = (low + high) // 2
            other = keys[middle]
            theirs = rank[other]
            is_before = other < key if theirs == own else (theirs > own) is self.descending
            low, high = (middle + 1, high) if is_before else (low, middle)
        return low

    def _count(self) -> int:
        return len(self.session.state.store(self.pane.kinds[0]))

    def status_line(self) -> Safe:
        """Why the pane is as it is, in a few words: loading, refused, stale, filtered to nothing; else empty."""
        state = self.session.state
        for kind in self.pane.kinds:
            status = state.status(kind)
            name = RESOURCES[kind].plural if kind in RESOURCES else "nginx.conf"
            if status.health in _TROUBLES:
                reason = f" ({status.reason})" if status.reason else ""
                return safe(f"{name}: {_TROUBLES[status.health]}{reason}")
            if status.health is Health.LOADING and kind in RESOURCES:
                progress = state.progress.get(kind)
                total = f" of {progress.total:,}" if progress is not None and progress.total else ""
                return safe(f"Loading… {progress.loaded:,}{total}" if progress is not None else "Loading…")
        if self._keys:
            return Safe("")
        if self._total:
            return safe(f"None of {self._total:,} match. Esc shows all.")
        return safe(_EMPTY.get(self.pane.id, "Nothing here"))


_TROUBLES = {
    Health.REFUSED: "not permitted",
    Health.ABSENT: "not served by this cluster",
    Health.NOT_GIVEN: "not given",
    Health.FAILED: "could not be read",
    Health.STALE: "connection lost, last known state",
}
_EMPTY = {
    "services": "No Services",
    "pods": "No Pods",
    "nodes": "No Nodes",
    "listeners": "No ingress-nginx controller was found",
}
