"""Narrowing the rows: filter, only flagged rows, sorting, namespaces."""

from __future__ import annotations

import pytest

from tests.ui.stage import on_stage, service, troubled_shop


async def test_filter_narrows_while_it_is_typed_and_counts_the_matches() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        await stage.type("we")
        assert stage.names("services") == ["web"]
        assert "1 of 4" in stage.text
        await stage.press("enter")
        assert stage.names("services") == ["web"]
        assert stage.app.main.active.has_focus
        assert "/we" in stage.text


async def test_escape_drops_the_filter() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        await stage.type("web")
        await stage.press("escape")
        assert len(stage.names("services")) == 4
        await stage.press("/")
        await stage.type("web")
        await stage.press("enter", "escape")
        assert len(stage.names("services")) == 4


async def test_mistake_in_a_filter_is_explained_under_its_place_and_changes_nothing() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        await stage.type("web /(/")
        caret = next(line for line in stage.lines if "This pattern is not valid" in line)
        typed = next(line for line in stage.lines if "web /(/" in line)
        assert caret.index("^") == typed.index("/(/")
        view = stage.pane("services").view
        assert view is not None
        assert view.filter_text == "web /("


async def test_filter_keeps_its_text_when_it_is_opened_again() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        await stage.type("web")
        await stage.press("enter", "/")
        await stage.type("x")
        assert stage.names("services") == []
        assert "None of 4 match" in stage.text


async def test_filter_belongs_to_its_pane() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        await stage.type("web")
        await stage.press("enter", "tab")
        assert len(stage.names("pods")) == 6


async def test_count_of_matches_follows_the_cluster_while_typing() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        await stage.type("web")
        stage.source.put(service("web-two", 90))
        await stage.until(lambda: "2 of 5" in stage.text)


async def test_only_flagged_rows_are_shown_on_demand() -> None:
    async with on_stage() as stage:
        await stage.press("!")
        assert "api" in stage.names("services")
        assert "web" not in stage.names("services")
        assert "only flagged" in stage.text
        await stage.press("!")
        assert "web" in stage.names("services")


async def test_sort_by_a_column_then_reversed_then_as_before() -> None:
    async with on_stage() as stage:
        natural = stage.names("services")
        await stage.press("s", *"name", "enter")
        assert stage.names("services") == ["api", "mail", "old", "web"]
        assert "Name ↑" in stage.text
        await stage.press("s", *"name", "enter")
        assert stage.names("services") == ["web", "old", "mail", "api"]
        assert "Name ↓" in stage.text
        await stage.press("s", *"name", "enter")
        assert stage.names("services") == natural
        assert "Name ↓" not in stage.text


@pytest.mark.parametrize("pane", ["services", "pods", "nodes", "listeners"])
async def test_worst_first_is_the_first_thing_that_sorting_offers_in_each_pane(pane: str) -> None:
    async with on_stage() as stage:
        await stage.press(":", *pane, "enter", "s")
        assert "Worst first" in stage.text
        await stage.press("enter")
        view = stage.pane(pane).view
        assert view is not None
        severities = [row.severity for row in map(view.row, range(len(view)))]
        assert severities == sorted(severities, key=lambda s: s.rank if s is not None else 9)
        assert view.sort_column == "flags"


async def test_a_click_on_a_title_sorts() -> None:
    async with on_stage() as stage:
        pane = stage.pane("services")
        name = pane.placed_layout.find("name")
        assert name is not None
        await stage.pilot.click(pane, offset=(name.offset + 1, 1))
        assert stage.names("services") == ["api", "mail", "old", "web"]


async def test_namespaces_are_chosen_from_a_list_with_counts() -> None:
    async with on_stage() as stage:
        await stage.press("n")
        assert "Namespaces (2)" in stage.text
        assert "office" in stage.text
        await stage.type("off")
        await stage.press("enter")
        assert stage.names("services") == ["mail"]
        assert stage.names("pods") == ["mail-0"]
        assert len(stage.names("nodes")) == 2
        frames = [line for line in stage.lines if line.startswith("╰")]
        assert ["n office" in line for line in frames] == [True, True, False, True], "nodes have no namespace"
        await stage.press("n", "ctrl+a")
        assert len(stage.names("services")) == 4
        assert "n office" not in stage.text


async def test_a_pane_without_a_row_in_the_chosen_namespaces_says_how_to_choose_others() -> None:
    elsewhere = service("far", 90, namespace="elsewhere")
    async with on_stage([*troubled_shop(), elsewhere], size=(120, 40)) as stage:
        await stage.press("n", *"elsewhere", "enter", "2")
        await stage.until(lambda: "in the selected namespace. n selects others." in stage.text)
        await stage.press("n", "down", "space", "enter")
        assert "n 2 namespaces" in stage.text


async def test_several_namespaces_are_added_one_by_one() -> None:
    async with on_stage() as stage:
        await stage.press("n", "space", "down", "space", "enter")
        assert len(stage.names("services")) == 4
        assert stage.app.workspace is not None
        assert stage.app.workspace.namespaces == frozenset({"office", "shop"})


async def test_cancelled_choice_changes_nothing() -> None:
    async with on_stage() as stage:
        await stage.press("n", "space", "escape")
        assert stage.app.workspace is not None
        assert stage.app.workspace.namespaces is None


async def test_keys_are_taught_while_typing_and_tab_takes_the_first() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        assert "ns:" in stage.text
        await stage.type("ns:o")
        assert "ns:office" in stage.text
        await stage.press("tab")
        assert stage.names("services") == ["mail"]
        await stage.type("x")
        assert "None of 4 match" in stage.text


async def test_key_that_does_not_exist_is_said_with_a_suggestion() -> None:
    async with on_stage() as stage:
        await stage.press("/")
        await stage.type("nmae:web")
        assert "Did you mean name:?" in stage.text
