"""The filter line: filters while typing, with the number of matches beside it and suggestions below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from dsview.ui.actions import Where, bindings_of
from dsview.ui.phrases import FAINT, MUTED, Part, content, spaced

if TYPE_CHECKING:
    from dsview.analysis.cluster_view import ClusterView
    from dsview.tables.completion import Suggestions
    from dsview.tables.pane import Pane

    class Filtered(Protocol):
        """Rows that can be filtered, such as a `TableView`."""

        @property
        def pane(self) -> Pane:
            """The values for suggestions."""

        @property
        def session(self) -> ClusterView:
            """Where they come from."""


HINT = "name, address or word   !not   a|b   /pattern/"
"""The hint while the line is empty."""

INDENT = 3
"""The width before the text; messages below it are indented by it."""


class FilterBar(Vertical):
    """Shown by `open`, hidden by Enter (which keeps the filter) and Esc (which removes it)."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.FILTER)

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Typing has ended; `keep` says whether the filter stays."""

        def __init__(self, *, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def __init__(self) -> None:
        super().__init__()
        self._view: Filtered | None = None
        self._has_error = False

    def compose(self) -> ComposeResult:
        """A sign, the text, the count; below, suggestions or the error."""
        with Horizontal():
            yield Static(content(("/", "$focus bold")), id="filter-sign")
            # Not selected by the focus, which may come after the first keys: the next key would replace them.
            filter_input = Input(placeholder=HINT, compact=True, select_on_focus=False, id="filter-text")
            filter_input.cursor_blink = False
            yield filter_input
            yield Static(id="filter-count")
        yield Static(id="filter-below")

    def open(self, text: str, view: Filtered) -> None:
        """Start typing, with the previous filter, for the rows of a view."""
        self._view = view
        self.add_class("-open")
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        # At once, so that the next keys go to this line.
        self.screen.set_focus(field)
        self._suggest()

    @property
    def is_open(self) -> bool:
        """Whether a filter is being typed."""
        return self.has_class("-open")

    def close(self) -> None:
        """Hide the line."""
        self.remove_class("-open")
        self._view = None

    def show_count(self, matching: int, total: int, *, is_searching: bool = False) -> None:
        """Show how many rows match; so far, if the search continues."""
        more = "+" if is_searching else ""
        count = content((f"{matching:,}{more}", "$ink"), (f" of {total:,}", MUTED))
        self.query_one("#filter-count", Static).update(count)
        if self._has_error:
            self._suggest()

    def show_error(self, message: str, position: int | None) -> None:
        """Show an error below its position in the text."""
        caret = " " * (INDENT + (position or 0)) + "^ "
        if position is None or len(caret) + len(message) > max(20, self.app.size.width):
            caret = " " * INDENT
        self.query_one("#filter-below", Static).update(content((caret, FAINT), (message, "$flag-error")))
        self.query_one("#filter-count", Static).update(Content(""))
        self._has_error = True

    def _suggestions(self) -> Suggestions | None:
        # Rows are imported after the first frame.
        from dsview.tables.completion import suggest  # noqa: PLC0415

        field = self.query_one(Input)
        view = self._view
        return suggest(field.value, field.cursor_position, view.pane, view.session) if view is not None else None

    def _suggest(self) -> None:
        """Show as many suggestions for the text as there is room for."""
        self._has_error = False
        suggestions = self._suggestions()
        parts: list[Part] = []
        if suggestions is not None:
            room = max(20, self.app.size.width) - INDENT
            for number, text in enumerate(suggestions.texts):
                room -= cell_len(text) + 2 + (4 if not number else 0)
                if room < 0:
                    break
                parts += [("Tab", "$focus bold")] if not number else []
                parts.append((text, "$ink" if not number else MUTED))
            if suggestions.help and room >= cell_len(suggestions.help):
                parts.append((suggestions.help, FAINT))
        self.query_one("#filter-below", Static).update(content((" " * INDENT, FAINT), spaced(parts, "  ")))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by the current text."""
        event.stop()
        self._suggest()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep it."""
        event.stop()
        self.action_keep()

    def action_complete(self) -> None:
        """Accept the first suggestion; one without a value completes the term."""
        suggestions = self._suggestions()
        field = self.query_one(Input)
        if suggestions is None or not suggestions.texts:
            return
        rest = field.value[field.cursor_position :]
        text = suggestions.texts[0] if suggestions.texts[0].endswith(":") or rest else f"{suggestions.texts[0]} "
        field.value = field.value[: suggestions.start] + text + rest
        field.cursor_position = suggestions.start + len(text)

    def action_keep(self) -> None:
        """Close and keep the filter."""
        self.post_message(self.Closed(keep=True))

    def action_drop(self) -> None:
        """Close and remove the filter."""
        self.post_message(self.Closed(keep=False))
