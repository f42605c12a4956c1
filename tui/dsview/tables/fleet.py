"""The rows of a fleet, sorted and filtered: one for each cluster, or one for each finding of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, cast

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.fleet import Contact, FleetFinding, Member
from dsview.core.finding import Finding
from dsview.kinds.metadata import Key
from dsview.tables.cells import Column, Row
from dsview.tables.filter import Filter, compile_filter
from dsview.tables.fleet_row import (
    CLUSTER_COLUMNS,
    FINDING_COLUMNS,
    as_findings,
    cluster_key,
    cluster_row,
    finding_row,
)
from dsview.tables.header import age_text
from dsview.tables.pane import Attribute, Pane
from dsview.tables.pane_spec import PaneSpec
from dsview.tables.sort_keys import number_sort


class _CachedRow(NamedTuple):
    """A row, and what it was made from."""

    source: object
    age: str
    row: Row


class FleetRows(ABC):
    """Rows of a fleet. Without a sort column, the worst come first.

    `pane` and `session` are for compiling a filter and for its suggestions.
    """

    columns: ClassVar[tuple[Column, ...]]
    spec: ClassVar[PaneSpec]
    filter_columns: ClassVar[Mapping[str, str]]
    """The columns that a filter can name, by its keys."""

    def __init__(self, members: Sequence[Member], now: float) -> None:
        self._members = {member.context: member for member in members}
        self._now = now
        self.sort_column: str | None = None
        self.descending = False
        self.filter_text = ""
        self.only_findings = False
        self._ordered_keys: list[Key] = []
        self._keys: list[Key] = []
        self._index: dict[Key, int] = {}
        self._filter: Filter | None = None
        self._cache: dict[Key, _CachedRow] = {}
        self.pane = self._make_pane()
        # The functions of this pane use these rows and never the view.
        self.session = cast(ClusterView, None)
        self._reorder()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def total(self) -> int:
        """The number of rows without a filter."""
        return len(self._ordered_keys)

    def row(self, index: int) -> Row:
        """The row at a position."""
        return self._row(self._keys[index])

    def key_at(self, index: int) -> Key:
        """The key at a position."""
        return self._keys[index]

    def index_of(self, key: Key) -> int | None:
        """The position of a row; None if it is not shown."""
        return self._index.get(key)

    @abstractmethod
    def cluster_of(self, key: Key) -> str:
        """The cluster of a row."""

    @abstractmethod
    def finding_of(self, key: Key) -> FleetFinding | None:
        """The finding of a row; None for the row of a cluster."""

    def update(self, members: Sequence[Member], now: float) -> None:
        """Replace the clusters by their current state."""
        self._members = {member.context: member for member in members}
        self._now = now
        self._reorder()

    def set_filter(self, text: str) -> None:
        """Show only matching rows. Raises `FilterError` and changes nothing if the filter is invalid."""
        self._filter = compile_filter(text, self.pane, self.session)
        self.filter_text = text
        self._select()

    def set_only_findings(self, only_findings: bool) -> None:
        """Show only clusters with findings, and those that could not be read completely."""
        self.only_findings = only_findings
        self._select()

    def set_sort(self, column_id: str | None, descending: bool = False) -> None:
        """Sort by a column. With None, the worst come first."""
        self.sort_column, self.descending = column_id, descending
        self._reorder()

    @abstractmethod
    def _worst_first(self, members: Sequence[Member]) -> list[Key]:
        """The keys of all rows, the worst first. `members` are in that order."""

    @abstractmethod
    def _is_flagged(self, key: Key) -> bool:
        """Whether a row is shown with `only_findings`."""

    @abstractmethod
    def _source(self, key: Key) -> object:
        """What a row is made from, besides its age."""

    @abstractmethod
    def _age(self, key: Key) -> str:
        """The age that a row shows; empty if it shows none."""

    @abstractmethod
    def _make_row(self, key: Key) -> Row:
        """A row, newly made."""

    @abstractmethod
    def _findings(self, key: Key) -> Sequence[FleetFinding]:
        """The findings that a row is about."""

    @abstractmethod
    def _codes_besides_cells(self, key: Key) -> Sequence[str]:
        """The codes of checks by which a row is found although no cell shows them."""

    def _reorder(self) -> None:
        members = sorted(self._members.values(), key=lambda member: (*member.rank, member.name))
        self._ordered_keys = self._worst_first(members)
        if self.sort_column is not None:
            ranks = {key: self._rank(key, self.sort_column) for key in self._ordered_keys}
            self._ordered_keys.sort(key=lambda key: ranks[key], reverse=self.descending)
        self._select()

    def _select(self) -> None:
        keys = [key for key in self._ordered_keys if not self.only_findings or self._is_flagged(key)]
        if self._filter is not None:
            keys = self._filter.select(keys, self._haystacks)
        self._keys = keys
        self._index = {key: index for index, key in enumerate(keys)}

    def _row(self, key: Key) -> Row:
        """The row. If nothing changed, it is the same object as before, so that it need not be painted again."""
        source, age = self._source(key), self._age(key)
        cached = self._cache.get(key)
        if cached is None or cached.source is not source or cached.age != age:
            cached = self._cache[key] = _CachedRow(source, age, self._make_row(key))
        return cached.row

    def _exported(self, key: Key, column: str) -> str:
        """The whole text of a cell."""
        index = [each.id for each in self.columns].index(column)
        return self._row(key).cells[index].exported

    def _rank(self, key: Key, column: str) -> str:
        text = self._exported(key, column).replace(",", "")
        having, _, total = text.partition("/")
        if having.isdigit():
            # By the number that lack the family, then by the number that have it.
            lacking = int(total) - int(having) if total.isdigit() else 0
            return number_sort(lacking) + number_sort(int(having))
        return text.lower() or "\xff"

    def _haystacks(self, keys: Sequence[Key]) -> list[str]:
        haystacks: list[str] = []
        for key in keys:
            texts = [cell.text for cell in self._row(key).cells]
            haystacks.append(" ".join((*texts, *self._codes_besides_cells(key))).lower())
        return haystacks

    def _make_pane(self) -> Pane:
        def values_of(column: str) -> Attribute:
            return lambda _view, keys: [[self._exported(key, column)] for key in keys]

        def findings(_view: ClusterView, key: Key) -> tuple[Finding, ...]:
            return tuple(as_findings(self._findings(key)))

        return Pane(
            spec=self.spec,
            kinds=(),
            columns=self.columns,
            keys=lambda _view: self._ordered_keys,
            row=lambda _view, key: self._row(key),
            ranks=lambda _view, column, keys: [self._rank(key, column) for key in keys],
            haystacks=lambda _view, keys: self._haystacks(keys),
            affected=lambda _view, _delta: None,
            findings=findings,
            contains=lambda _view, key: key in self._index,
            attributes={key: values_of(column) for key, column in self.filter_columns.items()},
        )


class ClusterRows(FleetRows):
    """A row for each cluster."""

    columns = CLUSTER_COLUMNS
    spec = PaneSpec(id="fleet", title="Clusters", singular="cluster")
    filter_columns: ClassVar[Mapping[str, str]] = {
        "mode": "mode",
        "version": "version",
        "cluster": "name",
        "state": "contact",
    }

    def cluster_of(self, key: Key) -> str:
        """The cluster of a row."""
        _, context = key
        return context

    def finding_of(self, key: Key) -> FleetFinding | None:
        """Always None."""
        return None

    def _member(self, key: Key) -> Member:
        return self._members[self.cluster_of(key)]

    def _worst_first(self, members: Sequence[Member]) -> list[Key]:
        return [cluster_key(member) for member in members]

    def _is_flagged(self, key: Key) -> bool:
        member = self._member(key)
        return member.contact is Contact.FAILED or member.is_partial or member.worst is not None

    def _source(self, key: Key) -> object:
        return self._member(key)

    def _age(self, key: Key) -> str:
        return age_text(self._now - self._member(key).read_at)

    def _make_row(self, key: Key) -> Row:
        return cluster_row(self._member(key), self._now)

    def _findings(self, key: Key) -> Sequence[FleetFinding]:
        return self._member(key).findings

    def _codes_besides_cells(self, key: Key) -> Sequence[str]:
        return [finding.check for finding in self._member(key).findings]


class FleetFindingRows(FleetRows):
    """A row for each finding of all clusters."""

    columns = FINDING_COLUMNS
    spec = PaneSpec(id="fleet", title="Findings", singular="finding")
    filter_columns: ClassVar[Mapping[str, str]] = {"cluster": "cluster", "family": "family", "name": "object"}

    def __init__(self, members: Sequence[Member], now: float) -> None:
        self._by_key: dict[Key, tuple[Member, FleetFinding]] = {}
        super().__init__(members, now)

    def cluster_of(self, key: Key) -> str:
        """The cluster of a row."""
        context, _ = key
        return context

    def finding_of(self, key: Key) -> FleetFinding | None:
        """The finding of a row; None if it no longer exists."""
        if key not in self._by_key:
            return None
        _, finding = self._by_key[key]
        return finding

    def _worst_first(self, members: Sequence[Member]) -> list[Key]:
        self._by_key = {
            (member.context, str(number)): (member, finding)
            for member in members
            for number, finding in enumerate(member.findings)
        }
        return [key for key, _ in sorted(self._by_key.items(), key=lambda item: item[1][1].severity.rank)]

    def _is_flagged(self, key: Key) -> bool:
        return True

    def _source(self, key: Key) -> object:
        _, finding = self._by_key[key]
        return finding

    def _age(self, key: Key) -> str:
        return ""

    def _make_row(self, key: Key) -> Row:
        return finding_row(key, *self._by_key[key])

    def _findings(self, key: Key) -> Sequence[FleetFinding]:
        _, finding = self._by_key[key]
        return (finding,)

    def _codes_besides_cells(self, key: Key) -> Sequence[str]:
        return ()
