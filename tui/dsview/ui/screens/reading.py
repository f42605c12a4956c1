"""The base of all screens that are read from top to bottom: a title line, a document, a key bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from dsview.ui.actions import Where, bindings_of
from dsview.ui.breadcrumbs import trail
from dsview.ui.document import Block, Document
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.phrases import content
from dsview.ui.searchbar import SearchBar
from dsview.ui.styles import styles_dir

if TYPE_CHECKING:
    from dsview.ui.app import DsviewApp


class ReadingScreen(Screen[None]):
    """Base of the detail, explain, trace and help screens. Subclasses provide the content."""

    CSS_PATH: ClassVar[Path] = styles_dir() / "reading.tcss"
    PARTS: ClassVar[tuple[Where, ...]] = (Where.READING,)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.READING)
    app: DsviewApp

    def __init__(self, *, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(self.heading(), id="heading")
        yield Document(glyphs=self.glyphs, id="document")
        yield SearchBar(id="search")
        yield KeyBar(*self.PARTS)

    def on_mount(self) -> None:
        """Fill it."""
        self.show_heading()
        self.fill()
        self.set_focus(self.document)

    @property
    def document(self) -> Document:
        """The document."""
        return self.query_one(Document)

    @property
    def crumb(self) -> str:
        """The name of the screen in the breadcrumbs."""
        raise NotImplementedError

    def show_heading(self) -> None:
        """Update the title line, with the breadcrumbs first."""
        self.query_one("#heading", Static).update(content(trail(self, self.glyphs), self.heading()))

    def heading(self) -> Content:
        """The title line."""
        raise NotImplementedError

    def blocks(self) -> Sequence[Block]:
        """The text."""
        raise NotImplementedError

    def fill(self) -> None:
        """Update the text."""
        self.document.show(self.blocks())
        if self._search.is_open:
            self._say_place()

    @property
    def _search(self) -> SearchBar:
        return self.query_one(SearchBar)

    def _say_place(self) -> None:
        self._search.say(*self.document.place)

    def on_search_bar_typed(self, event: SearchBar.Typed) -> None:
        """Search while typing."""
        self.document.look_for(event.text)
        self._say_place()

    def on_search_bar_closed(self, event: SearchBar.Closed) -> None:
        """Typing is over: the keys are those of the text again."""
        self.set_focus(self.document)
        self.query_one(KeyBar).show_parts()
        if event.keep:
            self._search.rest()
        else:
            self._end_search()

    def _end_search(self) -> None:
        self._search.close()
        self.document.look_for("")

    def action_search(self) -> None:
        """Start a search."""
        self._search.open()
        self.query_one(KeyBar).show_parts(Where.SEARCH)

    def action_search_next(self) -> None:
        """Go to the next match."""
        self._turn(1)

    def action_search_previous(self) -> None:
        """Go to the previous match."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        if not self._search.is_open:
            self.app.say("No search yet. Press / to start one.")
            return
        self.document.turn(step)
        self._say_place()

    def action_back(self) -> None:
        """End the search; without one, go back."""
        if self._search.is_open:
            self._end_search()
        else:
            self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy the selected block, else the whole text."""
        block = self.document.selected
        if block is not None and block.copy:
            self.app.copy(block.copy, "it")
        else:
            self.app.copy(self.document.text, "the text")
