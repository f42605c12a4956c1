"""One of the panes: a table in a frame that shows its title, its state and the number of hidden rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.widget import Widget

from dsview.core.text import safe
from dsview.tables.pane_spec import PaneSpec
from dsview.ui.columns import FLAGS_COLUMN
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, MUTED, Part, content, count_words, spaced
from dsview.ui.table import Table

if TYPE_CHECKING:
    from dsview.analysis.detail_target import Target
    from dsview.tables.view import TableView
    from dsview.ui.cursor import Rows

SMALL = 6
"""A pane without focus that shows fewer rows than this has the worst rows on top."""


class Frame(Widget):
    """The border of a pane and its text.

    Separate from the table, because a table of only lines scrolls twice as fast. It is a plain widget: importing
    Textual's containers costs several milliseconds of the first frame.
    """


class Pane(Table):
    """A table with its title in `border`. `view` is None until there is a session."""

    def __init__(self, spec: PaneSpec, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs, id=spec.id)
        self.pane_id = spec.id
        self.pane_title = spec.title
        self.pane_key = spec.key
        self.border = Frame(self)
        self.view: TableView | None = None
        self.show_status("Waiting for the cluster")
        self._frame: tuple[Content, Content] | None = None
        self._is_worst_first = False
        self._order_before: Rows | None = None
        self._is_chosen_by_mouse = False

    def on_mount(self) -> None:
        """Frame it."""
        self.frame()

    @property
    def target(self) -> Target | None:
        """The selected row; None if there are no rows."""
        key, kind = self.cursor_key, self.view.pane.kind if self.view is not None else None
        return (kind, key) if kind is not None and key is not None else None

    def attach(self, view: TableView, columns: Sequence[str] = ()) -> None:
        """Show the objects of a session in these columns, or in all that fit."""
        self.view = view
        self.choose_columns(columns)
        self.highlights_changes = False
        self._is_worst_first = False
        self.show(view, view.pane.columns)
        self.frame()

    def detach(self) -> None:
        """Show nothing, until another session is attached."""
        self.view = None
        self.show(None, ())
        self.show_status("Waiting for the cluster")
        self.frame()

    def refresh_view(self) -> None:
        """Show the current contents of the view."""
        if self._is_small or self._is_worst_first:
            self._choose_order()
        self.rows_changed()
        self.frame()

    def begin_at_worst(self) -> None:
        """Put the cursor on the worst row that is shown, unless the user moved it before.

        If the worst rows come first, it is already there.
        """
        if self.view is None or self._cursor.is_moved or self.is_worst_first:
            return
        worst = self.view.worst(1)
        if worst and self.select(worst[0]):
            self.show_cursor()

    @property
    def is_worst_first(self) -> bool:
        """Whether that is the order that was chosen."""
        return self.view is not None and self.view.sort_column == FLAGS_COLUMN and not self.view.descending

    @property
    def _is_small(self) -> bool:
        """Whether only a few rows are visible and the pane has no focus."""
        return not self.has_focus and 0 < self.page_lines < SMALL

    def _choose_order(self) -> None:
        """Put the worst rows on top if only a few are visible, else use the chosen order."""
        view = self.view
        if view is None:
            return
        worst = view.worst(SMALL) if self._is_small else []
        if not worst and not self._is_worst_first:
            return
        from dsview.tables.worst_first import WorstFirst  # noqa: PLC0415 - rows are imported after the first frame

        before, self._is_worst_first = self._is_worst_first, bool(worst)
        self.replace_rows(WorstFirst(view, worst) if worst else view)
        if worst and not before:
            self.show_top()
        elif before and not worst:
            self.show_cursor()

    def on_focus(self) -> None:
        """Use the chosen order."""
        self._order_before = self.rows if self._is_worst_first else None
        super().on_focus()
        self._choose_order()

    def on_blur(self) -> None:
        """Show the worst of a few rows."""
        super().on_blur()
        self._choose_order()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The row under the mouse is meant, although the order has changed."""
        rows, self._order_before = self._order_before, None
        offset = event.get_content_offset(self)
        index = offset.y - self.header_lines if offset is not None else -1
        if rows is not None and 0 <= index < len(rows):
            self.select(rows.key_at(index))
            self._is_chosen_by_mouse = True

    def on_click(self, event: events.Click) -> None:
        """Select a row, unless pressing the button did."""
        if self._is_chosen_by_mouse:
            self._is_chosen_by_mouse = False
            event.prevent_default()

    def frame(self) -> None:
        """Update the text in the frame; drawn only if it changed."""
        view = self.view
        if view is not None:
            self.show_status("" if len(view) else view.status_line())
        frame = (self._title(), self._subtitle())
        if self._frame is None or any(not a.is_same(b) for a, b in zip(frame, self._frame, strict=True)):
            self._frame = frame
            self.border.border_title, self.border.border_subtitle = frame

    def on_resize(self) -> None:
        """A resize changes the columns that fit, which the frame shows, and the rows."""
        super().on_resize()
        self._choose_order()
        self.frame()

    def summaries(self) -> list[Content]:
        """The text for this pane on the tab line, from the longest to the title alone."""
        view = self.view
        title: list[Part] = [(self.pane_key, "$focus bold"), (self.pane_title, "$ink")]
        short: list[Part] = [(self.pane_key, "$focus bold"), (self.pane_title.split()[0], "$ink")]
        if view is None:
            return [spaced(title, " "), spaced(short, " ")]
        flags = count_words(view.flagged, self.glyphs, short=True)
        amount: Part = (view.amount, MUTED)
        return [
            spaced(parts, " ") for parts in ([*title, amount, *flags], [*short, *flags], [*short, *flags[:1]], short)
        ]

    def _title(self) -> Content:
        view = self.view
        parts: list[Part] = [(self.pane_key, "$focus bold"), (self.pane_title, "bold")]
        if view is not None:
            counted = f", {view.counted}" if len(view) == view.total and view.counted else ""
            parts.append((f"{view.amount}{counted}", MUTED))
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
        if view.namespaces is not None and any(column.id == "namespace" for column in view.pane.columns):
            names = sorted(view.namespaces)
            which = names[0] if len(names) == 1 else f"{len(names):,} namespaces"
            parts.append(content(("n ", "$focus bold"), (safe(which), "$ink")))
        if view.filter_text:
            parts.append(content(("/", "$focus bold"), (view.filter_text, "$ink")))
        if view.only_findings:
            parts.append(("only flagged", "$ink"))
        hidden = len(self.placed_layout.hidden)
        if hidden:
            parts.append((f"{hidden} more column{'s' if hidden > 1 else ''}: v", FAINT))
        return spaced(parts, f" {self.glyphs.dot} ")
