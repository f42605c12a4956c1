"""Searches the rows of a table: `/` starts, `n` and `N` go from match to match."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from dsview.ui.cursor import Rows
from dsview.ui.searching import SearchingScreen
from dsview.ui.table import Table
from dsview.ui.timers import call_after

_SLICE = 0.004
"""Seconds of searching before keys are handled again; there may be as many rows as Services."""

_BREATH = 0.001


class TableSearch(SearchingScreen):
    """A screen with a table and a search bar. Subclasses yield both, and call `rows_replaced`."""

    def __init__(self) -> None:
        super().__init__()
        self._needle = ""
        self._matches: list[int] = []
        self._looking: Iterator[None] | None = None
        self._start: int | None = None
        """The position from which the first match is wanted; None if it was shown already."""

    @property
    def searched(self) -> Table:
        """The table."""
        return self.query_one(Table)

    def rows_replaced(self) -> None:
        """Rows changed, so matches may have moved. The cursor stays."""
        if self._needle:
            self._look_for(self._needle, None)

    def look_for(self, text: str) -> None:
        """Search the rows from the cursor on."""
        self._look_for(text.lower(), self.searched.cursor_index)

    def go_to_match(self, step: int) -> None:
        """Move the cursor to another match."""
        if self._matches:
            here = self.searched.cursor_index
            place = bisect_right(self._matches, here) if step > 0 else bisect_left(self._matches, here) - 1
            self.searched.go_to(self._matches[place % len(self._matches)])
            self._show_match_position()

    def _look_for(self, needle: str, start: int | None) -> None:
        self._needle, self._matches, self._start = needle, [], start
        rows = self.searched.rows
        self._looking = self._looking_through(rows) if needle and rows is not None else None
        self._work()

    def _looking_through(self, rows: Rows) -> Iterator[None]:
        for index in range(len(rows)):
            if self._needle in " ".join(cell.text for cell in rows.row(index).cells).lower():
                self._matches.append(index)
            yield

    def _work(self) -> None:
        until = time.perf_counter() + _SLICE
        looking = self._looking
        for _ in looking or ():
            if time.perf_counter() >= until:
                call_after(self, _BREATH, self._work)
                break
        else:
            self._looking = None
        self._show_first()
        self._show_match_position()

    def _show_first(self) -> None:
        """Go to the first match after the start of the search, wrapping around at the end."""
        if self._start is None or not self._matches:
            return
        place = bisect_left(self._matches, self._start)
        if place < len(self._matches) or self._looking is None:
            self.searched.go_to(self._matches[place % len(self._matches)])
            self._start = None

    def _show_match_position(self) -> None:
        here = self.searched.cursor_index
        place = bisect_left(self._matches, here)
        is_there = place < len(self._matches) and self._matches[place] == here
        self.search_bar.show_position(place + 1 if is_there else 0, len(self._matches))
