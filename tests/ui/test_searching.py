"""Searching for a word in a text: YAML, a detail, the help."""

from __future__ import annotations

import pytest

from dsview.core.errors import UserError
from dsview.ui.screens.manifest import ManifestScreen
from tests.ui.stage import Stage, StageSource, on_stage

LINES = [f"line-{number:03d}: {'Needle here' if number % 40 == 0 else 'hay'}" for number in range(200)]


async def at_yaml(stage: Stage) -> None:
    """The long YAML of an object, with a needle in every 40th line."""
    await stage.press("Y")
    await stage.until(lambda: "line-000" in stage.text)


@pytest.fixture(autouse=True)
def long_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StageSource, "read_manifest", lambda *_: "\n".join(LINES))


async def test_a_word_is_found_while_it_is_typed_and_counted() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await at_yaml(stage)
        await stage.press("slash")
        await stage.type("nEEdle")
        assert "1 of 5" in stage.lines[-2]


async def test_n_and_capital_n_go_from_place_to_place_and_round() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await at_yaml(stage)
        await stage.press("slash")
        await stage.type("needle")
        await stage.press("enter", "n")
        assert "2 of 5" in stage.lines[-2]
        assert "line-040: Needle here" in stage.text
        await stage.press("N", "N")
        assert "5 of 5" in stage.lines[-2]
        assert "line-160: Needle here" in stage.text


async def test_what_is_not_there_is_said_so() -> None:
    async with on_stage() as stage:
        await at_yaml(stage)
        await stage.press("slash")
        await stage.type("(nothing")
        assert "not found" in stage.lines[-2]


async def test_escape_ends_the_search_before_it_leaves_the_screen() -> None:
    async with on_stage() as stage:
        await at_yaml(stage)
        await stage.press("slash")
        await stage.type("needle")
        await stage.press("enter", "escape")
        assert "1 of 5" not in stage.text
        assert isinstance(stage.app.screen, ManifestScreen)
        await stage.press("escape")
        assert len(stage.app.screen_stack) == 1


async def test_a_search_outlives_a_text_that_is_laid_out_anew() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await at_yaml(stage)
        await stage.press("slash")
        await stage.type("needle")
        await stage.press("enter", "n", "n")
        await stage.pilot.resize_terminal(100, 30)
        await stage.press("n")
        assert "4 of 5" in stage.lines[-2]


async def test_places_are_told_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with on_stage(size=(80, 24)) as stage:
        await at_yaml(stage)
        await stage.press("slash")
        await stage.type("line-0")
        screen = stage.app.screen
        rows = [list(strip) for strip in screen._compositor.render_strips(screen.size)]
        found = [part.style for row in rows for part in row if part.text == "line-0" and part.style is not None]
        assert [style.reverse for style in found[:2]] == [True, None]
        assert all(style.underline for style in found[1:-1])


async def test_the_help_can_be_searched() -> None:
    async with on_stage() as stage:
        await stage.press("question_mark", "slash")
        await stage.type("acknowledge")
        await stage.press("enter")
        assert "acknowledges the cause" in stage.text


async def test_next_without_a_search_says_how_to_begin() -> None:
    async with on_stage() as stage:
        await stage.press("question_mark", "n")
        assert "Press / to start one" in stage.text


async def test_a_text_that_is_not_to_be_had_can_be_searched_without_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> str:
        raise UserError("The object is gone.")

    monkeypatch.setattr(StageSource, "read_manifest", gone)
    async with on_stage() as stage:
        await stage.press("Y")
        await stage.until(lambda: "The object is gone." in stage.text)
        await stage.press("slash")
        await stage.type("gone")
        assert "1 of 1" in stage.lines[-2]
