"""The rows of a pane as text: a table, a wide table, JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import msgspec

from dsview.core.text import cell_width
from dsview.export.json_text import json_text
from dsview.export.markdown import plain_markdown
from dsview.tables.cells import Column, Row
from dsview.tables.view import TableView

_NARROW_PRIORITY = 3
"""The largest priority number of the columns in the plain table. A narrow screen hides the others first too."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  (spreadsheets read the full-width ones too)


def _title(column: Column) -> str:
    lane = f"{column.lane} " if column.lane else ""
    return f"{lane}{column.title}".upper()


class Sheet(msgspec.Struct, frozen=True):
    """Rows to print, and their columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def sheet_of(view: TableView) -> Sheet:
    """All rows of a view, in its order."""
    return Sheet(view.pane.columns, tuple(view.row(index) for index in range(len(view))))


def _texts(sheet: Sheet, columns: list[int]) -> list[list[str]]:
    head = [_title(sheet.columns[i]) for i in columns]
    return [head, *([row.cells[i].value or row.cells[i].text for i in columns] for row in sheet.rows)]


def _table(sheet: Sheet, columns: list[int]) -> str:
    rows = _texts(sheet, columns)
    widths = [max(cell_width(row[n]) for row in rows) for n in range(len(columns))]
    padded = (((text + " " * (widths[n] - cell_width(text))) for n, text in enumerate(row)) for row in rows)
    return "\n".join("   ".join(row).rstrip() for row in padded) + "\n"


def _important(sheet: Sheet) -> list[int]:
    return [i for i, column in enumerate(sheet.columns) if column.priority <= _NARROW_PRIORITY]


def render_table(sheet: Sheet) -> str:
    """The most important columns."""
    return _table(sheet, _important(sheet))


def render_wide(sheet: Sheet) -> str:
    """All columns."""
    return _table(sheet, list(range(len(sheet.columns))))


def render_markdown(sheet: Sheet) -> str:
    """The most important columns as a Markdown table."""
    head, *rows = _texts(sheet, _important(sheet))
    lines = [head, ["---"] * len(head), *([plain_markdown(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def render_csv(sheet: Sheet) -> str:
    """All columns as CSV. No cell can start a formula in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.id for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([f"'{c.exported}" if c.exported.startswith(_FORMULA) else c.exported for c in row.cells])
    return out.getvalue()


def render_json(sheet: Sheet) -> str:
    """A list with an object for each row: a value for each column, and its findings."""
    names = [column.id for column in sheet.columns]
    value = [
        {
            "key": {"namespace": row.key[0] or None, "name": row.key[1]},
            **dict(zip(names, (cell.exported or None for cell in row.cells), strict=True)),
            "findings": [
                {"check": f.check, "severity": f.severity.value, "family": f.family, "message": f.message}
                for f in row.findings
            ],
        }
        for row in sheet.rows
    ]
    return json_text(value)


TABLES: dict[str, Callable[[Sheet], str]] = {
    "table": render_table,
    "wide": render_wide,
    "json": render_json,
    "csv": render_csv,
    "markdown": render_markdown,
}
"""The functions that turn rows into text, by the name of the format."""
