"""Families gained and lost over time as lines of signs, above the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from dsview.analysis.family_chart import ChartLine, Mark, chart_of_families, chart_of_objects
from dsview.analysis.timeline_entry import Entry
from dsview.core.finding import ObjectRef
from dsview.core.text import Safe, clock_text
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, GOOD, MUTED, Part, content, lane_style

_MOST_LINES = 8
_LABEL = 6
_LAYER = 15

_STYLES = {
    Mark.NOTHING: FAINT,
    Mark.GAINED: GOOD,
    Mark.LOST: "$flag-error bold",
    Mark.BOTH: "$flag-warning bold",
    Mark.LACKS: FAINT,
}


class FamilyChart(Widget):
    """A line for each family; of one object, a line for each of its layers and families that changed."""

    def __init__(self, *, glyphs: Glyphs) -> None:
        super().__init__()
        self._entries: Sequence[Entry] = ()
        self._span = (0.0, 1.0)
        self._ref: ObjectRef | None = None
        self._signs = {
            Mark.NOTHING: glyphs.line,
            Mark.GAINED: glyphs.ascending,
            Mark.LOST: glyphs.descending,
            Mark.BOTH: "x" if glyphs.is_ascii else "±",
            Mark.LACKS: " ",
        }

    def show(self, entries: Iterable[Entry], span: tuple[float, float], ref: ObjectRef | None) -> None:
        """Show these entries over that time, epoch seconds: of all objects, or of one."""
        self._entries = [entry for entry in entries if ref is None or entry.ref == ref]
        self._span, self._ref = span, ref
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line for each that is shown; empty if no family changed."""
        return len(self._lines(width))

    def render(self) -> Content:
        """The lines."""
        return Content("\n").join(self._painted(line) for line in self._lines(self.size.width))

    def _lines(self, width: int) -> Sequence[ChartLine]:
        if not self._entries:
            return ()
        room = max(1, width - self._label_width - len(self._ends()) - 1)
        chart = chart_of_families if self._ref is None else chart_of_objects
        return chart(self._entries, self._span, room)[:_MOST_LINES]

    @property
    def _label_width(self) -> int:
        return _LABEL if self._ref is None else _LABEL + _LAYER

    def _ends(self) -> Safe:
        """The start and end of the time, after the line."""
        return Safe(f" {clock_text(self._span[0])}-{clock_text(self._span[1])}")

    def _painted(self, line: ChartLine) -> Content:
        layer = f"{line.layer.value:<{_LAYER}}" if line.layer is not None else ""
        marks: list[Part] = [(self._signs[mark], _STYLES[mark]) for mark in line.marks]
        return content((f" {line.family} ", lane_style(line.family)), (layer, MUTED), *marks, (self._ends(), FAINT))
