"""What all screens that are read from top to bottom have in common: a title line, a document, a key bar."""

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
from dsview.ui.document import Block, Document
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.styles import styles_dir
from dsview.ui.trail import trail
from dsview.ui.words import content

if TYPE_CHECKING:
    from dsview.ui.app import DsviewApp


class ReadingScreen(Screen[None]):
    """Base of the detail, findings, trace and help screens. Subclasses say what is in it."""

    CSS_PATH: ClassVar[Path] = styles_dir() / "reading.tcss"
    PARTS: ClassVar[tuple[Where, ...]] = (Where.DOCUMENT, Where.READING)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.READING)
    app: DsviewApp

    def __init__(self, *, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(self.heading(), id="heading")
        yield Document(glyphs=self.glyphs, id="document")
        yield KeyBar(*self.PARTS)

    def on_mount(self) -> None:
        """Fill it."""
        self.show_heading()
        self.fill()
        self.document.focus()

    @property
    def document(self) -> Document:
        """The document."""
        return self.query_one(Document)

    @property
    def crumb(self) -> str:
        """The name of the screen in the trail of those above it."""
        raise NotImplementedError

    def show_heading(self) -> None:
        """Show the title line as it is now, after the trail that led here."""
        self.query_one("#heading", Static).update(content(trail(self, self.glyphs), self.heading()))

    def heading(self) -> Content:
        """The title line."""
        raise NotImplementedError

    def blocks(self) -> Sequence[Block]:
        """The text."""
        raise NotImplementedError

    def fill(self) -> None:
        """Show the text as it is now."""
        self.document.show(self.blocks())

    def action_back(self) -> None:
        """Back to where one came from."""
        self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy what the selected block holds, else the whole text."""
        block = self.document.selected
        if block is not None and block.copy:
            self.app.copy(block.copy, "it")
        else:
            self.app.copy(self.document.text, "the text")
