"""A table that renders only visible lines, for hundreds of thousands of rows.

It draws any `Rows` and keeps cursor and scroll position on the same object while rows are added and removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.filter import ANSIToTruecolor, DimFilter, LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from dsview.ui.actions import Where, bindings_of
from dsview.ui.change_highlight import ChangeHighlight
from dsview.ui.codes import code_at
from dsview.ui.columns import ColumnSizer, Layout
from dsview.ui.cursor import Cursor, Rows
from dsview.ui.fitting import fit
from dsview.ui.glyphs import UNICODE, Glyphs
from dsview.ui.strips import Strips

if TYPE_CHECKING:
    from dsview.kinds.metadata import Key
    from dsview.tables.cells import Column, Row
    from dsview.ui.paint import Painter

_SAMPLE = 120
"""The number of rows to measure when rows are added."""


class Table(ScrollView, can_focus=True):
    """The table of one pane. `show` sets its rows, `rows_changed` says that they changed."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.TABLE)

    everything: reactive[bool] = reactive(False, repaint=False, init=False)
    """Whether every column is shown, and scrolled to, rather than those that fit."""

    class Opened(Message):
        """A row was opened, by Enter or by mouse."""

        def __init__(self, table: Table, key: Key) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> Table:
            """The table."""
            return self.table

    class Moved(Message):
        """The cursor is on another row."""

    class CodeClicked(Message):
        """The code of a check was clicked in the row of the cursor."""

        def __init__(self, code: str) -> None:
            super().__init__()
            self.code = code

    class HeaderClicked(Message):
        """A column's title was clicked."""

        def __init__(self, table: Table, column_id: str) -> None:
            super().__init__()
            self.table = table
            self.column_id = column_id

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.glyphs = glyphs
        self._status = ""
        self._rows: Rows | None = None
        self._chosen: tuple[str, ...] = ()
        self._sizer = ColumnSizer(())
        self._layout = Layout((), 0, 0, ())
        self._base: Style | None = None
        self._strips = Strips(self._make_painter)
        self._measured = 0
        self._page_before = 0
        self._cursor = Cursor()
        self._column: str | None = None
        self._clicked: Key | None = None
        self._glow = ChangeHighlight(self.set_timer, self._repaint)
        self.glows = False
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
        return self._column

    @property
    def header_lines(self) -> int:
        """The number of lines of the header: two if there are lanes."""
        return 2 if any(column.lane for column in self._sizer.columns) else 1

    @property
    def placed_layout(self) -> Layout:
        """The current layout of the columns."""
        return self._layout

    def show(self, rows: Rows | None, columns: Sequence[Column]) -> None:
        """Show rows of other objects; the cursor starts at the top."""
        self._rows = rows
        self._sizer = ColumnSizer(columns, self._chosen)
        self._measured = 0
        self._cursor = Cursor()
        if self._column not in {column.id for column in columns}:
            self._column = next((c.id for c in columns if c.id == "name"), columns[0].id if columns else None)
        self._strips.forget_rows()
        self._glow.clear()
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
        grew = self._sample(count)
        size = Size(self._layout.width, self.header_lines + count)
        if grew:
            self._relayout()
        elif size != self.virtual_size:
            self._set_content_size(size)
        if shift:
            self.scroll_to(y=max(0, top + shift), animate=False, immediate=True)
        self._cursor.remember_top(rows, int(self.scroll_offset.y))
        self._light_changes()
        self.refresh()

    def _light_changes(self) -> None:
        """Highlight the visible cells that changed."""
        rows = self._rows
        if rows is not None and self.glows:
            top = int(self.scroll_offset.y)
            shown = range(top, min(len(rows), top + self._page)) if self.size.height else ()
            self._glow.compare(map(rows.row, shown))

    def _repaint(self, keys: Sequence[Key]) -> None:
        self._strips.forget_rows(keys)
        self.refresh()

    def size_columns(self) -> None:
        """Fit the columns to the current rows, and forget widths from while lists were loading."""
        self._sizer = ColumnSizer(self._sizer.columns, self._chosen)
        self._measured = 0
        self._sample(self._count)
        self._measure_seen()
        self._relayout()

    def choose_columns(self, columns: Sequence[str]) -> None:
        """Show these columns, by id, in that order; without any, all that there is room for."""
        self._chosen = tuple(columns)
        self.size_columns()

    def say(self, status: str) -> None:
        """Show why there are no rows, in their place."""
        if status != self._status:
            self._status = status
            self.refresh()

    def select(self, key: Key) -> bool:
        """Move the cursor to an object; False if it is not shown."""
        index = self._rows.index_of(key) if self._rows is not None else None
        if index is None:
            return False
        self._move_to(index)
        return True

    def go_to(self, index: int) -> None:
        """Move the cursor to a line."""
        self._move_to(index)

    def restyle(self) -> None:
        """Forget painted lines, because the theme or the order changed."""
        self._base = None
        self._strips.restyle()
        self.refresh()

    def notify_style_update(self) -> None:
        """Styles changed, by a theme or by focus."""
        super().notify_style_update()
        self._base = None
        self._strips.restyle()

    def watch_everything(self) -> None:
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
        width = self._room
        if width <= 0 or not self._layout.placed:
            return self._plain_line(y, width)
        scroll_x, scroll_y = self.scroll_offset
        painter = self._strips.painter
        if y < self.header_lines:
            show = painter.window if y else painter.hinted
            return show(self._strips.header(y, self._paint_header), self._layout, scroll_x, width)
        index = y - self.header_lines + scroll_y
        rows = self._rows
        if rows is None or index >= len(rows):
            return self._plain_line(y, width)
        return painter.window(self._row_strip(rows, index), self._layout, scroll_x, width)

    def _plain_line(self, y: int, width: int) -> Strip:
        style = self._base_style
        if y == self.header_lines + 1 and self._status and not self._count:
            return Strip([Segment(fit(f"   {self._status}", width, self.glyphs.ellipsis), style)], width)
        return Strip.blank(width, style)

    @property
    def _base_style(self) -> Style:
        """Textual's `rich_style`, which walks all ancestors for every line."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    @property
    def _count(self) -> int:
        return len(self._rows) if self._rows is not None else 0

    def _make_painter(self) -> Painter:
        from dsview.ui.paint import Painter  # noqa: PLC0415 - there is nothing to paint in the first frame

        return Painter(self.visual_style, self.app.stylesheet.parse_style, self.glyphs)

    def _paint_header(self, painter: Painter) -> list[Strip]:
        rows = self._rows
        titles = painter.titles(
            self._layout,
            selected=self._column if self.has_focus else None,
            sort=rows.sort_column if rows is not None else None,
            descending=rows.descending if rows is not None else False,
        )
        return [painter.lanes(self._layout), titles] if self.header_lines == 2 else [titles]

    def _row_strip(self, rows: Rows, index: int) -> Strip:
        row = rows.row(index)
        self._glow.see(row)
        lit = self._glow.cells(row.key)
        if index != self._cursor.index:
            return self._strips.row(row, self._layout, self.size.width, changed=lit)
        return self._strips.painter.cursor_row(
            row, self._layout, self._room, selected=self._column, is_focused=self.has_focus, changed=lit
        )

    def _sample(self, count: int) -> bool:
        """Measure some rows if there are many more than before; True if columns grew."""
        rows = self._rows
        if rows is None or not count or self._measured * 2 > count + _SAMPLE:
            return False
        self._measured = count
        step = max(1, count // _SAMPLE)
        return self._sizer.measure(rows.row(index) for index in range(0, count, step))

    def _measure_seen(self) -> None:
        """Widen columns for the visible rows, so that none is shortened if there is room."""
        rows = self._rows
        if rows is None:
            return
        top = int(self.scroll_offset.y)
        if self._sizer.measure(rows.row(index) for index in range(top, min(len(rows), top + self._page))):
            self._relayout()

    def _relayout(self) -> None:
        if not self._sizer.columns:
            return
        layout = self._sizer.layout(max(1, self._room), everything=self.everything)
        self._strips.forget_headers()
        if layout != self._layout:
            self._layout = layout
            self._strips.forget_rows()
            if self._column is not None and layout.placed and layout.find(self._column) is None:
                self._column = layout.placed[0].column.id
        self.virtual_size = Size(layout.width, self.header_lines + self._count)
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
    def _room(self) -> int:
        """The cells of a line, without those of the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def rows(self) -> Rows | None:
        """What is shown, in the order in which it is."""
        return self._rows

    @property
    def page_lines(self) -> int:
        """How many rows are seen at once; 0 where there is no room for any."""
        return max(0, self.size.height - self.header_lines)

    def begin_at_top(self) -> None:
        """Put the cursor on the first row, to stay there whatever comes to it, as at the beginning."""
        self._cursor = Cursor()
        self.rows_changed()
        self.show_top()

    def show_top(self) -> None:
        """Scroll to the first row; the cursor stays where it is."""
        self.scroll_to(y=0, animate=False, immediate=True)
        self._cursor.remember_top(self._rows, 0)

    def show_cursor(self) -> None:
        """Scroll to the cursor's row, with what is around it."""
        index, top = self._cursor.index, int(self.scroll_offset.y)
        if not top <= index < top + self._page:
            self.scroll_to(y=max(0, index - self._page // 2), animate=False, immediate=True)

    @property
    def _page(self) -> int:
        return max(1, self.size.height - self.header_lines)

    def _move_to(self, index: int) -> None:
        before = self._cursor.index
        if self._rows is None or not self._cursor.move(self._rows, index):
            return
        self._clicked = None
        self.post_message(self.Moved())
        index, top = self._cursor.index, int(self.scroll_offset.y)
        if index < top:
            self.scroll_to(y=index, animate=False, immediate=True)
        elif index >= top + self._page:
            self.scroll_to(y=index - self._page + 1, animate=False, immediate=True)
        else:
            self.refresh_line(before + self.header_lines)
            self.refresh_line(index + self.header_lines)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Another part is seen."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._cursor.remember_top(self._rows, int(new_value))
            self._measure_seen()

    def on_resize(self) -> None:
        """Other columns may fit, and fewer rows: the cursor's stays among them."""
        before, self._page_before = self._page_before, self._page
        index, top = self._cursor.index, int(self.scroll_offset.y)
        if top + self._page <= index < top + before:
            self.scroll_to(y=index - self._page + 1, animate=False, immediate=True)
        self._relayout()
        self._measure_seen()

    def on_focus(self) -> None:
        """The cursor's line and the header are lit."""
        self._strips.forget_headers()
        self.refresh()

    def on_blur(self) -> None:
        """They are no longer."""
        self._strips.forget_headers()
        self.refresh()

    def action_cursor_up(self) -> None:
        """One row up."""
        self._move_to(self._cursor.index - 1)

    def action_cursor_down(self) -> None:
        """One row down."""
        self._move_to(self._cursor.index + 1)

    def action_page_up(self) -> None:
        """One page up."""
        self._move_to(self._cursor.index - self._page)

    def action_page_down(self) -> None:
        """One page down."""
        self._move_to(self._cursor.index + self._page)

    def action_half_page_up(self) -> None:
        """Half a page up."""
        self._move_to(self._cursor.index - max(1, self._page // 2))

    def action_half_page_down(self) -> None:
        """Half a page down."""
        self._move_to(self._cursor.index + max(1, self._page // 2))

    def action_first(self) -> None:
        """To the first row."""
        self._move_to(0)

    def action_last(self) -> None:
        """To the last row."""
        self._move_to(self._count - 1)

    def action_column_left(self) -> None:
        """Select the column to the left."""
        self._move_column(-1)

    def action_column_right(self) -> None:
        """Select the column to the right."""
        self._move_column(1)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self._cursor.key is not None:
            self.post_message(self.Opened(self, self._cursor.key))

    def _move_column(self, by: int) -> None:
        placed = self._layout.placed
        if not placed:
            return
        at = next((i for i, item in enumerate(placed) if item.column.id == self._column), 0)
        item = placed[max(0, min(at + by, len(placed) - 1))]
        self._column = item.column.id
        self._strips.forget_headers()
        fixed, left = self._layout.fixed, int(self.scroll_offset.x)
        if item.offset >= fixed and self._layout.width > self._room:
            if item.offset - left < fixed:
                self.scroll_to(x=item.offset - item.gap - fixed, animate=False, immediate=True)
            elif item.end - left > self._room:
                self.scroll_to(x=item.end - self._room, animate=False, immediate=True)
        self.refresh()

    def _code_at(self, x: int, index: int) -> str | None:
        """The check whose code stands at a place of a row."""
        place = x if x < self._layout.fixed else x + int(self.scroll_offset.x)
        item = self._layout.at(place)
        if self._rows is None or item is None or item.column.lane:
            return None
        line = self._row_strip(self._rows, index).text
        return code_at(line, place)

    def on_click(self, event: events.Click) -> None:
        """Select a row; a second click opens it, or explains a clicked check code. A title sorts."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < self.header_lines:
            x = offset.x if offset.x < self._layout.fixed else offset.x + int(self.scroll_offset.x)
            item = self._layout.at(x)
            if item is not None:
                self.post_message(self.HeaderClicked(self, item.column.id))
            return
        index = offset.y - self.header_lines + int(self.scroll_offset.y)
        if self._rows is None or index >= self._count:
            return
        key = self._rows.key_at(index)
        again = self._clicked == key
        code = self._code_at(offset.x, index) if again else None
        if code is not None:
            self.post_message(self.CodeClicked(code))
            return
        self._move_to(index)
        self._clicked = key
        if again or event.chain > 1:
            self.action_open()
