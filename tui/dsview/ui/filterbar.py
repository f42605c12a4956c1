"""The filter line: what is typed filters at once, with the number of matches beside it, or the error below."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from dsview.ui.actions import Where, bindings_of
from dsview.ui.words import FAINT, MUTED, content

HINT = "name, address or word   !not   a|b"
"""What can be typed, shown while nothing is."""


class FilterBar(Vertical):
    """Shown by `open`, hidden by Enter (which keeps the filter) and Esc (which drops it)."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.FILTER)

    class Typed(Message):
        """The text is another."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Typing is over; `keep` tells whether the filter stays."""

        def __init__(self, *, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def compose(self) -> ComposeResult:
        """A sign, the text, the count; below, the error."""
        with Horizontal():
            yield Static(content(("/", "$focus bold")), id="filter-sign")
            filter_input = Input(placeholder=HINT, compact=True, id="filter-text")
            filter_input.cursor_blink = False
            yield filter_input
            yield Static(id="filter-count")
        yield Static(id="filter-error")

    def open(self, text: str) -> None:
        """Begin to type, with what was typed before."""
        self.add_class("-open")
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        field.focus()

    @property
    def is_open(self) -> bool:
        """Whether a filter is being typed."""
        return self.has_class("-open")

    def close(self) -> None:
        """Hide the line."""
        self.remove_class("-open")
        self.say_nothing()

    def say_count(self, matching: int, total: int) -> None:
        """Say how many rows match."""
        self.query_one("#filter-count", Static).update(content((f"{matching:,}", "$ink"), (f" of {total:,}", MUTED)))
        self.say_nothing()

    def say_nothing(self) -> None:
        """There is no error."""
        self.query_one("#filter-error", Static).display = False

    def say_error(self, message: str, position: int | None) -> None:
        """Say what is wrong, under where it is."""
        error = self.query_one("#filter-error", Static)
        caret = " " * (3 + (position or 0)) + "^ "
        if position is None or len(caret) + len(message) > max(20, self.size.width):
            caret = "  "
        error.update(content((caret, FAINT), (message, "$flag-error")))
        error.display = True
        self.query_one("#filter-count", Static).update(Content(""))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is there now."""
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep it."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Close and keep the filter."""
        self.post_message(self.Closed(keep=True))

    def action_drop(self) -> None:
        """Close and drop the filter."""
        self.post_message(self.Closed(keep=False))
