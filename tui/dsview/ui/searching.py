"""Screens with a search bar: `/` starts a search, `n` and `N` go from match to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.widget import Widget

from dsview.ui.actions import Where
from dsview.ui.keybar import KeyBar
from dsview.ui.searchbar import SearchBar

if TYPE_CHECKING:
    from dsview.ui.app import DsviewApp


class SearchingScreen(Screen[None]):
    """Base of the screens that search. Subclasses yield a `SearchBar`, and say what is searched and how."""

    app: DsviewApp

    @property
    def search_bar(self) -> SearchBar:
        """The line for the search text."""
        return self.query_one(SearchBar)

    @property
    def searched(self) -> Widget:
        """What is searched; it has the focus unless a search text is being typed."""
        raise NotImplementedError

    def look_for(self, text: str) -> None:
        """Show the first match of a text; an empty text ends the search."""
        raise NotImplementedError

    def go_to_match(self, step: int) -> None:
        """Go to the next match, or to the previous one if `step` is -1."""
        raise NotImplementedError

    def end_search(self) -> bool:
        """End the search. Returns whether one was active."""
        if not self.search_bar.is_open:
            return False
        self.search_bar.close()
        self.look_for("")
        return True

    def on_search_bar_typed(self, event: SearchBar.Typed) -> None:
        """Search while typing."""
        self.look_for(event.text)

    def on_search_bar_closed(self, event: SearchBar.Closed) -> None:
        """Typing is over: the keys are those of the screen again."""
        self.set_focus(self.searched)
        self.query_one(KeyBar).show_parts()
        if event.keep:
            self.search_bar.rest()
        else:
            self.end_search()

    def action_search(self) -> None:
        """Start a search."""
        self.search_bar.open()
        self.query_one(KeyBar).show_parts(Where.SEARCH)

    def action_search_next(self) -> None:
        """Go to the next match."""
        self._turn(1)

    def action_search_previous(self) -> None:
        """Go to the previous match."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        if self.search_bar.is_open:
            self.go_to_match(step)
        else:
            self.app.show_notice("No search yet. Press / to start one.")
