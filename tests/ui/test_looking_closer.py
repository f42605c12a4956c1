"""The detail, YAML, explain and help screens, and what can be copied there."""

from __future__ import annotations

from dsview.kinds.kind import Kind
from dsview.ui.actions import ACTIONS
from dsview.ui.key_labels import keys_label
from tests.ui.stage import on_stage, pod, slices


async def test_detail_shows_findings_with_why_and_fix_beside_both_lanes() -> None:
    async with on_stage() as stage:
        await stage.press("enter")
        text = stage.text
        assert "shop/api" in text
        assert "DS-EPS-001" in text
        assert "why" in text
        assert "fix" in text
        lanes = next(line for line in stage.lines if "Cluster IP" in line)
        assert lanes.index("10.96.0.11") < lanes.index("fd00:10:96::b")


async def test_detail_follows_the_object_while_it_is_open() -> None:
    async with on_stage() as stage:
        await stage.press("enter")
        assert "DS-EPS-001" in stage.text
        cured = [pod(f"api-{number}", number + 10, app="api") for number in range(2)]
        stage.source.put(*cured, *slices("api", cured))
        await stage.until(lambda: "No findings" in stage.text)


async def test_detail_of_a_deleted_object_says_so_and_keeps_what_was_known() -> None:
    async with on_stage() as stage:
        await stage.press("enter")
        stage.source.remove(Kind.SERVICE, ("shop", "api"))
        await stage.until(lambda: "deleted" in stage.text)
        assert "10.96.0.11" in stage.text
        await stage.press("escape")
        assert stage.app.screen is stage.app.main


async def test_relatives_lead_on_and_escape_leads_back() -> None:
    async with on_stage() as stage:
        await stage.press("enter")
        await stage.until(lambda: "Go to" in stage.text)
        await stage.press(*["down"] * 6)
        pods = [line for line in stage.lines if "api-0" in line]
        assert pods
        while "▌ Pod" not in stage.text:
            await stage.press("up")
        await stage.press("enter")
        await stage.until(lambda: "Pod shop/api-" in stage.text)
        await stage.press("escape")
        assert "Service shop/api" in stage.text


async def test_a_relative_under_the_cursor_is_traced() -> None:
    async with on_stage() as stage:
        await stage.press("enter")
        await stage.until(lambda: "Go to" in stage.text)
        await stage.press(*["down"] * 6)
        while "▌ Pod" not in stage.text:
            await stage.press("up")
        await stage.press("t")
        await stage.until(lambda: "Pod shop/api-" in stage.text and "through Service shop/api" in stage.text)


async def test_fix_is_copied_by_one_key_from_row_and_detail() -> None:
    async with on_stage() as stage:
        await stage.press("y")
        from_row = stage.app.clipboard
        assert "kubectl" in from_row
        await stage.press("enter", "y")
        assert "kubectl" in stage.app.clipboard
        assert "Copied the fix" in stage.text


async def test_row_is_copied_where_nothing_is_to_be_fixed() -> None:
    async with on_stage() as stage:
        await stage.press("end", "y")
        assert stage.app.clipboard.split()[:2] == ["shop", "web"]


async def test_row_is_copied_whole_where_it_is_flagged_too() -> None:
    async with on_stage() as stage:
        await stage.press("r")
        assert stage.app.clipboard.split()[:2] == ["shop", "api"]
        assert "PreferDualStack" not in stage.app.clipboard
        assert "RequireDualStack" in stage.app.clipboard


async def test_cell_is_copied_by_its_own_key() -> None:
    async with on_stage() as stage:
        await stage.press("end", "c")
        assert stage.app.clipboard == "web"


async def test_yaml_is_read_anew_and_its_absence_is_a_sentence() -> None:
    async with on_stage() as stage:
        await stage.press("end", "Y")
        await stage.until(lambda: "apiVersion: v1" in stage.text)
        await stage.press("escape", "home", "Y")
        await stage.until(lambda: "The object is gone." in stage.text)


async def test_explanation_tells_when_why_and_how_to_fix() -> None:
    async with on_stage() as stage:
        await stage.press("e")
        for heading in ("When", "Why it matters", "How to fix it", "Source"):
            assert heading in stage.text


async def test_explaining_a_row_without_flag_says_that_there_is_none() -> None:
    async with on_stage() as stage:
        await stage.press("end", "e")
        assert "This row has no findings." in stage.text


async def test_help_shows_every_key_of_every_action() -> None:
    async with on_stage(size=(120, 200)) as stage:
        await stage.press("?")
        for action in ACTIONS:
            line = next((line for line in stage.lines if f" {action.title}. " in line), "")
            assert keys_label(action) in line, action.name


async def test_every_action_of_the_main_screen_is_in_the_palette() -> None:
    async with on_stage() as stage:
        offered = {command.title for command in stage.app.commands()}
        wanted = {"Trace", "Findings", "Filter", "Sort", "Namespaces", "Zoom", "Copy", "Help", "Quit", "Up", "Services"}
        assert wanted <= offered
        await stage.press("p")
        await stage.until(lambda: stage.app.screen is not stage.app.main)
        await stage.type("only flagged")
        assert "Shows only flagged rows" in stage.text
        await stage.press("enter")
        await stage.until(
            lambda: stage.names("services") == ["mail", "api", "old"] or "web" not in stage.names("services")
        )
