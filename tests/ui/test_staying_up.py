"""Starting, failing, changing clusters, odd sizes and hostile text: the screen stays up and explains what happens."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from dsview.analysis.cluster_view import Delta
from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.events import Health, Progress, StatusChanged
from dsview.tables.panes import SPECS
from dsview.ui.app import DsviewApp
from dsview.ui.choices import ContextChoice, Contexts
from tests.ui.stage import NOW, StageSource, on_stage, service, troubled_shop


async def _is_true(pilot: Pilot[UserError | None], condition: Callable[[], bool]) -> bool:
    """Whether a condition becomes true within a few seconds."""
    for _ in range(500):
        if condition():
            return True
        await pilot.pause(0.01)
    return False


async def test_first_frame_is_painted_before_the_session_is_opened() -> None:
    order: list[str] = []
    go_on = threading.Event()

    def open_session() -> Session:
        order.append("session")
        go_on.wait(5)
        return Session(StageSource([]))

    app = DsviewApp(open_session, source_name="far-away", on_first_frame=lambda: order.append("frame"))
    async with app.run_test() as pilot:
        for _ in range(100):
            await pilot.pause(0.01)
            if len(order) == 2:
                break
        assert order == ["frame", "session"]
        assert app.workspace is None
        go_on.set()
        # The screen is not taken down while the session is being attached to it.
        assert await _is_true(pilot, lambda: app.workspace is not None)


def test_first_frame_imports_neither_kubernetes_nor_the_checks() -> None:
    program = """
import sys
from dsview.ui.app import DsviewApp
HEAVY = ("kinds", "cluster", "checks", "analysis", "tables", "session")
seen = []
def first_frame():
    seen.extend(m for m in sys.modules if m.split(".")[0] in {"kubernetes", "netaddr", "crossplane", "urllib3"}
                or m.startswith(tuple(f"dsview.{room}" for room in HEAVY)))
    app.exit()
app = DsviewApp(lambda: None, source_name="x", on_first_frame=first_frame)
app.run(headless=True, size=(80, 24))
print(*seen)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    names_of_panes = ["dsview.tables", "dsview.tables.pane_spec", "dsview.tables.panes"]
    names_of_panes += [f"dsview.tables.panes.{spec.id}" for spec in SPECS]
    assert set(done.stdout.split()) <= set(names_of_panes), "more than the names of the panes"


async def test_all_painted_is_told_once_everything_is_known() -> None:
    told: list[str] = []
    async with on_stage(on_all_painted=lambda: told.append("painted")) as stage:
        await stage.until(lambda: told)
        stage.source.put(service("new", 99))
        await stage.until(lambda: "new" in stage.names("services"))
        assert told == ["painted"]


async def test_source_that_cannot_be_used_ends_the_app_with_its_error() -> None:
    def open_session() -> Session:
        raise UserError("The kubeconfig has no current context; choose one with --context.")

    app = DsviewApp(open_session, source_name="none")
    async with app.run_test() as pilot:
        for _ in range(100):
            await pilot.pause(0.02)
            if app.return_value is not None:
                break
    assert isinstance(app.return_value, UserError)
    assert "--context" in str(app.return_value)
    assert app.return_code == 2


async def test_drain_that_raises_is_said_once_and_the_screen_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage() as stage:
        assert stage.app.workspace is not None
        session = stage.app.workspace.session
        drain = session.drain
        failures = iter([RuntimeError("[bold]broken[/]"), RuntimeError("again")])

        def fail_twice(budget: float = 0.008) -> Delta:
            error = next(failures, None)
            if error is not None:
                raise error
            return drain(budget)

        monkeypatch.setattr(session, "drain", fail_twice)
        await stage.until(lambda: "dsview failed (RuntimeError)" in stage.text)
        assert "Traceback" not in stage.text
        stage.source.put(service("after", 98))
        await stage.until(lambda: "after" in stage.names("services"))


async def test_refused_kind_is_said_in_its_pane_and_in_the_header() -> None:
    async with on_stage() as stage:
        stage.source.send(StatusChanged(kind=Kind.NODE, health=Health.REFUSED, reason="forbidden", since=NOW))
        await stage.until(lambda: "nodes: not permitted (forbidden)" in stage.text)
        assert any("nodes not permitted" in line for line in stage.lines[:3])


async def test_lost_connection_keeps_the_rows_and_says_that_they_are_old() -> None:
    async with on_stage() as stage:
        stage.source.send(StatusChanged(kind=Kind.POD, health=Health.STALE, reason="connection refused", since=NOW))
        await stage.until(lambda: "pods stale" in stage.text)
        assert len(stage.names("pods")) == 6


async def test_loading_pane_counts_what_has_come() -> None:
    async with on_stage([]) as stage:
        stage.source.send(
            StatusChanged(kind=Kind.POD, health=Health.LOADING, since=NOW), Progress(kind=Kind.POD, loaded=12_500)
        )
        await stage.until(lambda: "Loading… 12,500" in stage.text)


async def test_context_is_switched_while_running() -> None:
    other = StageSource([service("elsewhere", 5, namespace="far")], name="prod")
    choices = [ContextChoice(name="stage", is_current=True), ContextChoice(name="prod", note="cluster-2")]
    async with on_stage(
        contexts=Contexts(find=lambda: choices, open={"prod": Session(other, clock=lambda: NOW)}.__getitem__)
    ) as stage:
        await stage.press("x")
        assert "cluster-2" in stage.text
        await stage.press("down", "enter")
        await stage.until(lambda: stage.names("services") == ["elsewhere"])
        assert stage.source.is_stopped
        assert "prod" in stage.lines[0]


async def test_a_kubeconfig_that_is_broken_by_now_is_said_where_contexts_are_asked_for() -> None:
    def refuse() -> list[ContextChoice]:
        raise UserError("The kubeconfig is not valid YAML (line 3).")

    async with on_stage(contexts=Contexts(find=refuse, open=lambda name: Session(StageSource([])))) as stage:
        await stage.press("x")
        await stage.until(lambda: "not valid YAML (line 3)" in stage.text)
        assert stage.app.screen is stage.app.main


async def test_context_that_cannot_be_opened_leaves_the_one_before() -> None:
    def refuse(name: str) -> Session:
        raise UserError(f"The context {name} names a user that is not there.")

    async with on_stage(contexts=Contexts(find=lambda: [ContextChoice(name="prod")], open=refuse)) as stage:
        await stage.press("x", "enter")
        await stage.until(lambda: "names a user that is not there" in stage.text)
        assert len(stage.names("services")) == 4
        assert not stage.source.is_stopped


@pytest.mark.parametrize("keys", [(), ("enter",), ("?",), ("n",), ("/", "w"), ("z",)], ids=str)
async def test_any_size_down_to_one_cell_and_back_is_survived(keys: tuple[str, ...]) -> None:
    async with on_stage() as stage:
        await stage.press(*keys)
        for size in ((1, 1), (2, 40), (200, 1), (20, 6), (60, 20), (200, 60)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        await stage.press("escape")
        assert stage.app.is_running


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)], ids=str)
async def test_no_title_is_cut_at_any_size(size: tuple[int, int]) -> None:
    async with on_stage(size=size) as stage:
        for number in "1234":
            await stage.press(number)
            pane = stage.app.main.active
            header = next(line for line in stage.lines[pane.region.y - 1 :] if "Findings" in line)
            for placed in pane.placed_layout.placed:
                assert placed.column.title in header


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("[fd00::1]:80", "[fd00::1]:80"),
        ("a\x1b]0;owned\x07b", "a\\x1b]0;owned\\x07b"),
        ("a\u202eb", "a\\u202eb"),
        ("$ink", "$ink"),
    ],
)
async def test_hostile_names_are_shown_harmlessly_and_in_full(name: str, shown: str) -> None:
    async with on_stage([service(name, 5), *troubled_shop()], size=(200, 60)) as stage:
        await stage.press("z")
        assert shown in stage.text
        await stage.press("/")
        await stage.type("10.96.0.5")
        await stage.press("enter", "enter")
        await stage.until(lambda: stage.app.screen is not stage.app.main)
        assert shown in stage.text


async def test_wide_and_combining_characters_keep_the_columns_aligned() -> None:
    odd = [service("名前-テスト", 5), service("e\u0301te\u0301", 6), service("plain", 7)]
    async with on_stage(odd, size=(120, 40)) as stage:
        await stage.press("z")
        columns = {
            cell_len(line[: line.index("10.96.0.")]) for line in stage.lines if "10.96.0." in line and "::" in line
        }
        assert len(columns) == 1


async def test_quit_keys_leave() -> None:
    for key in ("q", "ctrl+c", "ctrl+q"):
        async with on_stage() as stage:
            await stage.press(key)
            assert not stage.app.is_running or stage.app.return_code == 0
        assert stage.source.is_stopped


async def test_ctrl_c_leaves_while_a_filter_is_typed() -> None:
    async with on_stage() as stage:
        await stage.press("/", "a", "ctrl+c")
    assert stage.source.is_stopped
