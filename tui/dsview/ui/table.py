"""A table whose cursor is moved by keys and by the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from dsview.ui.actions import Where, bindings_of
from dsview.ui.codes import CodeClicked, code_at
from dsview.ui.cursor import Cursor
from dsview.ui.glyphs import UNICODE, Glyphs
from dsview.ui.row_canvas import RowCanvas

if TYPE_CHECKING:
    from dsview.kinds.metadata import Key


class Table(RowCanvas):
    """The table of one pane, or of a screen with a single table."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.TABLE)

    class Opened(Message):
        """A row was opened, by Enter or by mouse."""

        def __init__(self, table: Table, key: Key) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Moved(Message):
        """The cursor is on another row."""

    class HeaderClicked(Message):
        """A column's title was clicked."""

        def __init__(self, table: Table, column_id: str) -> None:
            super().__init__()
            self.table = table
            self.column_id = column_id

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(glyphs=glyphs, id=id)
        self._clicked_key: Key | None = None

    def select(self, key: Key) -> bool:
        """Move the cursor to an object; False if it is not shown."""
        index = self._rows.index_of(key) if self._rows is not None else None
        if index is None:
            return False
        self.go_to(index)
        return True

    def begin_at_top(self) -> None:
        """Put the cursor on the first row."""
        self._cursor = Cursor()
        self.rows_changed()
        self._cursor.stay()
        self.show_top()

    def stay(self) -> None:
        """Keep the cursor on its object from now on, because all lists are loaded."""
        self._cursor.stay()

    def show_top(self) -> None:
        """Scroll to the first row; the cursor stays where it is."""
        self._scroll_rows(0)
        self._cursor.remember_top(self._rows, 0)

    def show_cursor(self) -> None:
        """Scroll so that the cursor's row is in the middle, unless it is visible."""
        index, top = self._cursor.index, int(self.scroll_offset.y)
        if not top <= index < top + self._page:
            self._scroll_rows(max(0, index - self._page // 2))

    def go_to(self, index: int) -> None:
        """Move the cursor to a row, and scroll as far as necessary."""
        before = self._cursor.index
        if self._rows is None or not self._cursor.move(self._rows, index):
            return
        self._clicked_key = None
        self.post_message(self.Moved())
        index, top = self._cursor.index, int(self.scroll_offset.y)
        if index < top:
            self._scroll_rows(index)
        elif index >= top + self._page:
            self._scroll_rows(index - self._page + 1)
        else:
            self.refresh_line(before + self.header_lines)
            self.refresh_line(index + self.header_lines)

    def on_focus(self) -> None:
        """Highlight the cursor's row and the header."""
        self._strips.forget_headers()
        self.refresh()

    def on_blur(self) -> None:
        """Remove the highlight."""
        self._strips.forget_headers()
        self.refresh()

    def action_cursor_up(self) -> None:
        """One row up."""
        self.go_to(self._cursor.index - 1)

    def action_cursor_down(self) -> None:
        """One row down."""
        self.go_to(self._cursor.index + 1)

    def action_page_up(self) -> None:
        """One page up."""
        self.go_to(self._cursor.index - self._page)

    def action_page_down(self) -> None:
        """One page down."""
        self.go_to(self._cursor.index + self._page)

    def action_half_page_up(self) -> None:
        """Half a page up."""
        self.go_to(self._cursor.index - max(1, self._page // 2))

    def action_half_page_down(self) -> None:
        """Half a page down."""
        self.go_to(self._cursor.index + max(1, self._page // 2))

    def action_first(self) -> None:
        """To the first row."""
        self.go_to(0)

    def action_last(self) -> None:
        """To the last row."""
        self.go_to(self._count - 1)

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
        offset = self._columns.move(by, int(self.scroll_offset.x), self._line_width)
        self._strips.forget_headers()
        if offset is not None:
            self.scroll_to(x=offset, animate=False, immediate=True)
        self.refresh()

    def _code_at(self, x: int, index: int) -> str | None:
        """The check whose code is at a position of a row."""
        scrolled = int(self.scroll_offset.x)
        placed = self._columns.at(x, scrolled)
        if self._rows is None or placed is None or placed.column.lane:
            return None
        return code_at(self._row_strip(self._rows, index).text, self._columns.unscrolled(x, scrolled))

    def on_click(self, event: events.Click) -> None:
        """Select a row; a second click opens it, or explains a clicked check code. A title sorts."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < self.header_lines:
            placed = self._columns.at(offset.x, int(self.scroll_offset.x))
            if placed is not None:
                self.post_message(self.HeaderClicked(self, placed.column.id))
            return
        index = offset.y - self.header_lines + int(self.scroll_offset.y)
        if self._rows is None or index >= self._count:
            return
        key = self._rows.key_at(index)
        is_second_click = self._clicked_key == key
        code = self._code_at(offset.x, index) if is_second_click else None
        if code is not None:
            self.post_message(CodeClicked(code))
            return
        self.go_to(index)
        self._clicked_key = key
        if is_second_click or event.chain > 1:
            self.action_open()
