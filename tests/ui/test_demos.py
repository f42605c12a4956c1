"""Demos on the screen: chosen if none is named, and unchanged until a key starts the story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dsview.cli.options import Settings
from dsview.cli.screen import make_app
from dsview.sources.demo.scenarios import SCENARIOS
from dsview.sources.events import PausedSource
from tests.ui.stage import Stage, StageSource, on_stage


@asynccontextmanager
async def demo(name: str, size: tuple[int, int] = (100, 40)) -> AsyncIterator[Stage]:
    app = make_app(Settings(demo=name))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Stage(app, pilot, StageSource([]))


def source_of(stage: Stage) -> Any:
    assert stage.app.workspace is not None
    return stage.app.workspace.session.source


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (220, 60)])
async def test_the_demo_says_on_the_screen_which_key_begins_its_story(size: tuple[int, int]) -> None:
    async with demo("troubled", size) as stage:
        await stage.until(lambda: "B starts the story" in stage.lines[0])
        assert "troubled" in stage.lines[0]
        assert isinstance(source_of(stage), PausedSource)
        before = source_of(stage).is_waiting
        await stage.press("B")
        assert (before, source_of(stage).is_waiting) == (True, False)
        await stage.until(lambda: "starts the story" not in stage.lines[0])
        await stage.press("B")
        assert "There is no story to start" in stage.text


async def test_demo_without_a_name_offers_all_and_says_what_each_teaches() -> None:
    async with demo("", (76, 40)) as stage:
        await stage.until(lambda: "Demos (3)" in stage.text)
        said = " ".join(stage.text.replace("│", " ").split())
        for scenario in SCENARIOS.values():
            assert scenario.title in said
            assert f"You learn {scenario.teaches}" in said
        await stage.press(*"healthy", "enter")
        await stage.until(lambda: stage.app.workspace is not None)
        assert source_of(stage).name == "healthy"


async def test_who_chooses_no_demo_leaves() -> None:
    async with demo("") as stage:
        await stage.until(lambda: "Demos (3)" in stage.text)
        await stage.press("escape")
        await stage.until(lambda: stage.app._exit)


async def test_the_key_for_contexts_changes_to_another_demo() -> None:
    async with demo("troubled") as stage:
        await stage.until(lambda: "starts the story" in stage.lines[0])
        await stage.press("x")
        await stage.until(lambda: "Demos (3)" in stage.text)
        await stage.press(*"healthy", "enter")
        await stage.until(lambda: "healthy" in stage.lines[0])


async def test_what_has_no_story_says_so() -> None:
    async with on_stage() as stage:
        await stage.press("B")
        assert "There is no story to start" in stage.text
        assert "starts the story" not in stage.lines[0]
