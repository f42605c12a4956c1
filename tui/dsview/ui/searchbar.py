"""The line in which one types what to look for in a text, with the number of places beside it."""

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
"""What can be typed, shown while nothing is."""


class SearchBar(Horizontal):
    """Shown by `open`. It stays, without the keys, while what was typed is looked for."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.SEARCH)

    class Typed(Message):
        """The text is another."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Typing is over; `keep` tells whether the search goes on."""

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
        """Whether something is looked for."""
        return self.has_class("-open")

    def open(self) -> None:
        """Begin to type, with what was typed before."""
        self.add_class("-open")
        field = self.query_one(Input)
        field.disabled = False
        field.cursor_position = len(field.value)
        # At once: what is typed next is meant for it.
        self.screen.set_focus(field)

    def rest(self) -> None:
        """Leave the keys to the text; what is looked for stays to be seen."""
        self.query_one(Input).disabled = True

    def close(self) -> None:
        """Hide the line and forget what was typed."""
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = ""
        self.remove_class("-open")
        self.rest()

    def say(self, at: int, of: int) -> None:
        """Say which of how many places is shown."""
        if not self.query_one(Input).value:
            count = Content("")
        elif not of:
            count = content(("not found", "$flag-warning"))
        else:
            count = content((f"{at:,}", "$ink"), (f" of {of:,}", MUTED))
        self.query_one("#search-count", Static).update(count)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for what is there now."""
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on with it."""
        event.stop()
        self.action_keep_search()

    def action_keep_search(self) -> None:
        """Go on with it; nothing typed is nothing looked for."""
        self.post_message(self.Closed(keep=bool(self.query_one(Input).value)))

    def action_drop_search(self) -> None:
        """Look for nothing any more."""
        self.post_message(self.Closed(keep=False))
