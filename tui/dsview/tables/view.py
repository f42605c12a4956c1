"""The rows of a pane that a table shows, and their order. Processes changes without visiting unchanged objects."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from heapq import nsmallest
from itertools import islice

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.analysis.family_coverage import COUNTED, counted
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.registry import RESOURCES
from dsview.listeners.registry import plural_of
from dsview.sources.events import Health
from dsview.tables.cells import UNREAD, Row
from dsview.tables.filter import Filter, FilterError, compile_filter, narrows
from dsview.tables.ordering import Ordering, index_in
from dsview.tables.pane import Pane
from dsview.tables.row_flags import RowFlags
from dsview.tables.search import Preparation, RowTexts, Search

__all__ = ["FilterError", "TableView"]

_CACHED_ROWS = 400

_DENSE = 20
"""The part of the rows, as a divisor, that is flagged if the first flagged rows are found soon."""

_MAX_SORTED = 200
"""The number of flagged rows above which they are not sorted, because that would take as long as a frame."""


class TableView:
    """The rows of one pane: `len(view)` and `view.row(i)`. `version` grows whenever a row may have changed.

    A filter is applied in slices: while `is_searching`, the rows found so far are shown, and `work` continues. The
    first slice takes at most `first_slice` seconds. `trouble` says why a search ended early.
    """

    def __init__(self, pane: Pane, view: ClusterView, *, first_slice: float = math.inf) -> None:
        self.pane = pane
        self.session = view
        self._first_slice = first_slice
        self.version = 0
        self.filter_text = ""
        self.only_findings = False
        self.sort_column: str | None = None
        self.descending = False
        self.namespaces: frozenset[str] | None = None
        self.trouble = Safe("")
        self._filter: Filter | None = None
        self._texts = RowTexts(self._read_texts)
        self._search: Search | None = None
        self._preparation: Preparation | None = None
        self._by_name = Ordering(())
        self._by_column: Ordering | None = None
        self._keys: list[Key] = []
        self._dirty: set[Key] = set()
        self._flags = RowFlags()
        self._rows: dict[Key, Row | None] = {}
        self._total = 0
        self._found: set[Key] = set()
        for finding in view.findings:
            if finding.object.kind == pane.flag_kind:
                self._flag(finding.object)
        self._rebuild()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def total(self) -> int:
        """The number of rows without the filter."""
        return self._total

    @property
    def counted(self) -> Safe:
        """The number of rows that the overview counts, such as `54 running`; empty if it counts all."""
        layer = self.pane.layer
        number = counted(self.session, layer) if layer is not None else None
        if layer is None or number in (None, self._total) or layer not in COUNTED:
            return Safe("")
        return safe(f"{number:,} {COUNTED[layer]}")

    @property
    def amount(self) -> Safe:
        """The number of shown rows, for the title: `19`, `3 of 19`, `1,200 so far`; `?` if they were not read."""
        kind = self.pane.kinds[0]
        if not self.session.state.is_known(kind):
            is_loading = self.session.state.status(kind).health is Health.LOADING
            so_far = f"{self._total:,} so far" if self._total else "loading" if is_loading else UNREAD
            return safe(so_far)
        shown = len(self._keys)
        return safe(f"{shown:,}" if shown == self._total else f"{shown:,} of {self._total:,}")

    @property
    def flagged(self) -> dict[Severity, int]:
        """The number of shown rows, by worst severity."""
        if self._filter is None:
            return self._flags.count(self.namespaces)
        return {severity: len(self._shown_of(keys)) for severity, keys in self._flags.by_severity.items()}

    def _shown_of(self, keys: set[Key]) -> set[Key]:
        """Those of the keys whose rows are shown. The cost depends on the number of keys, not on that of rows."""
        if len(self._keys) == self._total:
            return keys
        if self._filter is not None:
            return keys & self._found
        wanted = self.namespaces
        return keys if wanted is None else {key for key in keys if not key[0] or key[0] in wanted}

    def worst(self, most: int) -> list[Key]:
        """The worst of the shown rows, at most `most`.

        They are sorted by their findings or, if many rows have the same severity, in the order of the table.
        """
        found: list[Key] = []
        for keys in self._flags.by_severity.values():
            wanted = most - len(found)
            if len(keys) * _DENSE > len(self._keys) and len(keys) > _MAX_SORTED:
                # Many rows are flagged, so the first few in table order are found quickly.
                found += islice(filter(keys.__contains__, self._keys), wanted)
                shown: set[Key] = set()
            else:
                shown = self._shown_of(keys)
            if len(shown) > _MAX_SORTED and self._by_column is None:
                found += nsmallest(wanted, shown)
            elif len(shown) > _MAX_SORTED:
                found += islice(filter(shown.__contains__, self._keys), wanted)
            elif shown:
                found += self._worst_of(shown)[:wanted]
            if len(found) >= most:
                return found
        degraded = self.pane.degraded(self.session)
        if degraded:
            rest = (key for key in degraded if key not in self._flags and self.index_of(key) is not None)
            found += nsmallest(most - len(found), rest)
        return found

    def _worst_of(self, keys: Collection[Key]) -> list[Key]:
        named = sorted(keys)
        return [key for _, key in sorted(zip(self.pane.ranks(self.session, "flags", named), named, strict=True))]

    @property
    def inapplicable(self) -> tuple[str, ...]:
        """The keys of the filter that rows of this pane do not have."""
        return self._filter.inapplicable if self._filter is not None else ()

    def key_at(self, index: int) -> Key:
        """The key of a row."""
        return self._keys[index]

    def row(self, index: int) -> Row:
        """A row. It is empty if its object was just deleted, until the next refresh."""
        key = self._keys[index]
        if key not in self._rows:
            if len(self._rows) > _CACHED_ROWS:
                for old in list(islice(self._rows, _CACHED_ROWS // 2)):
                    del self._rows[old]
            self._rows[key] = self.pane.row(self.session, key)
        return self._rows[key] or Row(key, ())

    def index_of(self, key: Key) -> int | None:
        """The position of a row; None if it is not shown."""
        return index_in(self._keys, key, by_name=self._by_column is None)

    def set_filter(self, text: str) -> None:
        """Show only matching rows. If that takes longer than the first slice, `work` continues.

        Raises `FilterError` and changes nothing if the filter is invalid.
        """
        wanted = compile_filter(text, self.pane, self.session)
        is_narrower = self._filter is not None and not self.is_searching and narrows(self.filter_text, text)
        self.filter_text, self._filter = text, wanted
        if wanted is None:
            self._texts.clear()
            self._preparation = None
        self._begin_search(self._keys if is_narrower else self._order.keys)

    @property
    def is_searching(self) -> bool:
        """Whether a filter has not checked every row yet."""
        return self._search is not None

    @property
    def has_work(self) -> bool:
        """Whether `work` has something to do."""
        return self._search is not None or self._preparation is not None

    def prepare(self) -> None:
        """Prepare for a filter that will be typed, while `work` is called."""
        if self._filter is None:
            self._preparation = Preparation(self._texts, self._order.keys)

    def work(self, seconds: float) -> bool:
        """Continue a search or its preparation for about this time. Returns whether the shown rows changed."""
        until = time.perf_counter() + seconds
        if self._search is None:
            if self._preparation is not None and self._preparation.work(until):
                self._preparation = None
            return False
        search = self._search
        known = len(search.found)
        is_over = False
        try:
            search.work(until)
        except TimeoutError:
            self.trouble = Safe("The pattern takes too long; not every row was checked.")
            is_over = True
        self._keys = search.found
        self._found.update(islice(search.found, known, None))
        self.version += 1
        if search.is_done or is_over:
            self._search = None
            dirty, self._dirty = self._dirty, set()
            if dirty:
                self._merge(dirty)
        return True

    def set_only_findings(self, only: bool) -> None:
        """Show only flagged rows, or all."""
        self.only_findings = only
        self._rebuild()

    def set_sort(self, column_id: str | None, descending: bool = False) -> None:
        """Sort by a column, then by namespace and name. None means the default column of the pane, if it has one."""
        self.sort_column, self.descending = column_id, descending
        self._sort()
        self._begin_search(self._order.keys)

    def set_namespaces(self, namespaces: frozenset[str] | None) -> None:
        """Show only objects of these namespaces and cluster-wide ones; None shows all."""
        self.namespaces = namespaces
        self._rebuild()

    def refresh(self, delta: Delta) -> bool:
        """Process changes. Returns whether a shown row may have changed."""
        keys = self.pane.affected(self.session, delta)
        self._update_flags(delta, keys)
        if keys is None:
            # Any text may have changed, so a filter must not use cached ones.
            self._texts.clear()
            self._rebuild()
            return True
        is_affected = self.pane.affects_visible_rows(self.session, delta)
        if is_affected:
            self._rows.clear()
            self.version += 1
        if not keys and not self._dirty:
            return is_affected
        for key in keys:
            self._rows.pop(key, None)
        self._texts.forget(keys)
        self._dirty |= keys
        # While a list loads, rows are merged in ever larger portions, so that the total cost stays small.
        is_loading = any(not self.session.state.is_settled(kind) for kind in self.pane.kinds)
        if self.is_searching or (is_loading and len(self._dirty) < len(self._order) // 20):
            return is_affected
        dirty, self._dirty = self._dirty, set()
        self._merge(dirty)
        return True

    @property
    def _order(self) -> Ordering:
        """Every row before filtering by text, in the order of the table."""
        return self._by_column or self._by_name

    def _update_flags(self, delta: Delta, keys: set[Key] | None) -> None:
        kind = self.pane.flag_kind
        if not kind:
            if keys is None:
                found = ((key, self.pane.findings(self.session, key)) for key in self.pane.keys(self.session))
                self._flags.clear()
                for key, fs in found:
                    self._flags.set(key, min((f.severity for f in fs), key=lambda s: s.rank, default=None))
            return
        for ref in delta.findings:
            if ref.kind == kind:
                self._flag(ref)

    def _flag(self, ref: ObjectRef) -> None:
        key = (ref.namespace or "", ref.name)
        found = self.session.findings.of(ref)
        self._flags.set(key, found[0].severity if found else None)

    def _read_texts(self, keys: Sequence[Key]) -> list[str]:
        flags, findings = self._flags, self.pane.findings
        return [
            f"{text} {' '.join(f.check for f in findings(self.session, key))}" if key in flags else text
            for key, text in zip(keys, self.pane.haystacks(self.session, keys), strict=True)
        ]

    def _is_wanted(self, key: Key) -> bool:
        """Whether the row is shown, as far as namespaces and flags decide."""
        if self.namespaces is not None and key[0] and key[0] not in self.namespaces:
            return False
        return not self.only_findings or key in self._flags

    def _matching(self, wanted: Filter, keys: Iterable[Key]) -> set[Key]:
        found: set[Key] = set()
        for key in keys:
            # One by one, because a pattern may time out on one row and not on others.
            with suppress(TimeoutError):
                found.update(wanted.select([key], self._texts.of))
        return found

    def _rebuild(self) -> None:
        self._rows.clear()
        self._dirty.clear()
        self._preparation = None
        if not self.pane.flag_kind:
            self._update_flags(Delta(), None)
        everything = list(self.pane.keys(self.session))
        self._total = len(everything)
        if self.namespaces is not None or self.only_findings:
            everything = [key for key in everything if self._is_wanted(key)]
        self._by_name = Ordering(everything)
        self._sort()
        self._begin_search(self._order.keys)

    def _sort(self) -> None:
        column = self.sort_column or self.pane.grouped_by
        if not column:
            self._by_column = None
            return
        ranks = partial(self.pane.ranks, self.session, column)
        self._by_column = self._by_name.ranked(ranks, descending=self.descending)

    def _begin_search(self, keys: list[Key]) -> None:
        self.trouble = Safe("")
        self.version += 1
        self._found = set()
        if self._filter is None:
            self._search = None
            self._keys = self._order.keys
            return
        self._search = Search(self._filter, self._texts, keys)
        self.work(self._first_slice)

    def _merge(self, keys: set[Key]) -> None:
        """Update some rows: whether they exist and match, and their positions."""
        self._total = sum(1 for _ in self.pane.keys(self.session)) if not self.pane.flag_kind else self._count()
        present = {key for key in keys if self.pane.contains(self.session, key) and self._is_wanted(key)}
        self.version += 1
        self._by_name.replace(keys - present, present)
        if self._by_column is not None:
            self._by_column.replace(keys - present, present)
        if self._filter is None:
            self._keys = self._order.keys
            return
        matching = self._matching(self._filter, present)
        self._found.difference_update(keys)
        self._found |= matching
        self._keys = self._order.merged_into(self._keys, keys, matching)

    def _count(self) -> int:
        return len(self.session.state.store(self.pane.kinds[0]))

    def status_line(self) -> Safe:
        """Why the pane is empty or incomplete: loading, refused, stale, or nothing matches; otherwise empty."""
        state = self.session.state
        for kind in self.pane.kinds:
            status = state.status(kind)
            name = plural_of(kind)
            if kind is Kind.PROXY_LISTENERS and status.health is Health.REFUSED and status.reason:
                # The reason says whether it was refused or not available.
                return safe(f"{name}: {status.reason}")
            if status.health in _TROUBLES:
                reason = f" ({status.reason})" if status.reason else ""
                return safe(f"{name}: {_TROUBLES[status.health]}{reason}")
            if status.health is Health.LOADING and kind in RESOURCES:
                progress = state.progress.get(kind)
                total = f" of {progress.total:,}" if progress is not None and progress.total else ""
                return safe(f"Loading… {progress.loaded:,}{total}" if progress is not None else "Loading…")
        if self._keys:
            return Safe("")
        if self.is_searching:
            return Safe("Searching…")
        if self._total and self.inapplicable:
            keys = " and ".join(f"{name}:" for name in self.inapplicable)
            return safe(f"{self.pane.title} have no {keys}. Esc shows all.")
        if self._total and self.namespaces is not None and not (self.filter_text or self.only_findings):
            which = "namespace" if len(self.namespaces) == 1 else "namespaces"
            return safe(f"None of {self._total:,} in the selected {which}. n selects others.")
        if self._total:
            return safe(f"None of {self._total:,} match. Esc shows all.")
        return safe(self.pane.empty)


_TROUBLES = {
    Health.REFUSED: "not permitted",
    Health.ABSENT: "not served by this cluster",
    Health.NOT_GIVEN: "not given",
    Health.FAILED: "could not be read",
    Health.STALE: "connection lost, last known state",
}
