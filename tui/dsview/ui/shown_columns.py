"""The columns that a table shows: their widths, which one is selected, and how far to scroll to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dsview.ui.columns import ColumnSizer, Layout, Placed

if TYPE_CHECKING:
    from dsview.tables.cells import Column, Row
    from dsview.ui.cursor import Rows

_SAMPLE = 120
"""The number of rows to measure when rows are added."""


class ShownColumns:
    """The columns of one table. `layout` is where they are, after `place`; `selected` is the id of one of them."""

    def __init__(self) -> None:
        self.layout = Layout((), 0, 0, ())
        self.selected: str | None = None
        self._chosen: tuple[str, ...] = ()
        self._sizer = ColumnSizer(())
        self._measured = 0

    @property
    def has_lanes(self) -> bool:
        """Whether columns belong to an address family."""
        return any(column.lane for column in self._sizer.columns)

    def set(self, columns: Sequence[Column]) -> None:
        """Show other columns. The selected one stays if it is among them."""
        self._sizer = ColumnSizer(columns, self._chosen)
        self._measured = 0
        if self.selected not in {column.id for column in columns}:
            self.selected = next((c.id for c in columns if c.id == "name"), columns[0].id if columns else None)

    def choose(self, ids: Sequence[str]) -> None:
        """Show these columns in that order; if empty, all that fit."""
        self._chosen = tuple(ids)

    def forget_widths(self) -> None:
        """Measure the columns again."""
        self._sizer = ColumnSizer(self._sizer.columns, self._chosen)
        self._measured = 0

    def sample(self, rows: Rows | None) -> bool:
        """Measure some rows if there are many more than before; True if a column grew."""
        count = len(rows) if rows is not None else 0
        if rows is None or not count or self._measured * 2 > count + _SAMPLE:
            return False
        self._measured = count
        return self._sizer.measure(rows.row(index) for index in range(0, count, max(1, count // _SAMPLE)))

    def measure(self, rows: Iterable[Row]) -> bool:
        """Widen columns for these rows, so that none is shortened if there is room; True if one grew."""
        return self._sizer.measure(rows)

    def place(self, room: int, *, all_columns: bool) -> bool:
        """Place the columns in the given number of cells. Returns whether that changed the layout."""
        layout = self._sizer.layout(max(1, room), all_columns=all_columns)
        if layout == self.layout:
            return False
        self.layout = layout
        if self.selected is not None and layout.placed and layout.find(self.selected) is None:
            self.selected = layout.placed[0].column.id
        return True

    @property
    def is_empty(self) -> bool:
        """Whether there are no columns at all."""
        return not self._sizer.columns

    def at(self, x: int, scrolled: int) -> Placed | None:
        """The column at a horizontal offset of a scrolled table."""
        return self.layout.at(self.unscrolled(x, scrolled))

    def unscrolled(self, x: int, scrolled: int) -> int:
        """The offset in the whole line of a cell at this offset on the screen."""
        return x if x < self.layout.fixed else x + scrolled

    def move(self, by: int, scrolled: int, room: int) -> int | None:
        """Select a column to the right, or the left. Returns how far to scroll to it, None if it is visible."""
        layout = self.layout
        if not layout.placed:
            return None
        at = next((i for i, item in enumerate(layout.placed) if item.column.id == self.selected), 0)
        item = layout.placed[max(0, min(at + by, len(layout.placed) - 1))]
        self.selected = item.column.id
        if item.offset >= layout.fixed and layout.width > room:
            if item.offset - scrolled < layout.fixed:
                return item.offset - item.gap - layout.fixed
            if item.end - scrolled > room:
                return item.end - room
        return None
