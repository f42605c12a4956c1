"""Makes panes in which each row is one object of a kind. What follows from the kind is derived here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.checks.engine.check import LayerName
from dsview.cluster.store import Store
from dsview.core.finding import Finding
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.tables.cells import Column, Row
from dsview.tables.facts import Parts
from dsview.tables.pane import Attribute, Pane, gap_attribute
from dsview.tables.pane_spec import PaneSpec
from dsview.tables.sort_keys import LAST, address_ranks, findings_sort, lane_of


class Labelled(Protocol):
    """The interface of objects that have a pane."""

    @property
    def namespace(self) -> str:
        """Empty for cluster-scoped kinds."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def key(self) -> Key:
        """The namespace and the name."""

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels."""


T = TypeVar("T", bound=Labelled)

Rank = Callable[[ClusterView, T], str]
"""The sort key of an object, as a string."""


class ObjectRows(Generic[T]):
    """The rows of a kind whose objects are `T`."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        # Comparing plain strings is faster than comparing members of an enumeration.
        self._name = kind.value

    def get(self, view: ClusterView, key: Key) -> T | None:
        """The object of a row; None if it no longer exists."""
        return self._store(view).get(key)

    def findings(self, view: ClusterView, key: Key) -> tuple[Finding, ...]:
        """The findings that flag a row, worst first."""
        return view.findings_of(self._name, *key)

    def attribute(self, read: Callable[[T], Iterable[str]]) -> Attribute:
        """An attribute whose values come from the object alone."""
        return self.attribute_in(lambda _view, item: read(item))

    def attribute_in(self, read: Callable[[ClusterView, T], Iterable[str]]) -> Attribute:
        """An attribute whose values also depend on the cluster."""

        def find(view: ClusterView, keys: Sequence[Key]) -> Iterable[Iterable[str]]:
            return [read(view, item) if item is not None else () for item in self._store(view).many(keys)]

        return find

    def pane(
        self,
        *,
        spec: PaneSpec,
        facts: Callable[[ClusterView, T], Parts],
        layer: LayerName,
        columns: tuple[Column, ...],
        row: Callable[[ClusterView, Key], Row | None],
        haystack: Callable[[T], str],
        addresses: Mapping[str, Callable[[Sequence[T | None]], list[Sequence[str]]]],
        ranks: Mapping[str, Rank[T]],
        attributes: Mapping[str, Attribute],
        read_too: tuple[Kind, ...] = (),
        also_affected: Callable[[ClusterView, Delta], Iterable[Key] | None] = lambda _view, _delta: (),
        affects_visible_rows: Callable[[ClusterView, Delta], bool] = lambda _view, _delta: False,
        degraded: Callable[[ClusterView], Collection[Key]] = lambda _view: (),
    ) -> Pane:
        """The pane. `Pane` describes the arguments that are not described here.

        `addresses` maps the common name of a pair of columns (`_v4` and `_v6`) to a function that reads, for many
        objects at once, the addresses by which they are sorted; `ranks` holds the sort keys of the other columns.
        `read_too` lists the other kinds from which rows are made. `also_affected` returns the rows that a delta may
        have changed although neither the object nor its findings changed, or None for all rows. Every pane also has
        the attributes `label` and `missing`.
        """
        rank_by: dict[str, Rank[T]] = {
            "namespace": lambda _view, item: item.namespace,
            "name": lambda _view, item: item.name,
            **ranks,
        }

        def rank_all(view: ClusterView, column: str, keys: Sequence[Key]) -> list[str]:
            if column == "flags" and column not in ranks:
                findings_of, name = view.findings_of, self._name
                return [findings_sort(findings) if (findings := findings_of(name, *key)) else LAST for key in keys]
            items = self._store(view).many(keys)
            read = addresses.get(column.removesuffix("_v4").removesuffix("_v6"))
            if read is not None:
                return address_ranks(read(items), lane_of(column))
            rank = rank_by[column]
            return [rank(view, item) if item is not None else LAST for item in items]

        def affected(view: ClusterView, delta: Delta) -> set[Key] | None:
            also = also_affected(view, delta)
            if delta.everything or also is None:
                return None
            keys = {change.key for change in delta.changes if change.kind is self.kind}
            keys.update((ref.namespace or "", ref.name) for ref in delta.findings if ref.kind == self._name)
            return keys.union(also)

        return Pane(
            spec=spec,
            kind=self.kind,
            kinds=(self.kind, *read_too),
            flag_kind=self.kind.value,
            facts=facts,
            layer=layer,
            empty=f"No {spec.title}",
            columns=columns,
            keys=lambda view: self._store(view).keys(),
            contains=lambda view, key: key in self._store(view),
            findings=self.findings,
            row=row,
            ranks=rank_all,
            haystacks=lambda view, keys: [
                haystack(item) if item is not None else "" for item in self._store(view).many(keys)
            ],
            affected=affected,
            attributes={
                "label": self.attribute(lambda item: [f"{name}={value}" for name, value in item.labels.items()]),
                "missing": gap_attribute(row, columns),
                **attributes,
            },
            affects_visible_rows=affects_visible_rows,
            degraded=degraded,
        )

    def _store(self, view: ClusterView) -> Store[T]:
        return view.state.store(self.kind)
