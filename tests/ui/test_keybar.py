"""The key bar: what the keys do on this screen, and nothing that they do not do."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList

from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.ui.app import DsviewApp
from tests.ui.stage import NOW, Stage, StageSource, on_stage


async def test_a_row_without_findings_offers_no_fix_and_no_explanation() -> None:
    async with on_stage(size=(200, 50)) as stage:
        assert "y copy fix" in stage.lines[-1]
        assert "e explain" in stage.lines[-1]
        await stage.press("home")
        assert stage.pane("services").cursor_key == ("office", "mail")
        assert "y copy row" in stage.lines[-1]
        assert "explain" not in stage.lines[-1]
        await stage.press("down")
        assert "y copy fix" in stage.lines[-1]


async def test_escape_is_offered_while_it_undoes_something() -> None:
    async with on_stage(size=(200, 50)) as stage:
        assert "Esc" not in stage.lines[-1]
        for keys, word in (("!", "Esc all "), ("z", "Esc all panes")):
            await stage.press(keys)
            assert word in stage.lines[-1]
            await stage.press("escape")
            assert "Esc" not in stage.lines[-1]


async def test_what_was_acknowledged_is_undone_by_the_same_key() -> None:
    async with on_stage(size=(200, 50)) as stage:
        await stage.press("w", "home")
        assert "Enter open" in stage.lines[-1]
        assert "a acknowledge" in stage.lines[-1]
        await stage.press("a", "A", "end")
        assert "a undo" in stage.lines[-1]


async def test_a_line_of_several_findings_is_unfolded_and_folded_up() -> None:
    # The four Pods of a Deployment have one cause.
    session = Session(DemoSource("troubled", clock=lambda: NOW, waits=True), clock=lambda: NOW)
    app = DsviewApp(lambda: session, source_name="demo")
    async with app.run_test(size=(200, 50)) as pilot:
        stage = Stage(app, pilot, StageSource([]))
        await stage.until(lambda: session.is_settled)
        await stage.press("w")
        await stage.until(lambda: "Deployment shop/web" in stage.text)
        await stage.press("home")
        await stage.until(lambda: "Enter unfold" in stage.lines[-1])
        await stage.press("enter")
        await stage.until(lambda: "Enter fold up" in stage.lines[-1])
        await stage.press("down")
        assert "Enter open" in stage.lines[-1]


async def test_nothing_is_explained_where_no_check_is_named() -> None:
    async with on_stage(size=(200, 50)) as stage:
        await stage.press("T")
        assert "explain" not in stage.lines[-1]
        await stage.press("escape", "home", "enter")
        assert "Service office/mail" in stage.lines[0]
        assert "explain" not in stage.lines[-1]
        assert "copy text" in stage.lines[-1]
        await stage.press("escape", "down", "enter")
        assert "e explain" in stage.lines[-1]


@pytest.mark.parametrize("keys", [("colon",), ("s",), ("n",)])
async def test_a_list_without_a_match_says_so_and_counts_what_it_shows(keys: tuple[str, ...]) -> None:
    async with on_stage(size=(120, 40)) as stage:
        await stage.press(*keys)
        await stage.type("zzz")
        assert "No match" in stage.text
        assert "(0 of " in stage.text
        await stage.press("enter")
        assert "No match" in stage.text, "there is nothing to choose"
        await stage.press("backspace", "backspace", "backspace")
        assert "No match" not in stage.text
        assert " of " not in next(line for line in stage.lines if "╭─" in line and "(" in line)


async def test_namespaces_say_what_they_count() -> None:
    async with on_stage() as stage:
        await stage.press("n")
        assert any("office  1 Service, 1 Pod" in line for line in stage.lines)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16)])
async def test_the_line_under_the_cursor_of_a_long_list_is_visible(size: tuple[int, int]) -> None:
    async with on_stage(size=size) as stage:
        await stage.press("colon", *["down"] * 30)
        names = [action.title for action in stage.app.actions]
        options = stage.app.screen.query_one(OptionList)
        assert options.highlighted == 30
        words = str(options.get_option_at_index(30).prompt).strip().split("  ")[0].strip()
        assert words in names
        assert any(f"│    {words}  " in line for line in stage.lines)


async def test_a_long_description_in_a_list_wraps() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await stage.press("colon", *"timeline")
        await stage.until(lambda: "from when it is opened." in " ".join(stage.text.replace("│", " ").split()))
