"""What choosing a column does to the order of rows."""

from __future__ import annotations

from typing import Protocol


class Sorted(Protocol):
    """Rows that can be sorted, such as a `TableView`."""

    @property
    def sort_column(self) -> str | None:
        """The column sorted by; None for the natural order."""

    @property
    def descending(self) -> bool:
        """Whether the order is reversed."""

    def set_sort(self, column_id: str | None, descending: bool = False) -> None:
        """Sort by a column; None for the natural order."""


def choose_sort(rows: Sorted, column: str) -> None:
    """Sort by a column; chosen again, in reverse, and then in the natural order, as with an empty `column`."""
    if not column or (rows.sort_column == column and rows.descending):
        rows.set_sort(None)
    else:
        rows.set_sort(column, descending=rows.sort_column == column)
