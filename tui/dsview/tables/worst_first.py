"""A view with its worst rows on top, for a pane of a few lines: flagged rows are visible without scrolling."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsview.kinds.metadata import Key
    from dsview.tables.cells import Row
    from dsview.tables.view import TableView


class WorstFirst:
    """The rows of a view, some of them on top; the others keep their order. Valid until the view changes."""

    def __init__(self, view: TableView, top: Sequence[Key]) -> None:
        self._view = view
        places = {key: place for key in top if (place := view.index_of(key)) is not None}
        self._top = list(places)
        self._top_places = list(places.values())
        self._places = sorted(self._top_places)
        # For each of the positions, before how many of the others it comes.
        self._skips = [place - number for number, place in enumerate(self._places)]

    @property
    def sort_column(self) -> str | None:
        """The column by which the others are sorted."""
        return self._view.sort_column

    @property
    def descending(self) -> bool:
        """Whether that order is reversed."""
        return self._view.descending

    def __len__(self) -> int:
        return len(self._view)

    def row(self, index: int) -> Row:
        """The row at a position."""
        return self._view.row(self._place(index))

    def key_at(self, index: int) -> Key:
        """The object at a position."""
        return self._view.key_at(self._place(index))

    def index_of(self, key: Key) -> int | None:
        """The position of an object."""
        if key in self._top:
            return self._top.index(key)
        place = self._view.index_of(key)
        return None if place is None else place + len(self._top) - bisect_right(self._places, place)

    def _place(self, index: int) -> int:
        """The position in the view."""
        if index < len(self._top):
            return self._top_places[index]
        other = index - len(self._top)
        return other + bisect_right(self._skips, other)
