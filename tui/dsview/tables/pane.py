"""The definition of a pane: its columns, and the functions that make its rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES, Family, by_family
from dsview.core.finding import Finding, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.tables.cells import GAP, NONE, UNREAD, Cell, Column, Row, Tone
from dsview.tables.facts import Parts
from dsview.tables.flags import Remark, flagged_cells, flags_text, flags_words
from dsview.tables.pane_spec import PaneSpec

NOTHING = Cell(NONE, Tone.MUTED)
"""A cell without a value, where none is expected."""

NOT_READ = Cell(UNREAD, Tone.MUTED)
"""A cell whose value is unknown, because it was not read."""

NO_REMARK = Remark()

MISSING = Cell(GAP, Tone.GAP)
"""A cell whose value is missing."""


Attribute = Callable[[ClusterView, Sequence[Key]], Iterable[Iterable[str]]]
"""Returns the values of an attribute for each of these rows, for filters."""


class Pane(msgspec.Struct, frozen=True, kw_only=True):
    """A pane, as tables, filters, details and exports use it.

    Attributes:
        spec: Its names.
        kind: The kind of its rows, by which details and traces are requested; None if rows have no detail.
        kinds: The kinds from which rows are made.
        keys: The keys of all rows.
        row: The row with a key; None if it no longer exists.
        ranks: The sort keys of rows for a column, one string for each row.
        haystacks: The text of each row in which a filter searches for words and patterns, without codes of findings.
        affected: The rows that a delta may have changed; None for all rows.
        affects_visible_rows: Whether a delta may have changed the look of other rows, but not their position or text.
            Then the visible rows are rendered again.
        findings: The findings that flag a row.
        contains: Whether a row exists.
        attributes: The attributes of rows for filters (`filter_fields`).
        facts: The detail of a row's object.
        empty: The text of an empty pane.
        flag_kind: The kind whose findings flag the rows, if each row is one object.
        grouped_by: The column by which rows are sorted by default.
        layer: The layer of the overview that counts the rows.
        degraded: Rows without findings that need attention, such as Nodes that are not ready. The list of the worst
            rows has them after flagged ones.
    """

    spec: PaneSpec
    kind: Kind | None = None
    kinds: tuple[Kind, ...]
    columns: tuple[Column, ...]
    keys: Callable[[ClusterView], Iterable[Key]]
    row: Callable[[ClusterView, Key], Row | None]
    ranks: Callable[[ClusterView, str, Sequence[Key]], list[str]]
    haystacks: Callable[[ClusterView, Sequence[Key]], list[str]]
    affected: Callable[[ClusterView, Delta], set[Key] | None]
    findings: Callable[[ClusterView, Key], tuple[Finding, ...]]
    contains: Callable[[ClusterView, Key], bool]
    attributes: Mapping[str, Attribute]
    facts: Callable[[ClusterView, Any], Parts] | None = None
    empty: str = "Nothing here"
    flag_kind: str = ""
    grouped_by: str = ""
    affects_visible_rows: Callable[[ClusterView, Delta], bool] = lambda _view, _delta: False
    layer: LayerName | None = None
    degraded: Callable[[ClusterView], Collection[Key]] = lambda _view: ()

    @property
    def id(self) -> str:
        """The id, as in `dsview show`."""
        return self.spec.id

    @property
    def title(self) -> str:
        """The name on the screen."""
        return self.spec.title

    @property
    def column_ids(self) -> frozenset[str]:
        """The ids of the columns."""
        return frozenset(column.id for column in self.columns)


def text_cell(text: str, tone: Tone = Tone.PLAIN, *, value: str = "") -> Cell:
    """A cell of cluster text; `value` is the full text if it is shortened."""
    return Cell(safe(text), tone, value=safe(value)) if text else NOTHING


def make_row(
    view: ClusterView,
    key: Key,
    columns: tuple[Column, ...],
    cells: dict[str, Cell],
    findings: tuple[Finding, ...],
    *,
    remark: Remark = NO_REMARK,
) -> Row:
    """A row with these cells, in which its findings flag the cells that they are about.

    `remark` says why the row is incomplete or pending. It is shown after the findings.
    """
    if remark.text and not findings:
        cells["flags"] = Cell(safe(remark.text), Tone.REMARK, value=safe(remark.short))
    if findings:
        cells["flags"] = Cell(
            safe("  ".join(filter(None, (flags_words(view, findings), remark.text)))),
            flag=min((f.severity for f in findings), key=_rank),
            value=flags_text(view, findings),
        )
        for column, severity in flagged_cells(findings, frozenset(c.id for c in columns)).items():
            cell = cells.get(column, NOTHING)
            cells[column] = msgspec.structs.replace(cell, flag=severity)
    return Row(key, tuple(cells.get(column.id, NOTHING) for column in columns), findings)


def _rank(severity: Severity) -> int:
    return severity.rank


def gaps(row: Row | None, columns: tuple[Column, ...]) -> list[Family]:
    """The families in whose lanes the row has a gap."""
    pairs = zip(columns, row.cells, strict=True) if row is not None else ()
    return [column.lane for column, cell in pairs if column.lane and (cell.tone is Tone.GAP or cell.text == GAP)]


def gap_attribute(row: Callable[[ClusterView, Key], Row | None], columns: tuple[Column, ...]) -> Attribute:
    """The attribute of the families that a row lacks: those with a gap."""
    return lambda view, keys: [gaps(row(view, key), columns) for key in keys]


def lane_cells(name: str, texts: Iterable[str], wanted: Iterable[Family], primary: str = "") -> dict[str, Cell]:
    """The cells of an address in both lanes: the first one of the family, or a gap if one is expected."""
    addresses = by_family(texts)
    cells: dict[str, Cell] = {}
    for family, suffix in zip(FAMILIES, ("_v4", "_v6"), strict=True):
        values = addresses[family]
        if values:
            more = f" +{len(values) - 1}" if len(values) > 1 else ""
            tone = Tone.PRIMARY if primary and values[0] == primary else Tone.PLAIN
            cells[name + suffix] = Cell(safe(values[0] + more), tone, value=safe(",".join(values)))
        else:
            cells[name + suffix] = MISSING if family in wanted else NOTHING
    return cells
