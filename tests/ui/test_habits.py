"""Keys that users know from k9s, vim and less work; and dsview remembers how it was left."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from dsview.config.last_views import LastView, PaneView, last_views, remember_last_view
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from dsview.ui.app import DsviewApp
from dsview.ui.appearance import Appearance
from dsview.ui.document import Document
from dsview.ui.multiplexers import passed_on
from dsview.ui.table import Table
from tests.support.clusters import settle
from tests.ui.stage import (
    NOW,
    Stage,
    StageSource,
    many_pods,
    node,
    on_stage,
    pod,
    service,
    slices,
    troubled_shop,
)


@pytest.mark.parametrize(
    ("word", "pane"),
    [
        *(("svc", "services"), ("services", "services"), ("po", "pods"), ("pods", "pods")),
        *(("no", "nodes"), ("nodes", "nodes"), ("lis", "listeners"), ("listeners", "listeners")),
    ],
)
async def test_a_colon_and_a_word_go_to_a_pane(word: str, pane: str) -> None:
    async with on_stage() as stage:
        await stage.press("3" if pane != "nodes" else "1")
        await stage.press("colon", *word, "enter")
        await stage.until(lambda: stage.app.screen is stage.app.main)
        assert stage.app.main.active.pane_id == pane


async def test_a_palette_that_is_opened_while_dsview_connects_stays() -> None:
    may_go_on = threading.Event()
    source = StageSource(troubled_shop())

    def open_session() -> Session:
        may_go_on.wait(20)
        return Session(source, clock=lambda: NOW)

    app = DsviewApp(open_session, source_name="stage")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        stage = Stage(app, pilot, source)
        await stage.press("colon", *"pods")
        may_go_on.set()
        await stage.until(lambda: app.workspace is not None and app.workspace.session.is_settled)
        await stage.press("enter")
        await stage.until(lambda: app.screen is app.main)
        assert app.main.active.pane_id == "pods"


async def test_the_name_of_the_pane_that_has_the_keys_leaves_the_others_there() -> None:
    async with on_stage(size=(120, 40)) as stage:
        await stage.press("colon", *"svc", "enter")
        await stage.until(lambda: stage.app.screen is stage.app.main)
        await stage.pilot.pause()
        assert all(pane.border.display for pane in stage.app.main.panes)


async def test_a_colon_and_q_leave() -> None:
    async with on_stage() as stage:
        await stage.press("colon", "q", "enter")
        await stage.until(lambda: stage.app._exit)


async def test_ctrl_d_and_ctrl_u_move_by_half_a_page_in_a_table() -> None:
    async with on_stage(many_pods(100)) as stage:
        await stage.press("2", "2")
        table = stage.pane("pods")
        half = table.page_lines // 2
        await stage.press("ctrl+d", "ctrl+d")
        assert table.cursor_index == 2 * half
        await stage.press("ctrl+u")
        assert table.cursor_index == half
        await stage.press("G")
        assert table.cursor_index == 99
        await stage.press("g")
        assert table.cursor_index == 0


async def test_ctrl_d_and_ctrl_u_move_by_half_a_page_in_a_text() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await stage.press("?")
        text = stage.app.screen.query_one(Document)
        await stage.press("ctrl+d")
        assert text.scroll_offset.y == text.size.height // 2
        await stage.press("ctrl+u")
        assert text.scroll_offset.y == 0


async def test_a_list_is_searched_as_a_text_is() -> None:
    async with on_stage() as stage:
        await stage.press("w", "/", *"although")
        table = stage.app.screen.query_one(Table)
        assert "1 of 2" in stage.text
        await stage.press("enter", "n")
        assert "2 of 2" in stage.text
        assert table.cursor_row is not None
        assert "api-1" in table.cursor_row.cells[1].text
        await stage.press("n")
        assert table.cursor_index == 0, "behind the last comes the first"
        await stage.press("N")
        assert "2 of 2" in stage.text
        await stage.press("escape")
        assert stage.app.screen is not stage.app.main, "the first Esc ends the search"
        await stage.press("escape")
        assert stage.app.screen is stage.app.main


async def test_the_timeline_is_searched_too() -> None:
    async with on_stage() as stage:
        stage.source.put(pod("mail-0", 20, namespace="office", app="mail", families="4"))
        await stage.press("T")
        await stage.until(lambda: "mail" in stage.text)
        await stage.press("/", *"nowhere")
        assert "not found" in stage.text


async def test_what_was_copied_is_said() -> None:
    async with on_stage() as stage:
        await stage.press("c")
        assert "Copied the cell: api" in stage.text


@pytest.mark.parametrize(
    ("environ", "wrapped"),
    [
        ({}, None),
        ({"TERM": "xterm-256color"}, None),
        ({"TMUX": "/tmp/tmux", "TERM": "screen"}, "\x1bPtmux;\x1b\x1b]52;c;eA==\a\x1b\\"),
        ({"TERM": "tmux-256color"}, "\x1bPtmux;\x1b\x1b]52;c;eA==\a\x1b\\"),
        ({"STY": "1.pts", "TERM": "screen"}, "\x1bP\x1b]52;c;eA==\a\x1b\\"),
    ],
)
def test_a_multiplexer_is_asked_to_pass_on_what_was_copied(environ: dict[str, str], wrapped: str | None) -> None:
    wrap = passed_on(environ)
    assert (wrap("\x1b]52;c;eA==\a") if wrap is not None else None) == wrapped


def test_screen_gets_pieces_that_it_does_not_drop() -> None:
    wrap = passed_on({"STY": "1.pts"})
    assert wrap is not None
    text = base64.b64encode(b"x" * 3000).decode()
    pieces = wrap(text).split("\x1b\\")
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == text
    assert max(map(len, pieces)) < 768


# Small panes


def first_rows(stage: Stage, pane_id: str) -> list[str]:
    rows = stage.pane(pane_id).rows
    assert rows is not None
    return [rows.key_at(index)[1] for index in range(min(3, len(rows)))]


async def test_a_small_pane_without_focus_has_its_flagged_rows_on_top() -> None:
    async with on_stage(size=(120, 40)) as stage:
        pods = stage.pane("pods")
        assert 0 < pods.page_lines < 6
        assert first_rows(stage, "pods") == ["api-0", "api-1", "mail-0"]
        assert "Pods 6 ■ 2" in stage.text
        await stage.press("2")
        assert first_rows(stage, "pods") == ["mail-0", "api-0", "api-1"], "with focus the order is the chosen one"
        await stage.press("1")
        assert first_rows(stage, "pods") == ["api-0", "api-1", "mail-0"]


async def test_a_small_pane_follows_what_is_mended() -> None:
    async with on_stage(size=(120, 40)) as stage:
        stage.source.put(pod("api-0", 10, app="api"))
        await stage.until(lambda: first_rows(stage, "pods") == ["api-1", "mail-0", "api-0"])


async def test_the_row_that_is_clicked_in_a_small_pane_is_the_one_that_was_meant() -> None:
    async with on_stage(size=(120, 40)) as stage:
        pods = stage.pane("pods")
        await stage.pilot.click(pods, offset=(8, pods.header_lines))
        await stage.pilot.pause()
        assert pods.has_focus
        assert pods.cursor_key == ("shop", "api-0")


async def test_the_order_under_flagged_rows_is_the_chosen_one() -> None:
    async with on_stage(size=(120, 40)) as stage:
        await stage.press("2", "s", *"name", "enter", "s", *"name", "enter", "1")
        rows = stage.pane("pods").rows
        assert rows is not None
        names = [rows.key_at(index)[1] for index in range(len(rows))]
        assert names == ["api-0", "api-1", "web-2", "web-1", "web-0", "mail-0"]
        assert [rows.index_of(rows.key_at(index)) for index in range(len(rows))] == list(range(len(rows)))


# How it was left


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StageSource, "kind", "cluster")


async def test_pane_filter_and_order_are_as_they_were_left(cluster: None, tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    look = Appearance(
        last_view=lambda context: last_views(path).get(context),
        remember_view=lambda context, view: remember_last_view(path, context, view),
    )
    async with on_stage(appearance=look) as stage:
        await stage.press("2", "/", *"web", "enter", "s", "enter")
        await stage.press("q")
    assert last_views(path)["stage"] == LastView(pane="pods", panes={"pods": PaneView(filter="web", sort="flags")})
    async with on_stage(appearance=look) as stage:
        assert stage.app.main.active.pane_id == "pods"
        assert stage.names("pods") == ["web-0", "web-1", "web-2"]
        view = stage.pane("pods").view
        assert view is not None
        assert view.sort_column == "flags"
        assert "The filter is as you left it. Esc removes it." in stage.text
        await stage.press("escape")
        assert len(stage.names("pods")) == 6


async def test_another_context_and_a_demo_begin_as_they_come() -> None:
    left = LastView(pane="pods", panes={"pods": PaneView(filter="web")})
    async with on_stage(appearance=Appearance(last_view=lambda _context: left)) as stage:
        assert stage.app.main.active.pane_id == "services"
        assert len(stage.names("pods")) == 6


async def test_a_filter_and_a_column_that_nobody_knows_are_passed_over(cluster: None) -> None:
    left = LastView(pane="cats", panes={"pods": PaneView(filter="cat:x", sort="cat")})
    async with on_stage(appearance=Appearance(last_view=lambda _context: left)) as stage:
        assert len(stage.names("pods")) == 6


def test_contexts_are_remembered_side_by_side_and_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "state" / "views.json"
    for number in range(60):
        remember_last_view(path, f"context-{number}", LastView(pane="pods"))
    remember_last_view(path, "context-20", LastView(pane="nodes"))
    found = last_views(path)
    assert len(found) == 50
    assert list(found)[-1] == "context-20"
    assert found["context-20"].pane == "nodes"
    path.write_text("{")
    assert last_views(path) == {}


async def test_the_worst_rows_are_among_those_that_a_filter_leaves() -> None:
    async with on_stage(size=(120, 40)) as stage:
        await stage.press("2", "/", *"api-1", "enter", "1")
        rows = stage.pane("pods").rows
        assert rows is not None
        assert [rows.key_at(index)[1] for index in range(len(rows))] == ["api-1"]


async def test_every_pane_begins_at_its_worst_row() -> None:
    async with on_stage(size=(120, 40)) as stage:
        for pane in stage.app.main.panes:
            assert pane.view is not None
            worst = pane.view.worst(1)
            assert not worst or pane.cursor_key == worst[0], pane.pane_id
        assert stage.pane("services").cursor_key == ("shop", "api")
        await stage.press("enter")
        assert "Service shop/api" in stage.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45)])
async def test_the_worst_row_is_in_sight_from_the_beginning(size: tuple[int, int]) -> None:
    objects = [
        *troubled_shop(),
        *(service(f"before-{number:02d}", 100 + number, namespace="a") for number in range(60)),
    ]
    async with on_stage(objects, size=size) as stage:
        worst = next(line for line in stage.lines[4:] if "▌" in line)
        assert "api" in worst
        assert "EPS-001" in worst


async def test_a_pane_that_is_gone_to_begins_at_its_worst_row() -> None:
    async with on_stage(size=(120, 40)) as stage:
        await stage.press("2")
        pods = stage.pane("pods")
        assert pods.cursor_key == ("shop", "api-0")
        await stage.press("home", "1", "2")
        assert pods.cursor_index == 0, "somebody chose this row"


async def test_where_the_worst_come_first_the_cursor_begins_at_the_worst_and_stays_on_its_object() -> None:
    async with on_stage(size=(120, 40)) as stage:
        await stage.press("home", "s", "enter")
        services = stage.pane("services")
        assert (services.cursor_index, services.cursor_key) == (0, ("shop", "api"))
        mended = [pod(f"api-{number}", number + 10, app="api") for number in range(2)]
        stage.source.put(*mended, *slices("api", mended))
        await stage.until(lambda: stage.names("services")[0] == "old")
        await stage.pilot.pause()
        assert services.cursor_key == ("shop", "api"), "Enter opens what was under the cursor"


def test_of_services_that_are_equally_flagged_the_one_that_serves_nobody_comes_first() -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    view = TableView(PANES["services"], session)
    assert view.worst(1) == [("shop", "web")]
    view.set_sort("flags")
    assert [view.key_at(index) for index in range(6)] == view.worst(6)


def test_of_very_many_flagged_rows_the_first_are_taken() -> None:
    lone = [pod(f"pod-{number:04d}", number % 200, app="lone", families="4") for number in range(1100)]
    ranges = ServiceCIDR(name="kubernetes", cidrs=("10.96.0.0/16", "fd00:10:96::/112"))
    session = settle(Session(StageSource([ranges, node("node-1", 1), node("node-2", 2), *lone]), clock=lambda: NOW))
    view = TableView(PANES["pods"], session)
    assert sum(view.flagged.values()) > 1000
    view.set_sort("name", descending=True)
    assert [name for _, name in view.worst(2)] == ["pod-1099", "pod-1098"]
