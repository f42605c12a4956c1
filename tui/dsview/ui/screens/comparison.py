"""Compares two moments of a recording: one lane for before, one for now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import ClassVar

from textual.content import Content
from textual.message import Message

from dsview.analysis.diff.diff import Diff
from dsview.analysis.diff.lanes import LaneGroup, LaneRow, lanes
from dsview.analysis.trace_layout import wrapped
from dsview.core.errors import UserError
from dsview.core.text import Safe, cell_width, clock_text, safe
from dsview.ui.actions import Where
from dsview.ui.document import Block, blank, paragraph
from dsview.ui.fitting import fit, fit_address
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, GOOD, MUTED, STRONG, Part, content, lane_style, severity_style
from dsview.ui.screens.reading import ReadingScreen

_BAD = "$flag-error bold"
_MIN_LANE_WIDTH = 14
_MIN_SUBJECT_WIDTH = 24
_INDENT = 3
_RULE_WIDTH = 3
"""The cells of the line before a lane, with a blank on each side."""


class ComparisonScreen(ReadingScreen):
    """Shows the differences between two moments. `compare` finds them in a thread: it reads the recording twice."""

    PARTS: ClassVar[tuple[Where, ...]] = (Where.READING,)

    class Compared(Message):
        """The result of the comparison, or a sentence that says why there is none."""

        def __init__(self, result: Diff | Safe) -> None:
            super().__init__()
            self.result = result

    def __init__(self, then: float, now: float, compare: Callable[[], Diff], *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._times = (then, now)
        self._compare = compare
        self._longest_value = 0
        self._result: Diff | Safe | None = None

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Comparison"

    def on_mount(self) -> None:
        """Fill it, and begin to compare."""
        super().on_mount()
        threading.Thread(target=self._compare_in_thread, name="dsview-compare", daemon=True).start()

    def _compare_in_thread(self) -> None:
        try:
            result: Diff | Safe = self._compare()
        except UserError as error:
            result = safe(str(error))
        self.post_message(self.Compared(result))

    def on_comparison_screen_compared(self, event: Compared) -> None:
        """Show the result."""
        self._result = event.result
        self.show_heading()
        self.fill()

    def heading(self) -> Content:
        """The compared moments and the verdict."""
        then, now = map(clock_text, self._times)
        parts: list[Part] = [(" Comparison ", MUTED), (f"{then} {self.glyphs.more} {now}", STRONG)]
        if isinstance(self._result, Diff):
            word, style = ("worse", _BAD) if self._result.is_worse else ("not worse", GOOD)
            parts.append((f"   {word}" if self._result else "   the same", style))
        return content(*parts)

    def blocks(self) -> Sequence[Block]:
        """The groups, each with its rows."""
        result = self._result
        if not isinstance(result, Diff):
            return [blank(), paragraph(content((result or "Comparing…", MUTED)))]
        if not result:
            return [blank(), paragraph(content("dsview found no differences in what it compares."))]
        blocks = [blank(), Block(self._title_lines)]
        groups = lanes(result)
        texts = [text for group in groups for row in group.rows for text in (row.then, row.now)]
        self._longest_value = max((cell_width(word) for text in texts for word in text.split()), default=0)
        for group in groups:
            blocks += [blank(), *self._group(group)]
        if result.not_compared:
            blocks += [blank(), paragraph(content(("Not compared:", MUTED)))]
            blocks += [paragraph(content((sentence, MUTED)), indent=_INDENT) for sentence in result.not_compared]
        return blocks

    def _group(self, group: LaneGroup) -> Iterator[Block]:
        if group.title:
            sign = self.glyphs.severity(group.severity) if group.severity is not None else " "
            style = severity_style(group.severity) if group.severity is not None else STRONG
            yield paragraph(content((f"{sign} ", style), (group.title, STRONG)), copy=group.title)
            yield paragraph(content((group.message, MUTED)), indent=_INDENT)
        else:
            yield paragraph(content(("Without a finding", STRONG)))
        for row in group.rows:
            yield Block(lambda width, row=row: self._row_lines(row, width))  # type: ignore[misc]  # bound at once

    def _widths(self, width: int) -> tuple[int, int]:
        """The widths of the subject and of the lanes, which take in a whole address if the subject has room left."""
        room = (width - _INDENT - 2 * _RULE_WIDTH - _MIN_SUBJECT_WIDTH) // 2
        lane_width = max(_MIN_LANE_WIDTH, width // 5, min(self._longest_value, room))
        return max(8, width - 2 * (lane_width + _RULE_WIDTH) - _INDENT), lane_width

    def _title_lines(self, width: int) -> list[Content]:
        subject_width, lane_width = self._widths(width)
        rule = (f" {self.glyphs.rule} ", FAINT)
        then, now = (f"{word} {clock_text(at)}" for word, at in zip(("then", "now"), self._times, strict=True))
        line = content(" " * (_INDENT + subject_width), rule, (f"{then:<{lane_width}}", MUTED), rule, (now, MUTED))
        return [line.truncate(width, ellipsis=True)]

    def _row_lines(self, row: LaneRow, width: int) -> list[Content]:
        subject_width, lane_width = self._widths(width)
        subject_style = lane_style(row.family) if row.family is not None else "$ink"
        now_style = FAINT if row.is_worse is None else _BAD if row.is_worse else GOOD
        rule = (f" {self.glyphs.rule} ", FAINT)
        columns = (
            [content((line, subject_style)) for line in self._lines(row.what, subject_width, _fit_name)],
            [content((line, MUTED)) for line in self._lines(row.then, lane_width, fit_address)],
            [content((line, now_style)) for line in self._lines(row.now, lane_width, fit_address)],
        )
        return [
            content(" " * _INDENT, _padded(subject, subject_width), rule, _padded(then, lane_width), rule, now)
            for subject, then, now in zip_longest(*columns, fillvalue=content(""))
        ]

    def _lines(self, text: str, width: int, shorten: Callable[[str, int, str], str]) -> list[str]:
        """The text in lines. A word that is longer than a line is shortened, and keeps both ends."""
        ellipsis = self.glyphs.ellipsis
        words = (shorten(word, width, ellipsis) if cell_width(word) > width else word for word in text.split())
        return wrapped(" ".join(words), width)


def _fit_name(name: str, width: int, ellipsis: str) -> str:
    return fit(name, width, ellipsis, middle=True)


def _padded(line: Content, width: int) -> Content:
    return line.pad_right(width - line.cell_length)
