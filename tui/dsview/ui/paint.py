"""A row of cells as a line of styled text: which colour and sign a cell gets, how it is cut and padded.

Cell text is plain text: it is put into segments unchanged and never parsed as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from enum import IntEnum

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip
from textual.style import Style

from dsview.tables.cells import GAP, NONE, Cell, Column, Lane, Row, Tone
from dsview.ui.columns import FLAGS_COLUMN, GUTTER, Layout, Placed
from dsview.ui.fitting import fit, fit_address, fit_name, fit_object
from dsview.ui.glyphs import Glyphs


class Highlight(IntEnum):
    """The highlight of a row: none, under the cursor of a pane without focus, under the cursor."""

    PLAIN = 0
    BLURRED = 1
    CURSOR = 2


class Painter:
    """Paints rows and headers with the styles of one theme.

    `parse` turns a style such as `bold $flag-error` into one with the theme's colours; `base` is laid under all.
    """

    def __init__(self, base: Style, parse: Callable[[str], Style], glyphs: Glyphs) -> None:
        self.glyphs = glyphs
        self._parse = parse
        self._row_styles = (base, base + parse("on $row-cursor-blur"), base + parse("on $row-cursor"))
        self._cell_cursor_style = base + parse("on $cell-cursor")
        self._cache: dict[tuple[str, Highlight, bool], RichStyle] = {}

    def row(
        self,
        row: Row,
        layout: Layout,
        highlight: Highlight = Highlight.PLAIN,
        selected: str | None = None,
        changed: Set[int] = frozenset(),
    ) -> Strip:
        """One row, `layout.width` cells wide.

        `selected` is the column that the cursor is on; `changed` are the places of cells that changed a moment ago.
        """
        glyphs = self.glyphs
        severity = row.severity
        mark = glyphs.cursor if highlight is Highlight.CURSOR else " "
        segments = [
            Segment(mark, self.style("mark", highlight)),
            Segment(f"{glyphs.severity(severity)} ", self.style(severity.value if severity else "text", highlight)),
        ]
        is_styled_apart = False
        # An object that is just gone has no cells until the next refresh.
        for placed in layout.placed if row.cells else ():
            if placed.rule:
                segments.append(Segment(self._rule(placed), self.style("rule", highlight)))
            elif placed.gap and is_styled_apart:
                segments.append(Segment(" " * placed.gap, self.style("text", highlight)))
            elif placed.gap:
                # Blanks go with the cell before: fewer segments make a faster frame.
                before = segments[-1]
                segments[-1] = Segment(before.text + " " * placed.gap, before.style)
            is_chosen = highlight is Highlight.CURSOR and placed.column.id == selected
            segment = self._cell_segment(row.cells[placed.index], placed, highlight, chosen=is_chosen)
            is_changed = placed.index in changed
            is_styled_apart = is_chosen or is_changed
            if is_changed:
                segment = Segment(segment.text, self._as_changed(segment.style))
            segments.append(segment)
        return Strip(segments, layout.width)

    def _as_changed(self, style: RichStyle | None) -> RichStyle:
        changed_style = self._parse(_CHANGED_STYLE).rich_style
        return style + changed_style if style is not None else changed_style

    def cursor_row(
        self,
        row: Row,
        layout: Layout,
        width: int,
        *,
        selected: str | None,
        is_focused: bool,
        changed: Set[int] = frozenset(),
    ) -> Strip:
        """The row under the cursor, lit to the right edge of `width` cells."""
        highlight = Highlight.CURSOR if is_focused else Highlight.BLURRED
        strip = self.row(row, layout, highlight, selected, changed)
        return strip.extend_cell_length(max(width, layout.width), self.style("text", highlight))

    def lanes(self, layout: Layout) -> Strip:
        """The header's upper line: what each lane is, drawn over all its columns."""
        glyphs = self.glyphs
        segments: list[Segment] = []
        at = 0
        for lane, start, end in layout.lanes():
            segments.append(Segment(" " * (start - at), self.style("text")))
            if lane:
                room = end - start
                text = f"{lane} " if room > len(lane) else lane if room == len(lane) else lane.removeprefix("IP")[:room]
                segments.append(Segment(text, self.style(_lane_class(lane) + "-title")))
                line = glyphs.line * (end - start - len(text))
                segments.append(Segment(line, self.style(_lane_class(lane) + "-line")))
            else:
                segments.append(Segment(" " * (end - start), self.style("text")))
            at = end
        return Strip(segments, layout.width)

    def titles(self, layout: Layout, *, selected: str | None, sort: str | None, descending: bool) -> Strip:
        """The header's lower line: the columns' titles, the selected one lit, the sorted one with an arrow."""
        segments = [Segment(" " * GUTTER, self.style("title"))]
        overhang = ""
        for placed in layout.placed:
            column = placed.column
            if placed.gap:
                gap = overhang + " " * (placed.gap - len(overhang))
                if placed.rule:
                    gap = overhang + self._rule(placed)[len(overhang) :]
                segments.append(Segment(gap, self.style("rule" if not overhang else "title")))
            arrow = (self.glyphs.descending if descending else self.glyphs.ascending) if column.id == sort else ""
            title = column.title
            right = column.align == "right"
            overhang = ""
            if arrow and cell_len(title) + 2 <= placed.width:
                title = f"{title} {arrow}"
            elif arrow:
                # The title fills the column; the arrow stands in the gap behind it.
                overhang = arrow
            role = _lane_class(column.lane) + "-title" if column.lane else "title"
            style = self.style(f"{role}-selected" if column.id == selected else role)
            segments.append(Segment(fit(title, placed.width, self.glyphs.ellipsis, right=right), style))
        return Strip(segments, layout.width)

    def visible_part(self, strip: Strip, layout: Layout, scroll_x: int, width: int) -> Strip:
        """The visible part of a line: the fixed columns, then the scrolled part of the others."""
        if scroll_x or layout.width > width:
            fixed, start, end = layout.fixed, layout.fixed + scroll_x, scroll_x + width
            scrolled = self._cut_out(strip, layout, start, end) if start < end else Strip([])
            strip = Strip.join([strip.crop(0, fixed), scrolled])
        return strip.extend_cell_length(width, self.style("text"))

    def _cut_out(self, strip: Strip, layout: Layout, start: int, end: int) -> Strip:
        """The cells of a line from one place to another; a value that goes on beyond them ends in an ellipsis."""
        left = any(item.offset < start < item.end and _has_text(strip, item.offset, start) for item in layout.placed)
        right = any(item.offset < end < item.end and _has_text(strip, end, item.end) for item in layout.placed)
        parts = [strip.crop(start + left, end - right)]
        if left:
            parts.insert(0, self._ellipsis_like(strip.crop(start, start + 1)))
        if right:
            parts.append(self._ellipsis_like(strip.crop(end - 1, end)))
        return Strip.join(parts)

    def _ellipsis_like(self, strip: Strip) -> Strip:
        return Strip([Segment(self.glyphs.ellipsis, next((segment.style for segment in strip), None))], 1)

    def with_arrows(self, strip: Strip, layout: Layout, scroll_x: int, width: int) -> Strip:
        """A line of the header as `visible_part` shows it, with arrows where there is more to the left or right."""
        fixed, left, right = layout.fixed, scroll_x > 0, scroll_x + width < layout.width
        if not left and not right:
            return strip.extend_cell_length(width, self.style("text"))
        style, glyphs = self.style("mark"), self.glyphs
        parts = [self._cut_out(strip, layout, fixed + scroll_x + left, scroll_x + width - right)]
        if left:
            parts.insert(0, Strip([Segment(glyphs.less, style)], 1))
        if right:
            parts.append(Strip([Segment(glyphs.more, style)], 1))
        return Strip.join([strip.crop(0, fixed), *parts]).extend_cell_length(width, self.style("text"))

    def _cell_segment(self, cell: Cell, placed: Placed, highlight: Highlight, *, chosen: bool) -> Segment:
        glyphs = self.glyphs
        column, width = placed.column, placed.width
        role = _role(cell, column.lane)
        style = self.style(role, highlight, chosen=chosen)
        # Signs stand in the flags and for "nothing"; names are shown as they are.
        text: str = glyphs.own(cell.text) if column.id == FLAGS_COLUMN or cell.text == NONE else cell.text
        right = column.align == "right"
        if cell.flag is None and not cell.is_short:
            if cell.tone is Tone.GAP:
                text = glyphs.gap * min(width, _GAP_LENGTH)
            if column.id == FLAGS_COLUMN:
                text = _remark(cell, text, width)
            return Segment(self._fitted(text, column, width), style)
        flag = self.style(cell.flag.value if cell.flag is not None else Tone.SHORT.value, highlight, chosen=chosen)
        sign = glyphs.severity(cell.flag) if cell.flag is not None else glyphs.short
        if column.id == FLAGS_COLUMN:
            # The codes alone where their names have no room.
            text = text if len(text) <= width else flags_within(glyphs.own(cell.value or cell.text), width)
            return Segment(fit(text, width, glyphs.ellipsis), flag)
        if width < _MIN_WIDTH_WITH_SIGN:
            return Segment(fit(text or sign, width, glyphs.ellipsis, right=right), flag)
        if cell.tone is Tone.GAP and text == GAP:
            text = glyphs.gap * min(width - 2, _GAP_LENGTH)
        body = self._fitted(text, column, width - 2)
        if not right:
            # The sign follows the text, so that addresses stay aligned.
            text = body.rstrip(" ")
            return Segment(f"{text} {sign}{' ' * (len(body) - len(text))}", flag)
        return Segment(f"{body} {sign}", flag)

    def _fitted(self, text: str, column: Column, width: int) -> str:
        """The text of a cell, shortened so that it still differs from the cells above and below."""
        ellipsis, right = self.glyphs.ellipsis, column.align == "right"
        if column.lane:
            return fit_address(text, width, ellipsis, right=right)
        if column.id in _NAMES:
            return fit_name(text, width, ellipsis)
        if column.id == "object":
            return fit_object(text, width, ellipsis)
        return fit(text, width, ellipsis, right=right)

    def _rule(self, placed: Placed) -> str:
        return f" {self.glyphs.rule} " if placed.gap >= 3 else self.glyphs.rule.rjust(placed.gap)

    def style(self, role: str, highlight: Highlight = Highlight.PLAIN, *, chosen: bool = False) -> RichStyle:
        """The style of a role, on the background of its row."""
        key = (role, highlight, chosen)
        style = self._cache.get(key)
        if style is None:
            under = self._cell_cursor_style if chosen else self._row_styles[highlight]
            # Of the colours, ink alone can be read on the chosen cell; its sign tells what it is flagged for.
            ink = self._parse("$ink bold") if chosen else Style()
            style = self._cache[key] = (under + self._parse(_STYLES[role]) + ink).rich_style
        return style


_CHANGED_STYLE = "$ink bold underline on $cell-cursor"
"""A cell that changed a moment ago: without colour it is still bold and underlined."""

_NAMES = frozenset({"name", "pod", "node"})
"""The ids of columns of names of objects."""

_GAP_LENGTH = 10
"""The maximum width of the sign for a missing address, so that it does not dominate."""

_MIN_WIDTH_WITH_SIGN = 4
"""The narrowest column in which a sign has room beside the text."""


def _has_text(strip: Strip, start: int, end: int) -> bool:
    return bool(strip.crop(start, end).text.strip())


def _lane_class(lane: Lane) -> str:
    return "v4" if lane == "IPv4" else "v6"


def _remark(cell: Cell, text: str, width: int) -> str:
    """The text in the column of findings if there are none."""
    if cell.tone is not Tone.REMARK:
        return ""
    return text if len(text) <= width or not cell.value else cell.value


def flags_within(text: str, width: int) -> str:
    """As many flags as have room, and how many more there are: `■ NGX-001 +2`; where that is too long, `■ NGX-001+`."""
    words = text.split(" ")
    for left_out in range(len(words) // 2):
        short = " ".join(words[: len(words) - 2 * left_out]) + (f" +{left_out}" if left_out else "")
        if len(short) <= width:
            return short
    first = " ".join(words[:2])
    return f"{first}+" if len(words) > 2 and len(first) < width else first


def _role(cell: Cell, lane: Lane) -> str:
    if cell.tone is Tone.PLAIN:
        return _lane_class(lane) if lane else "text"
    if cell.tone is Tone.PRIMARY and lane:
        return _lane_class(lane) + "-title"
    return cell.tone.value


_STYLES: dict[str, str] = {
    "text": "$ink",
    "muted": "$ink-muted",
    "good": "$good",
    "gap": "$ink-faint",
    "primary": "$ink bold",
    "short": "$flag-warning",
    "remark": "$ink-muted",
    "v4": "$lane-v4",
    "v6": "$lane-v6",
    "v4-title": "$lane-v4 bold",
    "v6-title": "$lane-v6 bold",
    "v4-title-selected": "$lane-v4 bold underline",
    "v6-title-selected": "$lane-v6 bold underline",
    "v4-line": "$lane-v4 45%",
    "v6-line": "$lane-v6 45%",
    "title": "$ink-muted bold",
    "title-selected": "$ink bold underline",
    "rule": "$rule",
    "mark": "$focus",
    "error": "$flag-error bold",
    "warning": "$flag-warning bold",
    "note": "$flag-note",
}
"""The style of each role: a cell's tone, a lane, a severity or a part of the table."""
