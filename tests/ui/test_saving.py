"""Saving the current screen: what is offered, what is in the files, and where they are."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest

from dsview.cli.saving import FileSaver, write_new
from dsview.ui.saving import Subject
from dsview.ui.screens.choose import ChooseScreen
from tests.ui.stage import NOW, Stage, on_stage, service, troubled_shop


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


MOMENT = "20270115-080000"
"""The time on the stage, as names of files have it."""


async def save(stage: Stage, words: str) -> None:
    """Choose what to save by the first words that only it has."""
    await stage.press("S")
    await stage.until(lambda: isinstance(stage.app.screen, ChooseScreen))
    # The space bar chooses, so the words to narrow by have no spaces.
    await stage.type(words)
    await stage.press("enter")


async def test_rows_are_saved_as_they_are_filtered(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("slash")
        await stage.type("shop")
        await stage.press("enter")
        await save(stage, "CSV")
        path = tmp_path / f"dsview-stage-services-{MOMENT}.csv"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert {row["namespace"] for row in rows} == {"shop"}
        assert len(rows) == 3


async def test_rows_are_saved_as_json_and_markdown(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await save(stage, "json")
        path = tmp_path / f"dsview-stage-services-{MOMENT}.json"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        assert {row["name"] for row in json.loads(path.read_text())} == {"api", "mail", "old", "web"}
    async with on_stage([*troubled_shop(), service("a|b", 99)], saver=FileSaver()) as stage:
        await save(stage, "(mark")
        path = tmp_path / f"dsview-stage-services-{MOMENT}.md"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        assert r"a\|b" in path.read_text()


async def test_picture_is_of_the_screen_and_needs_nothing_from_outside(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("w")
        await save(stage, "picture")
        path = tmp_path / f"dsview-stage-{MOMENT}.svg"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        assert [notice.message for notice in stage.app._notifications] == [f"Saved {path}"]
        svg = path.read_text()
        assert "dsview&#160;stage&#160;2027-01-15&#160;08:00:00&#160;UTC" in svg
        assert "DS-POD-001" in svg
        assert "type&#160;to&#160;narrow" not in svg
        assert "url(http" not in svg.replace("url(#", "")
        assert "@font-face" not in svg


async def test_report_is_saved_from_any_screen(tmp_path: Path) -> None:
    async with on_stage(saver=FileSaver()) as stage:
        await stage.press("t")
        await save(stage, "html")
        path = tmp_path / f"dsview-stage-report-{MOMENT}.html"
        await stage.until(path.exists)
        await stage.until(lambda: "Saved" in stage.text)
        assert "IPv6</span> breaks at Pods" in path.read_text()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("prod-eu-1", "dsview-prod-eu-1-pods-20270115-080000"),
        ("admin@k3s.example", "dsview-admin-k3s.example-pods-20270115-080000"),
        ("../../etc/passwd", "dsview-etc-passwd-pods-20270115-080000"),
        ("\x1b]0;boo\x07 \u202e", "dsview-0-boo-pods-20270115-080000"),
        ("名前", "dsview-pods-20270115-080000"),
        (f"arn:aws:eks:{'x' * 80}:cluster/prod", f"dsview-{'x' * 47}-cluster-prod-pods-20270115-080000"),
    ],
)
def test_a_file_is_named_after_the_cluster_and_the_time(name: str, stem: str) -> None:
    assert Subject(name, NOW).stem("pods") == stem


def test_the_title_of_a_picture_keeps_both_ends_of_a_long_name_and_its_time() -> None:
    title = Subject(f"arn:aws:eks:{'x' * 80}:cluster/prod", NOW).title(80, "…")
    assert title.startswith("dsview arn:aws")
    assert title.endswith("cluster/prod 2027-01-15 08:00:00 UTC")
    assert len(title) <= 80


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
