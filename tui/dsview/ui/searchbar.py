"""The line for a search text, with the number of matches beside it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from dsview.ui.actions import Where, bindings_of
from dsview.ui.phrases import MUTED, content

HINT = "a word or a part of one"
"""The hint while the line is empty."""


class SearchBar(Horizontal):
    """Shown by `open`. It stays visible without focus while the search is active."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.SEARCH)

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Typing has ended; `keep` says whether the search continues."""

        def __init__(self, *, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def compose(self) -> ComposeResult:
        """A sign, the text, the count."""
        yield Static(content(("/", "$focus bold")), id="search-sign")
        field = Input(placeholder=HINT, compact=True, select_on_focus=False, id="search-text")
        field.cursor_blink = False
        yield field
        yield Static(id="search-count")

    @property
    def is_open(self) -> bool:
        """Whether a search is active."""
        return self.has_class("-open")

    def open(self) -> None:
        """Start typing, with the previous text."""
        self.add_class("-open")
        field = self.query_one(Input)
        field.disabled = False
        field.cursor_position = len(field.value)
        # At once, so that the next keys go to this line.
        self.screen.set_focus(field)

    def rest(self) -> None:
        """Give the focus to the text; the search text stays visible."""
        self.query_one(Input).disabled = True

    def close(self) -> None:
        """Hide the line and forget the text."""
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = ""
        self.remove_class("-open")
        self.rest()

    def show_position(self, number: int, total: int) -> None:
        """Show the number of the current match."""
        if not self.query_one(Input).value:
            count = Content("")
        elif not total:
            count = content(("not found", "$flag-warning"))
        else:
            count = content((f"{number:,}", "$ink"), (f" of {total:,}", MUTED))
        self.query_one("#search-count", Static).update(count)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search for the current text."""
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the search."""
        event.stop()
        self.action_keep_search()

    def action_keep_search(self) -> None:
        """Keep the search; an empty text ends it."""
        self.post_message(self.Closed(keep=bool(self.query_one(Input).value)))

    def action_drop_search(self) -> None:
        """End the search."""
        self.post_message(self.Closed(keep=False))
