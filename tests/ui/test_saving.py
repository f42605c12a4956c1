"""Saving what is on the screen: what is offered, what is in the files, and where they are."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest

from dsview.cli.saving import FileSaver, write_new
from dsview.ui.screens.choose import ChooseScreen
from tests.ui.stage import Stage, on_stage, service, troubled_shop


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def save(stage: Stage, words: str) -> None:
    """Choose what to save by the first words that name it alone."""
    await stage.press("S")
    await stage.until(lambda: isinstance(stage.app.screen, ChooseScreen))
    # The space bar chooses, so that words are narrowed to without it.
    await stage.type(words)
    await stage.press("enter")


async def test_rows_are_saved_as_they_are_filtered(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("slash")
        await stage.type("shop")
        await stage.press("enter")
        await save(stage, "CSV")
        path = tmp_path / "dsview-services.csv"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert {row["namespace"] for row in rows} == {"shop"}
        assert len(rows) == 3


async def test_rows_are_saved_as_json_and_markdown(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await save(stage, "json")
        path = tmp_path / "dsview-services.json"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        assert {row["name"] for row in json.loads(path.read_text())} == {"api", "mail", "old", "web"}
    async with on_stage([*troubled_shop(), service("a|b", 99)], saver=FileSaver()) as stage:
        await save(stage, "(mark")
        path = tmp_path / "dsview-services.md"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        assert r"a\|b" in path.read_text()


async def test_picture_is_of_the_screen_and_needs_nothing_from_outside(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("w")
        await save(stage, "picture")
        path = tmp_path / "dsview.svg"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        svg = path.read_text()
        assert "DS-POD-001" in svg
        assert "type&#160;to&#160;narrow" not in svg
        assert "url(http" not in svg.replace("url(#", "")
        assert "@font-face" not in svg


async def test_report_is_saved_from_any_screen(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("down", "t")
        await save(stage, "html")
        path = tmp_path / "dsview-report.html"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        assert "IPv6</span> breaks at Pods" in path.read_text()


async def test_rows_are_offered_on_the_main_screen_only() -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("w", "S")
        assert "Report (HTML)" in stage.text
        assert "(CSV)" not in stage.text


async def test_nothing_is_saved_where_the_choice_is_left(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("S", "escape")
        assert list(tmp_path.iterdir()) == []


async def test_failing_to_save_is_said_and_harms_nothing() -> None:
    class Full(FileSaver):
        def save(self, stem: str, suffix: str, text: str) -> Path:
            raise OSError(28, "No space left on device")

    async with on_stage(saver=Full()) as stage:
        await save(stage, "picture")
        await stage.until(lambda: "No space left on device" in stage.text)


def test_files_are_new_numbered_and_for_nobody_else(tmp_path: Path) -> None:
    first, second = (write_new(tmp_path, "dsview", ".svg", text) for text in ("one", "two"))
    assert (first.name, second.name) == ("dsview.svg", "dsview-2.svg")
    assert first.read_text() == "one"
    assert stat.S_IMODE(first.stat().st_mode) == 0o600


def test_a_link_that_lies_in_wait_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "dsview.svg").symlink_to(target)
    assert write_new(tmp_path, "dsview", ".svg", "x").name == "dsview-2.svg"
    assert not target.exists()


def test_where_the_current_directory_is_gone_the_state_directory_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    path = FileSaver().save("dsview", ".svg", "x")
    assert path == tmp_path / "state" / "dsview" / "dsview.svg"
    assert path.read_text() == "x"
