"""A pane's rows without a screen: as a table, wide, JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from dsview.model.text import cell_width
from dsview.report.jsontext import json_text
from dsview.rows.cells import Column, Row
from dsview.rows.view import TableView

_NARROW_PRIORITY = 3
"""Columns that go first on a narrow screen are left out of the plain table too."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  (spreadsheets read the full-width ones too)


def _title(column: Column) -> str:
    lane = f"{column.lane} " if column.lane else ""
    return f"{lane}{column.title}".upper()


def _rows(view: TableView) -> list[Row]:
    return [view.row(index) for index in range(len(view))]


def _table(view: TableView, columns: list[int]) -> str:
    rows = [[_title(view.pane.columns[i]) for i in columns]]
    rows += [[row.cells[i].value or row.cells[i].text for i in columns] for row in _rows(view)]
    widths = [max(cell_width(row[n]) for row in rows) for n in range(len(columns))]
    lines = (
        "   ".join(text + " " * (widths[n] - cell_width(text)) for n, text in enumerate(row)).rstrip() for row in rows
    )
    return "\n".join(lines) + "\n"


def render_table(view: TableView) -> str:
    """The most important columns."""
    return _table(view, [i for i, c in enumerate(view.pane.columns) if c.priority <= _NARROW_PRIORITY])


def render_wide(view: TableView) -> str:
    """All columns."""
    return _table(view, list(range(len(view.pane.columns))))


def render_csv(view: TableView) -> str:
    """All columns as CSV; no cell can start a formula in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.id for column in view.pane.columns])
    for row in _rows(view):
        writer.writerow([f"'{c.exported}" if c.exported.startswith(_FORMULA) else c.exported for c in row.cells])
    return out.getvalue()


def render_json(view: TableView) -> str:
    """A list with an object for each row: a value for each column, and its findings."""
    names = [column.id for column in view.pane.columns]
    value = [
        {
            "key": {"namespace": row.key[0] or None, "name": row.key[1]},
            **dict(zip(names, (cell.exported or None for cell in row.cells), strict=True)),
            "findings": [
                {"check": f.check, "severity": f.severity.value, "family": f.family, "message": f.message}
                for f in row.findings
            ],
        }
        for row in _rows(view)
    ]
    return json_text(value)


TABLES: dict[str, Callable[[TableView], str]] = {
    "table": render_table,
    "wide": render_wide,
    "json": render_json,
    "csv": render_csv,
}
