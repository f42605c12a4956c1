"""Draws only the visible lines of a table, for hundreds of thousands of rows.

It draws any `Rows` and keeps cursor and scroll position on the same object while rows are added and removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor, DimFilter, LineFilter
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from dsview.ui.change_highlight import ChangeHighlight
from dsview.ui.columns import Layout
from dsview.ui.cursor import Cursor, Rows
from dsview.ui.fitting import fit
from dsview.ui.glyphs import UNICODE, Glyphs
from dsview.ui.shown_columns import ShownColumns
from dsview.ui.strips import Strips
from dsview.ui.timers import call_after

if TYPE_CHECKING:
    from dsview.kinds.metadata import Key
    from dsview.tables.cells import Column, Row
    from dsview.ui.paint import Painter


class RowCanvas(ScrollView, can_focus=True):
    """The rows of a table, without its keys. `show` sets them, `rows_changed` says that they changed."""

    all_columns: reactive[bool] = reactive(False, repaint=False, init=False)
    """Whether every column is shown, and scrolled to, rather than those that fit."""

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.glyphs = glyphs
        self._status = ""
        self._rows: Rows | None = None
        self._columns = ShownColumns()
        self._base_style_cache: Style | None = None
        self._strips = Strips(self._make_painter)
        self._page_before = 0
        self._cursor = Cursor()
        self._change_highlight = ChangeHighlight(partial(call_after, self), self._repaint)
        self.highlights_changes = False
        """Whether changed cells are highlighted for a moment; not while a list loads."""

    @property
    def cursor_key(self) -> Key | None:
        """The object under the cursor."""
        return self._cursor.key

    @property
    def cursor_index(self) -> int:
        """The line of the cursor."""
        return self._cursor.index

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        rows = self._rows
        return rows.row(self._cursor.index) if rows is not None and self._cursor.index < len(rows) else None

    @property
    def column_id(self) -> str | None:
        """The selected column."""
        return self._columns.selected

    @property
    def header_lines(self) -> int:
        """The number of lines of the header: two if there are lanes."""
        return 2 if self._columns.has_lanes else 1

    @property
    def placed_layout(self) -> Layout:
        """The current layout of the columns."""
        return self._columns.layout

    def show(self, rows: Rows | None, columns: Sequence[Column]) -> None:
        """Show rows of other objects; the cursor starts at the top."""
        self._rows = rows
        self._columns.set(columns)
        self._cursor = Cursor()
        self._strips.forget_rows()
        self._change_highlight.clear()
        self.scroll_to(0, 0, animate=False, immediate=True)
        self.rows_changed()

    def replace_rows(self, rows: Rows) -> None:
        """Show other rows of the same objects; the cursor stays where it is."""
        self._rows = rows
        self.rows_changed()

    def rows_changed(self) -> None:
        """Move cursor and scroll position to the current positions of their objects, and paint again."""
        rows = self._rows
        count = len(rows) if rows is not None else 0
        top = int(self.scroll_offset.y)
        shift = self._cursor.follow(rows, top, self._page)
        grew = self._columns.sample(rows)
        size = Size(self.placed_layout.width, self.header_lines + count)
        if grew:
            self._relayout()
        elif size != self.virtual_size:
            self._set_content_size(size)
        if shift:
            self._scroll_rows(max(0, top + shift))
        self._cursor.remember_top(rows, int(self.scroll_offset.y))
        self._highlight_changes()
        self.refresh()

    def _highlight_changes(self) -> None:
        """Highlight the visible cells that changed."""
        rows = self._rows
        if rows is not None and self.highlights_changes:
            top = int(self.scroll_offset.y)
            shown = range(top, min(len(rows), top + self._page)) if self.size.height else ()
            self._change_highlight.compare(map(rows.row, shown))

    def _repaint(self, keys: Sequence[Key]) -> None:
        self._strips.forget_rows(keys)
        self.refresh()

    def size_columns(self) -> None:
        """Fit the columns to the current rows, and forget widths from while lists were loading."""
        self._columns.forget_widths()
        self._columns.sample(self._rows)
        self._measure_visible_rows()
        self._relayout()

    def choose_columns(self, columns: Sequence[str]) -> None:
        """Show these columns, by id, in that order; if empty, all that fit."""
        self._columns.choose(columns)
        self.size_columns()

    def show_status(self, status: str) -> None:
        """Show why there are no rows, in their place."""
        if status != self._status:
            self._status = status
            self.refresh()

    def restyle(self) -> None:
        """Forget painted lines, because the theme or the order changed."""
        self._base_style_cache = None
        self._strips.restyle()
        self.refresh()

    def notify_style_update(self) -> None:
        """Styles changed, by a theme or by focus."""
        super().notify_style_update()
        self._base_style_cache = None
        self._strips.restyle()

    def watch_all_columns(self) -> None:
        """Other columns are shown."""
        self._relayout()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters without those that the painter does not need, which take a third of a frame's time."""
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor | DimFilter)]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region, past Textual's cache by line number: a row keeps its strip when it scrolls."""
        width, style = self.size.width, self._base_style
        if not self._count and not self._status:
            return [Strip.blank(crop.width, style)] * crop.height
        # Fill the scrollbar's cell if there is no scrollbar.
        strips = [self.render_line(y).extend_cell_length(width, style) for y in crop.line_range]
        for one in self.get_line_filters():
            strips = [strip.apply_filter(one, self.background_colors[1]) for strip in strips]
        if crop.column_span != (0, width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """One visible line: the header stays, the rows scroll below it."""
        width = self._line_width
        if width <= 0 or not self.placed_layout.placed:
            return self._line_without_row(y, width)
        scroll_x, scroll_y = self.scroll_offset
        painter = self._strips.painter
        if y < self.header_lines:
            show = painter.visible_part if y else painter.with_arrows
            return show(self._strips.header(y, self._paint_header), self.placed_layout, scroll_x, width)
        index = y - self.header_lines + scroll_y
        rows = self._rows
        if rows is None or index >= len(rows):
            return self._line_without_row(y, width)
        return painter.visible_part(self._row_strip(rows, index), self.placed_layout, scroll_x, width)

    def _line_without_row(self, y: int, width: int) -> Strip:
        style = self._base_style
        if y == self.header_lines + 1 and self._status and not self._count:
            return Strip([Segment(fit(f"   {self._status}", width, self.glyphs.ellipsis), style)], width)
        return Strip.blank(width, style)

    @property
    def _base_style(self) -> Style:
        """Textual's `rich_style`, which walks all ancestors for every line."""
        if self._base_style_cache is None:
            self._base_style_cache = self.rich_style
        return self._base_style_cache

    @property
    def _count(self) -> int:
        return len(self._rows) if self._rows is not None else 0

    def _make_painter(self) -> Painter:
        from dsview.ui.paint import Painter  # noqa: PLC0415 - there is nothing to paint in the first frame

        return Painter(self.visual_style, self.app.stylesheet.parse_style, self.glyphs)

    def _paint_header(self, painter: Painter) -> list[Strip]:
        rows = self._rows
        titles = painter.titles(
            self.placed_layout,
            selected=self._columns.selected if self.has_focus else None,
            sort=rows.sort_column if rows is not None else None,
            descending=rows.descending if rows is not None else False,
        )
        return [painter.lanes(self.placed_layout), titles] if self.header_lines == 2 else [titles]

    def _row_strip(self, rows: Rows, index: int) -> Strip:
        row = rows.row(index)
        self._change_highlight.remember(row)
        changed = self._change_highlight.cells(row.key)
        if index != self._cursor.index:
            return self._strips.row(row, self.placed_layout, self.size.width, changed=changed)
        return self._strips.painter.cursor_row(
            row,
            self.placed_layout,
            self._line_width,
            selected=self._columns.selected,
            is_focused=self.has_focus,
            changed=changed,
        )

    def _measure_visible_rows(self) -> None:
        """Widen columns for the visible rows, so that none is shortened if there is room."""
        rows = self._rows
        if rows is None:
            return
        top = int(self.scroll_offset.y)
        if self._columns.measure(rows.row(index) for index in range(top, min(len(rows), top + self._page))):
            self._relayout()

    def _relayout(self) -> None:
        if self._columns.is_empty:
            return
        layout_changed = self._columns.place(self._line_width, all_columns=self.all_columns)
        self._strips.forget_headers()
        if layout_changed:
            self._strips.forget_rows()
        self.virtual_size = Size(self.placed_layout.width, self.header_lines + self._count)
        self.refresh()

    def _set_content_size(self, size: Size) -> None:
        """Take another number of lines. Textual lays out the whole screen for that, 20 ms, unless it need not."""
        before, page = self.virtual_size, self.size.height
        stays_scrolled = self.scroll_offset.y <= size.height - page
        if size.width == before.width and min(size.height, before.height) > page and stays_scrolled:
            # The scrollbar stays; only its thumb changes.
            self.set_reactive(Widget.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    @property
    def _line_width(self) -> int:
        """The cells of a line, without those of the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def rows(self) -> Rows | None:
        """The displayed rows, from top to bottom."""
        return self._rows

    @property
    def page_lines(self) -> int:
        """The number of visible rows; 0 if there is no room for any."""
        return max(0, self.size.height - self.header_lines)

    def _scroll_rows(self, top: int) -> None:
        """Scroll to a row, even if the scrollbar appears only in the next frame."""
        self.scroll_to(y=top, animate=False, immediate=True, force=True)

    @property
    def _page(self) -> int:
        return max(1, self.size.height - self.header_lines)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint the newly visible rows."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._cursor.remember_top(self._rows, int(new_value))
            self._measure_visible_rows()

    def on_resize(self) -> None:
        """Other columns may fit, and fewer rows: the cursor's stays among them."""
        before, self._page_before = self._page_before, self._page
        index, top = self._cursor.index, int(self.scroll_offset.y)
        if top + self._page <= index < top + before:
            self._scroll_rows(index - self._page + 1)
        self._relayout()
        self._measure_visible_rows()
