"""The base of all screens that are read from top to bottom: a title line, a document, a key bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from dsview.ui.actions import Where, bindings_of
from dsview.ui.breadcrumbs import breadcrumbs
from dsview.ui.codes import codes_in
from dsview.ui.document import Block, Document
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.phrases import content
from dsview.ui.searchbar import SearchBar
from dsview.ui.searching import SearchingScreen
from dsview.ui.styles import styles_dir


class ReadingScreen(SearchingScreen):
    """Base of the detail, explain, trace and help screens. Subclasses provide the content."""

    CSS_PATH: ClassVar[Path] = styles_dir() / "reading.tcss"
    PARTS: ClassVar[tuple[Where, ...]] = (Where.READING,)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.READING)

    def __init__(self, *, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self._has_codes = False

    def bar_words(self) -> dict[str, str]:
        """Whether there is a check to explain."""
        return {} if self._has_codes else {"explain": ""}

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
        self.query_one("#heading", Static).update(content(breadcrumbs(self, self.glyphs), self.heading()))

    def heading(self) -> Content:
        """The title line."""
        raise NotImplementedError

    def blocks(self) -> Sequence[Block]:
        """The text."""
        raise NotImplementedError

    def fill(self) -> None:
        """Update the text."""
        self.document.show(self.blocks())
        self._has_codes = bool(codes_in([self.document.text]))
        self.query_one(KeyBar).follow()
        if self.search_bar.is_open:
            self._show_match_position()

    @property
    def searched(self) -> Document:
        """The document."""
        return self.document

    def look_for(self, text: str) -> None:
        """Search the document."""
        self.document.look_for(text)
        self._show_match_position()

    def go_to_match(self, step: int) -> None:
        """Scroll to another match."""
        self.document.go_to_match(step)
        self._show_match_position()

    def _show_match_position(self) -> None:
        self.search_bar.show_position(*self.document.match_position)

    def action_back(self) -> None:
        """End the search; without one, go back."""
        if not self.end_search():
            self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy the selected block, else the whole text."""
        block = self.document.selected
        if block is not None and block.copy:
            self.app.copy(block.copy, "it")
        else:
            self.app.copy(self.document.text, "the text")
