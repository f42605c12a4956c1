"""Searches the rows of a table: `/` starts, `n` and `N` go from match to match."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from textual.screen import Screen

from dsview.ui.actions import Where
from dsview.ui.cursor import Rows
from dsview.ui.keybar import KeyBar
from dsview.ui.searchbar import SearchBar
from dsview.ui.table import Table

_SLICE = 0.004
"""Seconds at a time for looking at rows: there may be as many as Services."""

_BREATH = 0.001


class TableSearch(Screen[None]):
    """A screen with a table and a search bar. Subclasses yield both, and call `rows_replaced`."""

    def __init__(self) -> None:
        super().__init__()
        self._needle = ""
        self._found: list[int] = []
        self._looking: Iterator[None] | None = None
        self._start: int | None = None
        """The position from which the first match is wanted; None if it was shown already."""

    @property
    def _bar(self) -> SearchBar:
        return self.query_one(SearchBar)

    @property
    def _table(self) -> Table:
        return self.query_one(Table)

    def rows_replaced(self) -> None:
        """Rows changed, so matches may have moved. The cursor stays."""
        if self._needle:
            self._look_for(self._needle, None)

    def end_search(self) -> bool:
        """End the search; whether one was active."""
        was_open = self._bar.is_open
        self._needle, self._found, self._looking = "", [], None
        self._bar.close()
        return was_open

    def on_search_bar_typed(self, event: SearchBar.Typed) -> None:
        """Search while typing."""
        self._look_for(event.text.lower(), self._table.cursor_index)

    def on_search_bar_closed(self, event: SearchBar.Closed) -> None:
        """Typing is over: the keys are those of the table again."""
        self.set_focus(self._table)
        self.query_one(KeyBar).show_parts()
        if event.keep:
            self._bar.rest()
        else:
            self.end_search()

    def action_search(self) -> None:
        """Start a search."""
        self._bar.open()
        self.query_one(KeyBar).show_parts(Where.SEARCH)

    def action_search_next(self) -> None:
        """Go to the next match."""
        self._turn(1)

    def action_search_previous(self) -> None:
        """Go to the previous match."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        if not self._bar.is_open:
            self.app.notify("No search yet. Press / to start one.", timeout=3, markup=False)
        elif self._found:
            here = self._table.cursor_index
            place = bisect_right(self._found, here) if step > 0 else bisect_left(self._found, here) - 1
            self._table.go_to(self._found[place % len(self._found)])
            self._say_place()

    def _look_for(self, needle: str, start: int | None) -> None:
        self._needle, self._found, self._start = needle, [], start
        rows = self._table.rows
        self._looking = self._looking_through(rows) if needle and rows is not None else None
        self._work()

    def _looking_through(self, rows: Rows) -> Iterator[None]:
        for index in range(len(rows)):
            if self._needle in " ".join(cell.text for cell in rows.row(index).cells).lower():
                self._found.append(index)
            yield

    def _work(self) -> None:
        until = time.perf_counter() + _SLICE
        looking = self._looking
        for _ in looking or ():
            if time.perf_counter() >= until:
                self.set_timer(_BREATH, self._work)
                break
        else:
            self._looking = None
        self._show_first()
        self._say_place()

    def _show_first(self) -> None:
        """Go to the first match from where the search began on; behind the last comes the first."""
        if self._start is None or not self._found:
            return
        place = bisect_left(self._found, self._start)
        if place < len(self._found) or self._looking is None:
            self._table.go_to(self._found[place % len(self._found)])
            self._start = None

    def _say_place(self) -> None:
        here = self._table.cursor_index
        place = bisect_left(self._found, here)
        is_there = place < len(self._found) and self._found[place] == here
        self._bar.say(place + 1 if is_there else 0, len(self._found))
