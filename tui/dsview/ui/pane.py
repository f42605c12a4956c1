"""One of the four panes: a table in a frame that says what it holds, how it is doing and what is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, MUTED, Part, content, count_words, spaced
from dsview.ui.table import Table

if TYPE_CHECKING:
    from dsview.tables.view import TableView

PANES: tuple[tuple[str, str], ...] = (
    ("services", "Services"),
    ("pods", "Pods"),
    ("nodes", "Nodes"),
    ("listeners", "Listeners"),
)
"""Ids and titles of the panes, in the order of their keys 1 to 4: known before there is a session."""


class Frame(Widget):
    """The border of a pane and the words in it.

    Apart from the table: a table that is nothing but lines scrolls twice as fast. A plain widget: importing
    Textual's containers costs several milliseconds of the first frame.
    """


class Pane(Table):
    """A table that says in `border` what it holds. `view` is None until there is a session."""

    def __init__(self, pane_id: str, title: str, key: str, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs, id=pane_id)
        self.pane_id = pane_id
        self.pane_title = title
        self.pane_key = key
        self.border = Frame(self)
        self.view: TableView | None = None
        self.say("Waiting for the cluster")
        self._frame: tuple[Content, Content] | None = None

    def on_mount(self) -> None:
        """Frame it."""
        self.frame()

    def attach(self, view: TableView, columns: Sequence[str] = ()) -> None:
        """Show the objects of a session, in these columns or all that there is room for."""
        self.view = view
        self.choose_columns(columns)
        self.glows = False
        self.show(view, view.pane.columns)
        self.frame()

    def refresh_view(self) -> None:
        """Show what the view holds now."""
        self.rows_changed()
        self.frame()

    def frame(self) -> None:
        """Say in the frame what is in it; drawn anew only where it changed."""
        view = self.view
        if view is not None:
            self.say("" if len(view) else view.status_line())
        frame = (self._title(), self._subtitle())
        if self._frame is None or any(not a.is_same(b) for a, b in zip(frame, self._frame, strict=True)):
            self._frame = frame
            self.border.border_title, self.border.border_subtitle = frame

    def on_resize(self) -> None:
        """Other columns may fit, which the frame says."""
        super().on_resize()
        self.frame()

    def summaries(self) -> list[Content]:
        """What the tab line says of this pane, from everything down to the title."""
        view = self.view
        title: list[Part] = [(self.pane_key, "$focus bold"), (self.pane_title, "$ink")]
        short: list[Part] = [(self.pane_key, "$focus bold"), (self.pane_title.split()[0], "$ink")]
        if view is None:
            return [spaced(title, " "), spaced(short, " ")]
        flags = count_words(view.flagged, self.glyphs, short=True)
        total: Part = (f"{view.total:,}", MUTED)
        return [
            spaced(parts, " ") for parts in ([*title, total, *flags], [*short, *flags], [*short, *flags[:1]], short)
        ]

    def _title(self) -> Content:
        view = self.view
        parts: list[Part] = [(self.pane_key, "$focus bold"), (self.pane_title, "bold")]
        if view is not None:
            shown, total = len(view), view.total
            parts.append((f"{total:,}" if shown == total else f"{shown:,} of {total:,}", MUTED))
            parts += count_words(view.flagged, self.glyphs, short=True)
        return spaced(parts, " ")

    def _subtitle(self) -> Content:
        view = self.view
        if view is None:
            return Content("")
        parts: list[Part] = []
        status = view.status_line()
        if status and len(view):
            parts.append((status, "$flag-warning"))
        if view.filter_text:
            parts.append(content(("/", "$focus bold"), (view.filter_text, "$ink")))
        if view.only_findings:
            parts.append(("only flagged", "$ink"))
        hidden = len(self.placed_layout.hidden)
        if hidden:
            parts.append((f"{hidden} more column{'s' if hidden > 1 else ''}: v", FAINT))
        return spaced(parts, f" {self.glyphs.dot} ")
