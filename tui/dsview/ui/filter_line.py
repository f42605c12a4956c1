"""The filter bar of a screen, which is created when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from dsview.ui.actions import Where
from dsview.ui.keybar import KeyBar

if TYPE_CHECKING:
    from dsview.ui.filterbar import FilterBar, Filtered


class FilterLine:
    """Opens and closes the bar above the key bar. While it is closed, nothing is shown in it."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._bar: FilterBar | None = None

    @property
    def is_open(self) -> bool:
        """Whether a filter is being typed."""
        return self._bar is not None and self._bar.is_open

    async def open(self, text: str, view: Filtered) -> None:
        """Start typing, with the previous filter, for the rows of a view."""
        if self._bar is None:
            from dsview.ui.filterbar import FilterBar  # noqa: PLC0415 - after the first frame

            self._bar = FilterBar()
            await self._screen.mount(self._bar, before=self._screen.query_one(KeyBar))
        self._bar.open(text, view)
        self._screen.query_one(KeyBar).show_parts(Where.FILTER)

    def close(self) -> None:
        """Typing is over."""
        if self._bar is not None:
            self._bar.close()
            self._screen.query_one(KeyBar).show_parts()

    def show_count(self, matching: int, total: int, *, is_searching: bool = False) -> None:
        """Show how many rows match, as `FilterBar.show_count`."""
        if self._bar is not None and self._bar.is_open:
            self._bar.show_count(matching, total, is_searching=is_searching)

    def show_error(self, message: str, position: int | None) -> None:
        """Show an error, as `FilterBar.show_error`."""
        if self._bar is not None:
            self._bar.show_error(message, position)
