"""The cursor of a table. It stays on an object, not on a line, while rows are added and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dsview.kinds.metadata import Key
    from dsview.tables.cells import Row


class Rows(Protocol):
    """The contents of a table: `dsview.tables.view.TableView` or anything like it."""

    @property
    def sort_column(self) -> str | None:
        """The column sorted by; None for the natural order."""

    @property
    def descending(self) -> bool:
        """Whether the order is reversed."""

    def __len__(self) -> int: ...

    def row(self, index: int) -> Row:
        """The row at a position."""

    def key_at(self, index: int) -> Key:
        """The object at a position."""

    def index_of(self, key: Key) -> int | None:
        """The position of an object; None if it is not shown."""


class Cursor:
    """The object under the cursor and the one at the top of the visible part.

    Until the user moves it or `stay` is called, the cursor stays on the first line, whichever object that is:
    while lists load, rows arrive in any order.
    """

    def __init__(self) -> None:
        self.index = 0
        self.key: Key | None = None
        self._top_key: Key | None = None
        self._is_moved = False
        self._stays = False

    @property
    def is_moved(self) -> bool:
        """Whether the user moved it."""
        return self._is_moved

    def stay(self) -> None:
        """From now on, stay on the object even if rows are inserted above it."""
        self._stays = True

    def move(self, rows: Rows, index: int) -> bool:
        """Go to a line, or the nearest one; False if there is none."""
        if not len(rows):
            return False
        self._is_moved = True
        self.index = max(0, min(index, len(rows) - 1))
        self.key = rows.key_at(self.index)
        return True

    def remember_top(self, rows: Rows | None, top: int) -> None:
        """Remember the first visible row."""
        self._top_key = rows.key_at(top) if rows is not None and top < len(rows) else None

    def follow(self, rows: Rows | None, top: int, page: int) -> int:
        """Find the objects again after rows were added or removed. Returns by how many lines to scroll to stay on them.

        `top` is the first visible line, `page` the number of visible lines. If the cursor is not visible, the visible
        rows stay in place.
        """
        if rows is None or not len(rows):
            self.index, self.key = 0, None
            return 0
        before = self.index
        is_seen = top <= before < top + page
        self.index = self._found(rows)
        self.key = rows.key_at(self.index)
        if is_seen:
            # What comes above the first line of the list is seen, unless the cursor would no longer be.
            return self.index - before if self._is_moved or top or self.index >= page else 0
        anchor = rows.index_of(self._top_key) if self._top_key is not None else None
        return 0 if anchor is None else anchor - top

    def _found(self, rows: Rows) -> int:
        if not (self._is_moved or self._stays) or self.key is None:
            return 0
        index = rows.index_of(self.key)
        return min(self.index, len(rows) - 1) if index is None else index
