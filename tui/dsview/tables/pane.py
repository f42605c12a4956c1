"""The definition of a pane: its columns, and the functions that make rows from a session's objects."""

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
"""The values of an attribute for some rows, as texts, for filters."""


class Pane(msgspec.Struct, frozen=True, kw_only=True):
    """A pane: all that tables, filters, details and exports know of it. What it is called is its `spec`.

    `kind` is what each row is of: detail and trace are asked for by it and the row's key; None where rows have none.
    `facts` makes the detail of a row's object. `kinds` are those that rows are made from. `empty` is said where there
    are none. `keys` gives all rows' keys, `row` one row (None where it is gone), `ranks` what orders rows by a column,
    a string for each key, `haystacks` the text of each row in which a filter looks for words and patterns, without the
    codes of its findings. `affected` names the rows that a delta may have changed; None for all of them. `flag_kind` is
    the kind whose findings flag the rows, where one object is one row.
    `attributes` are what the keys of a filter can ask of its rows (`filter_keys`).
    `grouped_by` is the column that rows stand together by where no order is asked for.
    `glances` says whether a delta may have changed the look, but neither place nor text, of rows that `affected` does
    not name: those on the screen are made anew. `layer` is the layer of the overview that counts its rows, or some of
    them. `degraded` are rows that come next after the flagged ones where the worst come first: what is wrong with them
    is no finding.
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
    glances: Callable[[ClusterView, Delta], bool] = lambda _view, _delta: False
    layer: LayerName | None = None
    degraded: Callable[[ClusterView], Collection[Key]] = lambda _view: ()

    @property
    def id(self) -> str:
        """What `dsview show` calls it."""
        return self.spec.id

    @property
    def title(self) -> str:
        """Its name on the screen."""
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
    """A row of named cells, with its findings marked in the cells that they are about.

    `remark` says why the row is incomplete or not judged; it comes after the findings.
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
    """The two cells of an address, one for each lane: the first of its family, a gap if one is expected, else empty."""
    found = by_family(texts)
    cells: dict[str, Cell] = {}
    for family, suffix in zip(FAMILIES, ("_v4", "_v6"), strict=True):
        values = found[family]
        if values:
            more = f" +{len(values) - 1}" if len(values) > 1 else ""
            tone = Tone.PRIMARY if primary and values[0] == primary else Tone.PLAIN
            cells[name + suffix] = Cell(safe(values[0] + more), tone, value=safe(",".join(values)))
        else:
            cells[name + suffix] = MISSING if family in wanted else NOTHING
    return cells
