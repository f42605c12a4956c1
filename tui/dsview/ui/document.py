"""A scrolling text of blocks, some of them selectable: the base of the detail, trace and help screens.

Blocks lay themselves out for a width; only visible lines become strips.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from textual import events
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dsview.ui.actions import Where, bindings_of
from dsview.ui.codes import CodeClicked, code_at
from dsview.ui.glyphs import UNICODE, Glyphs

_MARGIN = 2
"""Cells before the text: the cursor's mark and a blank."""

_MATCH_STYLE = "$ink bold underline on $cell-cursor"
_CURRENT_MATCH_STYLE = "bold reverse"
"""The styles of search matches and of the current one, distinguishable without colours."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document. `lines` lays it out in the given number of cells.

    `target` is what Enter opens, `copy` what is copied; with either the block can be selected. `key` identifies
    the block after a refresh.
    """

    lines: Callable[[int], Sequence[Content]]
    target: object = None
    copy: str = ""
    key: object = None

    @property
    def is_selectable(self) -> bool:
        """Whether the cursor stops here."""
        return self.target is not None or bool(self.copy)


def paragraph(
    text: Content, *, indent: int = 0, hanging: int = 0, target: object = None, copy: str = "", key: object = None
) -> Block:
    """A paragraph that is wrapped; `hanging` indents all its lines but the first further."""

    def lines(width: int) -> list[Content]:
        room = max(8, width - indent)
        if text.cell_length <= room:
            return [text.pad_left(indent)]
        first, *rest = text.wrap(room)
        if not hanging or not rest:
            return [line.pad_left(indent) for line in (first, *rest)]
        # The rest is wrapped again, to a smaller width.
        tail = text[len(first.plain.rstrip()) :]
        tail = tail[len(tail.plain) - len(tail.plain.lstrip()) :]
        return [first.pad_left(indent), *(x.pad_left(indent + hanging) for x in tail.wrap(max(8, room - hanging)))]

    return Block(lines, target=target, copy=copy, key=key)


def heading(text: str, glyphs: Glyphs) -> Block:
    """A title with a rule to the right edge, below an empty line."""

    def lines(width: int) -> list[Content]:
        rule = glyphs.line * max(0, width - len(text) - 1)
        return [Content(""), Content.assemble((text, "$ink bold"), " ", (rule, "$rule"))]

    return Block(lines)


def blank() -> Block:
    """An empty line."""
    return Block(lambda _width: [Content("")])


class _Match(NamedTuple):
    """Where the text of a search is: the number of the line, its first character, and the one after its last."""

    line: int
    start: int
    end: int


class Document(ScrollView, can_focus=True):
    """Shows blocks. The cursor moves between selectable blocks and scrolls through the text between them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.DOCUMENT)

    class Opened(Message):
        """A block with a target was opened."""

        def __init__(self, target: object) -> None:
            super().__init__()
            self.target = target

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.glyphs = glyphs
        self._blocks: Sequence[Block] = ()
        self._lines: list[tuple[Content, int]] = []
        self._starts: list[int] = []
        self._painted: dict[int, Strip] = {}
        self._selected_index: int | None = None
        self._laid_out_for = 0
        self._needle: re.Pattern[str] | None = None
        self._matches: list[_Match] = []
        self._current_match = 0

    @property
    def selected(self) -> Block | None:
        """The block under the cursor."""
        return self._blocks[self._selected_index] if self._selected_index is not None else None

    @property
    def text(self) -> str:
        """The whole text, wrapped as on the screen."""
        return "\n".join(line.plain.rstrip() for line, _ in self._lines)

    def show(self, blocks: Sequence[Block]) -> None:
        """Show other blocks; the cursor stays on the block with the same key."""
        before = self.selected
        self._blocks = blocks
        self._selected_index = None
        if before is not None and before.key is not None:
            self._selected_index = next(
                (i for i, b in enumerate(blocks) if b.key == before.key and b.is_selectable), None
            )
        if self._selected_index is None:
            self._selected_index = next((i for i, block in enumerate(blocks) if block.is_selectable), None)
        self._lay_out()

    @property
    def match_position(self) -> tuple[int, int]:
        """The number of the current match and the number of matches; counted from 1."""
        return (self._current_match + 1 if self._matches else 0, len(self._matches))

    def look_for(self, text: str) -> None:
        """Search every line for a text, ignoring case; an empty text ends the search. Shows the next match."""
        self._needle = re.compile(re.escape(text), re.IGNORECASE) if text else None
        top = int(self.scroll_offset.y)
        self._find()
        self._current_match = next((number for number, match in enumerate(self._matches) if match.line >= top), 0)
        self._show_match()

    def go_to_match(self, step: int) -> None:
        """Show the next or the previous match, wrapping around at the ends."""
        if self._matches:
            self._current_match = (self._current_match + step) % len(self._matches)
            self._show_match()

    def _find(self) -> None:
        needle = self._needle
        self._matches = (
            [
                _Match(number, *found.span())
                for number, (line, _) in enumerate(self._lines)
                for found in needle.finditer(line.plain)
            ]
            if needle is not None
            else []
        )
        self._current_match = min(self._current_match, max(0, len(self._matches) - 1))

    def _show_match(self) -> None:
        self._painted.clear()
        if self._matches:
            line = self._matches[self._current_match].line
            top, height = int(self.scroll_offset.y), max(1, self.size.height)
            if not top <= line < top + height:
                self.scroll_to(y=max(0, line - height // 3), animate=False, immediate=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        line = y + int(self.scroll_offset.y)
        width = self._line_width
        if line >= len(self._lines) or width <= 0:
            return Strip.blank(max(0, width), self.rich_style)
        strip = self._painted.get(line)
        if strip is None:
            strip = self._painted[line] = self._paint(line, width)
        return strip

    def notify_style_update(self) -> None:
        """Paint again, because styles changed."""
        super().notify_style_update()
        self._painted.clear()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        if self._line_width != self._laid_out_for:
            self._lay_out()

    def _lay_out(self) -> None:
        width = self._line_width
        self._laid_out_for = width
        self._painted.clear()
        self._lines = []
        self._starts = []
        room = max(10, width - 2)
        for index, block in enumerate(self._blocks):
            self._starts.append(len(self._lines))
            self._lines += [(line, index) for line in block.lines(room)]
        self._find()
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    @property
    def _line_width(self) -> int:
        """The cells of a line, without those of the scrollbar."""
        return self.scrollable_content_region.width

    def _paint(self, line: int, width: int) -> Strip:
        text, block = self._lines[line]
        is_selected = block == self._selected_index and self._blocks[block].is_selectable
        base = self.visual_style
        mark = Content("  ")
        if is_selected:
            base += self.app.stylesheet.parse_style("on $row-cursor")
            mark = Content.assemble((self.glyphs.cursor, "$focus"), " ")
        for number, match in enumerate(self._matches):
            if match.line == line:
                style = _CURRENT_MATCH_STYLE if number == self._current_match else _MATCH_STYLE
                text = text.stylize(style, match.start, match.end)
        whole = Content.assemble(mark, text)
        if whole.cell_length > width:
            whole = whole.truncate(width, ellipsis=True)
        segments = whole.render_segments(base)
        return Strip(segments).adjust_cell_length(width, base.rich_style)

    def _select(self, index: int | None) -> None:
        if index == self._selected_index:
            return
        self._selected_index = index
        self._painted.clear()
        self.refresh()

    def _reveal(self, index: int) -> None:
        start = self._starts[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else len(self._lines)
        top, height = int(self.scroll_offset.y), max(1, self.size.height)
        if end > top + height:
            top = min(start, end - height)
        self.scroll_to(y=min(top, start), animate=False, immediate=True)

    def _step(self, by: int) -> None:
        """Select the next block if it is near, else scroll by one line."""
        top, height = int(self.scroll_offset.y), max(1, self.size.height)
        indexes = range(len(self._blocks)) if by > 0 else range(len(self._blocks) - 1, -1, -1)
        at = self._selected_index if self._selected_index is not None else (-1 if by > 0 else len(self._blocks))
        for index in indexes:
            if not self._blocks[index].is_selectable or (index - at) * by <= 0:
                continue
            if top - height // 2 <= self._starts[index] < top + height + height // 2:
                self._select(index)
                self._reveal(index)
                return
            break
        self.scroll_to(y=top + by, animate=False, immediate=True)

    def action_cursor_up(self) -> None:
        """To the block before."""
        self._step(-1)

    def action_cursor_down(self) -> None:
        """To the next block."""
        self._step(1)

    def action_page_up(self) -> None:
        """One page up."""
        self.scroll_to(y=self.scroll_offset.y - self.size.height + 1, animate=False, immediate=True)

    def action_page_down(self) -> None:
        """One page down."""
        self.scroll_to(y=self.scroll_offset.y + self.size.height - 1, animate=False, immediate=True)

    def action_half_page_up(self) -> None:
        """Half a page up."""
        self.scroll_to(y=self.scroll_offset.y - max(1, self.size.height // 2), animate=False, immediate=True)

    def action_half_page_down(self) -> None:
        """Half a page down."""
        self.scroll_to(y=self.scroll_offset.y + max(1, self.size.height // 2), animate=False, immediate=True)

    def action_first(self) -> None:
        """To the beginning."""
        self._select(next((i for i, block in enumerate(self._blocks) if block.is_selectable), None))
        self.scroll_to(y=0, animate=False, immediate=True)

    def action_last(self) -> None:
        """To the end."""
        self._select(next((i for i in range(len(self._blocks) - 1, -1, -1) if self._blocks[i].is_selectable), None))
        self.scroll_to(y=len(self._lines), animate=False, immediate=True)

    def action_open(self) -> None:
        """Open the target of the selected block."""
        block = self.selected
        if block is None or block.target is None:
            # The key may have a meaning on the screen.
            raise SkipAction
        self.post_message(self.Opened(block.target))

    def on_click(self, event: events.Click) -> None:
        """Select a block; a second click opens it."""
        offset = event.get_content_offset(self)
        line = offset.y + int(self.scroll_offset.y) if offset is not None else len(self._lines)
        if line >= len(self._lines):
            return
        text, index = self._lines[line]
        code = code_at(text.plain, offset.x - _MARGIN) if offset is not None else None
        if code is not None:
            self.post_message(CodeClicked(code))
            return
        if not self._blocks[index].is_selectable:
            return
        again = index == self._selected_index
        self._select(index)
        if again and self._blocks[index].target is not None:
            self.action_open()
