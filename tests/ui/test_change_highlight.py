"""Cells that change are highlighted for a moment: those of visible rows, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from rich.segment import Segment

from dsview.core.finding import Severity
from dsview.core.text import safe
from dsview.kinds.metadata import Key
from dsview.tables.cells import Cell, Row
from dsview.ui.change_highlight import HIGHLIGHT_SECONDS, ChangeHighlight
from tests.ui.stage import Stage, many_pods, on_stage, pod


def row(name: str, *texts: str, flag: Severity | None = None) -> Row:
    """A row of plain cells."""
    return Row(("n", name), tuple(Cell(safe(text), flag=flag) for text in texts))


class Clock:
    """A clock and a timer that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []
        self.repainted: list[list[Key]] = []

    def call_after(self, delay: float, callback: Callable[[], None]) -> Any:
        self.due.append((self.now + delay, callback))
        return object()

    def turn(self, seconds: float) -> None:
        """Let time pass and call the timers that are due."""
        self.now += seconds
        due, self.due = [d for d in self.due if d[0] <= self.now], [d for d in self.due if d[0] > self.now]
        for _, callback in due:
            callback()


def highlight_and_clock() -> tuple[ChangeHighlight, Clock]:
    clock = Clock()
    return ChangeHighlight(clock.call_after, clock.repainted.append, lambda: clock.now), clock


def test_a_changed_cell_is_lit_and_goes_out_again() -> None:
    highlight, clock = highlight_and_clock()
    highlight.remember(row("a", "one", "two"))
    highlight.compare([row("a", "one", "three")])
    assert highlight.cells(("n", "a")) == {1}
    clock.turn(HIGHLIGHT_SECONDS - 0.1)
    assert highlight.cells(("n", "a")) == {1}
    clock.turn(0.2)
    assert highlight.cells(("n", "a")) == frozenset()
    assert clock.repainted == [[("n", "a")], [("n", "a")]]
    assert clock.due == []


def test_a_second_change_lights_both_cells_from_then_on() -> None:
    highlight, clock = highlight_and_clock()
    highlight.remember(row("a", "1", "2"))
    highlight.compare([row("a", "1", "3")])
    clock.turn(2)
    highlight.compare([row("a", "4", "3")])
    clock.turn(2)
    assert highlight.cells(("n", "a")) == {0, 1}
    clock.turn(2)
    assert highlight.cells(("n", "a")) == frozenset()


@pytest.mark.parametrize(
    "after",
    [row("a", "one", "two"), row("b", "one", "other"), row("a")],
    ids=["the same made anew", "another row", "an object that has just gone"],
)
def test_what_did_not_change_on_the_screen_is_not_lit(after: Row) -> None:
    highlight, clock = highlight_and_clock()
    highlight.remember(row("a", "one", "two"))
    highlight.compare([after])
    assert clock.repainted == []


def test_a_flag_that_comes_lights_its_cell() -> None:
    highlight, _ = highlight_and_clock()
    highlight.remember(row("a", "one"))
    highlight.compare([row("a", "one", flag=Severity.ERROR)])
    assert highlight.cells(("n", "a")) == {0}


def test_a_row_that_was_out_of_view_meanwhile_is_not_lit() -> None:
    highlight, clock = highlight_and_clock()
    highlight.remember(row("a", "one"))
    highlight.compare([row("b", "other")])
    highlight.compare([row("a", "two")])
    assert clock.repainted == []


def lit(stage: Stage, word: str) -> list[str]:
    """The bold and underlined parts of the lines with a word, below the titles."""
    screen = stage.app.screen
    strips = screen._compositor.render_strips(screen.size)
    return [
        segment.text.strip()
        for strip in strips
        if any(word in segment.text for segment in strip)
        for segment in strip
        if isinstance(segment, Segment) and segment.style and segment.style.underline and segment.style.bold
    ]


@pytest.mark.parametrize("colours", [True, False])
async def test_changed_cell_lights_up_in_its_table(colours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    async with on_stage(size=(120, 50)) as stage:
        await stage.press("2", "2")
        assert lit(stage, "web-1") == []
        changed = msgspec.structs.replace(pod("web-1", 1), ready=False)
        stage.source.put(changed)
        await stage.until(lambda: "Not ready" in stage.text)
        assert lit(stage, "web-1") == ["Not ready ◊"]
        assert lit(stage, "web-0") == []


async def test_nothing_lights_up_by_scrolling_or_sorting() -> None:
    async with on_stage(many_pods(200)) as stage:
        await stage.press("2", "2", "G", "g", "l", "s", "enter")
        assert lit(stage, "pod-0") == []
