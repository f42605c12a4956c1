"""Moving with keys and mouse: rows, columns, panes; the selection stays on its object."""

from __future__ import annotations

import pytest

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.tables.cells import Row
from dsview.ui.cursor import Cursor
from tests.ui.stage import many_pods, on_stage, pod, service, troubled_shop

_HEAD = 8
"""The lines of the overview, and some more, which name pods as well."""


class Names:
    """Rows with nothing but names."""

    sort_column: str | None = None
    descending = False

    def __init__(self, *names: str) -> None:
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def row(self, index: int) -> Row:
        """A row."""
        return Row(self.key_at(index), ())

    def key_at(self, index: int) -> Key:
        """The key of a row."""
        return ("", self._names[index])

    def index_of(self, key: Key) -> int | None:
        """The position of a row."""
        return self._names.index(key[1]) if key[1] in self._names else None


@pytest.mark.parametrize(("down", "up"), [("j", "k"), ("down", "up")])
async def test_arrows_and_vim_keys_move_the_cursor(down: str, up: str) -> None:
    async with on_stage() as stage:
        table = stage.pane("services")
        await stage.press(down)
        assert table.cursor_key == ("shop", "old")
        await stage.press(up)
        assert table.cursor_key == ("shop", "api")


async def test_first_last_and_pages_reach_both_ends_of_a_long_list() -> None:
    async with on_stage(many_pods(500)) as stage:
        await stage.press("2", "2", "G")
        table = stage.pane("pods")
        assert table.cursor_key == ("shop", "pod-00499")
        assert "pod-00499" in stage.text
        await stage.press("g")
        assert table.cursor_key == ("shop", "pod-00000")
        await stage.press("pagedown")
        first_page = table.cursor_key
        assert first_page is not None
        assert first_page > ("shop", "pod-00020")
        await stage.press("pageup")
        assert table.cursor_key == ("shop", "pod-00000")


async def test_selection_stays_on_its_object_when_rows_come_before_it() -> None:
    async with on_stage() as stage:
        table = stage.pane("services")
        await stage.press("down")
        stage.source.put(*(service(f"a{number}", 100 + number) for number in range(5)))
        await stage.until(lambda: len(stage.names("services")) == 9)
        await stage.pilot.pause()
        assert table.cursor_key == ("shop", "old")


async def test_view_shows_the_same_rows_when_rows_come_above_a_scrolled_list() -> None:
    async with on_stage(many_pods(500)) as stage:
        await stage.press("2", "2", "G")
        before = [line for line in stage.lines[_HEAD:] if "pod-004" in line]
        stage.source.put(*(pod(f"pod-00000-{number}", number) for number in range(40)))
        await stage.until(lambda: len(stage.names("pods")) == 540)
        await stage.pilot.pause()
        assert [line[:60] for line in stage.lines[_HEAD:] if "pod-004" in line] == [line[:60] for line in before]


async def test_selection_goes_to_a_neighbour_when_its_object_is_deleted() -> None:
    async with on_stage() as stage:
        await stage.press("down")
        stage.source.remove(Kind.SERVICE, ("shop", "old"))
        await stage.until(lambda: "old" not in stage.names("services"))
        await stage.pilot.pause()
        assert stage.pane("services").cursor_key == ("shop", "web")


@pytest.mark.parametrize("is_healthy", [False, True])
async def test_a_cursor_that_nobody_moved_stays_on_its_object_when_rows_come_before_it(is_healthy: bool) -> None:
    objects = troubled_shop()
    if is_healthy:
        objects = [item for item in objects if item.name not in {"api", "old"} and "api-" not in item.name]
    async with on_stage(objects) as stage:
        table = stage.pane("services")
        before = table.cursor_key
        assert before == (("office", "mail") if is_healthy else ("shop", "api"))
        stage.source.put(*(service(f"first-{number}", 50 + number, namespace="aaa") for number in range(30)))
        await stage.until(lambda: "first-29" in stage.names("services"))
        await stage.pilot.pause()
        assert table.cursor_key == before
        assert before[1] in stage.text


def test_a_cursor_stays_at_the_top_while_lists_load() -> None:
    cursor = Cursor()
    cursor.follow(Names("b", "c"), 0, 10)
    cursor.follow(Names("a", "b", "c"), 0, 10)
    assert cursor.key == ("", "a")
    cursor.stay()
    assert cursor.follow(Names("0", "a", "b", "c"), 0, 10) == 0
    assert cursor.key == ("", "a")
    assert cursor.follow(Names("0", "1", "2", "a", "b", "c"), 0, 3) == 2, "it stays in sight"


async def test_tab_goes_round_the_panes_and_back() -> None:
    async with on_stage() as stage:
        seen = []
        for key in ("tab", "tab", "tab", "tab", "shift+tab"):
            await stage.press(key)
            seen.append(stage.app.main.active.pane_id)
        assert seen == ["pods", "nodes", "listeners", "services", "listeners"]


async def test_digit_goes_to_a_pane_and_once_more_shows_it_alone() -> None:
    async with on_stage() as stage:
        await stage.press("3")
        assert stage.app.main.active.pane_id == "nodes"
        assert stage.pane("pods").border.display
        await stage.press("3")
        assert [pane.pane_id for pane in stage.app.main.panes if pane.border.display] == ["nodes"]
        await stage.press("3")
        assert all(pane.border.display for pane in stage.app.main.panes)


async def test_zoom_shows_one_pane_and_escape_shows_all_again() -> None:
    async with on_stage() as stage:
        await stage.press("z")
        assert [pane.pane_id for pane in stage.app.main.panes if pane.border.display] == ["services"]
        await stage.press("escape")
        assert all(pane.border.display for pane in stage.app.main.panes)


async def test_column_cursor_stops_at_both_ends() -> None:
    async with on_stage() as stage:
        table = stage.pane("services")
        await stage.press(*["h"] * 20)
        assert table.column_id == "namespace"
        await stage.press(*["l"] * 30)
        assert table.column_id == "flags"


async def test_all_columns_scroll_sideways_behind_the_name() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await stage.press("v", *["l"] * 14)
        header = next(line for line in stage.lines if "Name" in line)
        assert "Findings" in header
        row = next(line for line in stage.lines if "web" in line)
        assert row.index("web") == header.index(" Name ") + 1


async def test_click_selects_and_another_click_opens() -> None:
    async with on_stage() as stage:
        table = stage.pane("services")
        await stage.pilot.click(table, offset=(19, 4))
        await stage.pilot.pause()
        assert table.cursor_key == ("shop", "old")
        await stage.pilot.click(table, offset=(19, 4))
        await stage.until(lambda: stage.app.screen is not stage.app.main)
        assert "shop/old" in stage.text


async def test_click_on_a_title_sorts_by_it() -> None:
    async with on_stage() as stage:
        table = stage.pane("services")
        name = table.placed_layout.find("name")
        assert name is not None
        for expected in (["api", "mail", "old", "web"], ["web", "old", "mail", "api"]):
            await stage.pilot.click(table, offset=(name.offset + 1, 1))
            await stage.pilot.pause()
            assert stage.names("services") == expected


async def test_wheel_scrolls_without_moving_the_cursor() -> None:
    async with on_stage(many_pods(500)) as stage:
        await stage.press("2", "2")
        table = stage.pane("pods")
        table.scroll_to(y=100, animate=False, immediate=True)
        await stage.pilot.pause()
        assert table.cursor_key == ("shop", "pod-00000")
        assert "pod-00100" in stage.text


async def test_a_long_list_that_grows_can_be_scrolled_to_its_new_end_and_its_scrollbar_says_so() -> None:
    async with on_stage(many_pods(500)) as stage:
        await stage.press("2", "2")
        stage.source.put(*(pod(f"pod-late-{number:02d}", number) for number in range(40)))
        await stage.until(lambda: len(stage.names("pods")) == 540)
        await stage.pilot.pause()
        table = stage.pane("pods")
        assert table.vertical_scrollbar.window_virtual_size == 540 + table.header_lines
        await stage.press("G")
        assert table.cursor_key == ("shop", "pod-late-39")
        assert "pod-late-39" in stage.text
