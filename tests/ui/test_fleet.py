"""The table of a fleet: sorted, filtered, updated; Enter opens a cluster and Esc returns."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

import pytest

from dsview.analysis.fleet import Contact, Member
from dsview.cli.fleet_demo import FleetDemo
from dsview.core.text import Safe
from dsview.session.session import Session
from dsview.ui.fleet_app import FleetApp
from dsview.ui.screens.fleet import FleetScreen
from dsview.ui.table import Table
from tests.ui.stage import NOW, Stage, StageSource


@cache
def told() -> list[Member]:
    """The clusters of the demo at their beginning."""
    members: list[Member] = []
    FleetDemo(lambda: NOW).send_all(members.append)
    return members


class StageFleet(FleetDemo):
    """The demo's fleet, sent at once, and whatever the test sends after that."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.told = told()
        self.again: list[str] = []
        self.opened: list[Session] = []
        self.is_stopped = False

    def start(self, on_change: Callable[[Member], None], on_failure: Callable[[str], None]) -> None:
        self.tell, self.fail = on_change, on_failure
        for member in self.told:
            on_change(member)

    def open(self, name: str, *, is_alone: bool = True) -> Session:
        self.opened.append(super().open(name, is_alone=is_alone))
        return self.opened[-1]

    def read_again(self, name: str) -> None:
        self.again.append(name)

    def stop(self) -> None:
        self.is_stopped = True


class FleetStage(Stage):
    """A fleet under test."""

    app: FleetApp

    @property
    def clusters(self) -> list[str]:
        """The names of the rows, in order."""
        rows = self.app.get_screen("fleet").query_one(Table)._rows
        assert rows is not None
        return [rows.key_at(index)[1] for index in range(len(rows))]


@asynccontextmanager
async def fleet(size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[FleetStage, StageFleet]]:
    feed = StageFleet()
    app = FleetApp(feed, open_cluster=feed.open, clock=lambda: NOW)
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = FleetStage(app, pilot, StageSource([]))
        await stage.until(lambda: "7 read" in stage.text)
        yield stage, feed


async def test_what_painting_leaves_is_collected_though_no_cluster_is_opened() -> None:
    gc.disable()
    try:
        async with fleet():
            assert gc.isenabled()
    finally:
        gc.enable()


async def test_the_worst_cluster_comes_first_and_one_that_cannot_be_read_says_why() -> None:
    async with fleet((200, 40)) as (stage, _):
        assert stage.clusters[:6] == ["prod-eu-1", "prod-us-1", "prod-ap-1", "edge-munich", "edge-hamburg", "sandbox"]
        row = next(line for line in stage.lines if "edge-hamburg" in line)
        assert "https://10.20.0.10:6443 does" in row
        assert "failed" in row
        assert "·" not in row, "of a cluster that was not read nothing is known"
        assert "1 signing in" in stage.lines[0]
        assert "waits for the credential plug-" in stage.text


async def test_layers_are_counted_by_family_and_flagged_as_in_the_overview() -> None:
    async with fleet((200, 40)) as (stage, _):
        row = next(line for line in stage.lines if "prod-eu-1" in line)
        assert "15/19 ▲" in row
        assert "14/15 ■" in row
        healthy = next(line for line in stage.lines if "staging" in line)
        assert "no problem found" in healthy


async def test_a_filter_asks_for_modes_states_and_checks_as_in_the_panes() -> None:
    async with fleet() as (stage, _):
        await stage.press("/", *"state:failed")
        assert stage.clusters == ["edge-hamburg", "sandbox"]
        await stage.press("escape", "/", *"code:POD-001 prod", "enter")
        assert stage.clusters == ["prod-eu-1", "prod-us-1"]
        await stage.press("escape")
        assert len(stage.clusters) == 10


async def test_an_unfinished_filter_is_told_and_changes_nothing() -> None:
    async with fleet() as (stage, _):
        await stage.press("/", *"nokey:x")
        assert "is not a filter key" in stage.text
        await stage.press("escape")
        assert len(stage.clusters) == 10


async def test_only_what_is_flagged_or_could_not_be_read() -> None:
    async with fleet() as (stage, _):
        await stage.press("!")
        assert set(stage.clusters) == {
            *("prod-eu-1", "prod-us-1", "prod-ap-1", "edge-munich", "prod-eu-2", "prod-us-2"),
            *("edge-hamburg", "sandbox"),
        }


async def test_only_flagged_keeps_notes_as_in_the_panes() -> None:
    async with fleet() as (stage, _):
        await stage.press("!")
        assert {"prod-eu-2", "prod-us-2"} <= set(stage.clusters), "they have notes only"
        await stage.press("!", "w")
        every = len(stage.clusters)
        await stage.press("!")
        assert len(stage.clusters) == every
        assert "Every row is a finding." in stage.text


def test_the_worst_cause_of_a_cluster_is_the_first_of_its_dashboard() -> None:
    for member in told():
        if member.summary is not None and member.summary.worst:
            first, shown = member.summary.worst[0], member.worst_cause
            assert shown is not None
            assert (shown.check, shown.object, shown.amount) == (first.check, first.object, first.amount)
            lines = [(cause.check, cause.object) for cause in member.findings]
            assert len(lines) == member.summary.causes, "one line a cause"


@pytest.mark.parametrize("key", ["", "w"])
@pytest.mark.parametrize("size", [(80, 24), (100, 30)])
async def test_the_heading_is_never_cut_and_every_lane_is_named(size: tuple[int, int], key: str) -> None:
    async with fleet(size) as (stage, _):
        await stage.press(*[key] if key else [])
        head = stage.lines[0]
        assert "…" not in head
        assert "■ 28" in head
        assert "1 signing in" in head
        if not key:
            lanes = stage.lines[1]
            assert "v4" in lanes
            assert "v6" in lanes


async def test_the_key_bar_says_what_escape_and_enter_do_here() -> None:
    async with fleet((120, 40)) as (stage, _):
        assert "Esc" not in stage.lines[-1]
        await stage.press("!")
        assert "Esc all " in stage.lines[-1]
        await stage.press("escape", "w")
        assert "Esc clusters" in stage.lines[-1]
        assert "w clusters" not in stage.lines[-1]
        await stage.press("/", *"code:POD-001", "enter")
        assert "Esc all " in stage.lines[-1]
        assert "w clusters" in stage.lines[-1]
        await stage.press("escape", "escape", "enter")
        await stage.until(lambda: stage.app.screen is stage.app.main)
        await stage.until(lambda: "Esc fleet" in stage.lines[-1])
        assert "T timeline" in stage.lines[-1]


async def test_keys_that_need_an_open_cluster_say_so() -> None:
    async with fleet((120, 40)) as (stage, _):
        assert "timeline" not in stage.lines[-1]
        await stage.press("i")
        assert "No cluster is open yet." in stage.text
        await stage.press("T")
        assert "A cluster has a timeline once it is open" in stage.text
        await stage.press("?")
        assert "Fleet ► Help" in stage.lines[0]
        assert "Services" not in stage.lines[0]


async def test_a_finding_is_explained_without_opening_its_cluster() -> None:
    async with fleet((160, 40)) as (stage, feed):
        await stage.press("w", "e")
        await stage.until(lambda: "DS-POD-001" in stage.lines[0])
        assert not feed.opened
        await stage.press("escape")
        assert "Findings of the fleet" in stage.lines[0]


async def test_an_order_is_chosen_and_once_more_reversed_and_the_worst_come_first_again() -> None:
    async with fleet() as (stage, _):
        natural = stage.clusters
        await stage.press("s", *"cluster", "enter")
        await stage.until(lambda: stage.clusters == sorted(natural))
        await stage.press("s", *"cluster", "enter")
        await stage.until(lambda: stage.clusters == sorted(natural, reverse=True))
        await stage.press("s", *"worst first", "enter")
        await stage.until(lambda: stage.clusters == natural)


async def test_enter_opens_a_cluster_and_escape_comes_back_and_leaves_it() -> None:
    async with fleet() as (stage, feed):
        await stage.press("enter")
        await stage.until(lambda: stage.app.screen is stage.app.main)
        await stage.until(lambda: stage.app.workspace is not None and stage.app.workspace.session.was_settled)
        assert "prod-eu-1" in stage.lines[0]
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, FleetScreen))
        assert stage.app.workspace is None
        assert feed.opened[0].source._stopped.is_set()  # type: ignore[attr-defined]  # a demo's
        await stage.press("down", "enter")
        await stage.until(lambda: stage.app.screen is stage.app.main)
        assert [session.source.name for session in feed.opened] == ["prod-eu-1", "prod-us-1"]


async def test_nothing_is_kept_of_a_cluster_that_was_left() -> None:
    async with fleet() as (stage, feed):
        await stage.press("enter")
        await stage.until(lambda: stage.app.workspace is not None and stage.app.workspace.session.was_settled)
        await stage.press("t", "escape", "w", "escape")
        state = weakref.ref(feed.opened.pop().state)
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, FleetScreen))
        await stage.until(lambda: state() is None)


async def test_escape_in_a_cluster_undoes_its_filter_before_it_leaves() -> None:
    async with fleet() as (stage, _):
        await stage.press("enter")
        await stage.until(lambda: stage.app.workspace is not None and stage.app.workspace.session.was_settled)
        await stage.press("!", "escape")
        assert stage.app.screen is stage.app.main
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, FleetScreen))


async def test_a_cluster_that_cannot_be_opened_says_so_and_the_fleet_stays() -> None:
    async with fleet() as (stage, _):
        await stage.press("/", *"name:sandbox", "enter", "enter")
        await stage.until(lambda: "does not accept" in stage.text)
        assert isinstance(stage.app.screen, FleetScreen)
        assert "opening" not in stage.lines[0]


async def test_findings_of_all_clusters_have_their_cluster_and_open_it() -> None:
    async with fleet((160, 40)) as (stage, feed):
        await stage.press("w")
        assert "Findings of the fleet" in stage.lines[0]
        errors = [line for line in stage.lines if "■" in line and "POD-001" in line]
        assert "prod-eu-1" in errors[0]
        await stage.press("/", *"cluster:prod-ap-1 LB-001", "enter", "enter")
        await stage.until(lambda: "Service payments/gateway" in stage.lines[0])
        assert feed.opened[-1].source.name == "prod-ap-1"
        await stage.press("escape")
        assert stage.app.screen is stage.app.main


async def test_findings_say_what_is_wrong_first_and_the_check_last() -> None:
    async with fleet((80, 24)) as (stage, _):
        await stage.press("w")
        titles = stage.lines[1].split()
        assert titles[:4] == ["Cluster", "What", "is", "wrong"]
        assert titles[-2:] in (["Check", "Explains"], ["Family", "Check"])
        assert "DS-" not in "\n".join(stage.lines[2:])


async def test_the_screens_of_a_cluster_name_it() -> None:
    async with fleet((80, 24)) as (stage, _):
        await stage.press("enter")
        await stage.until(lambda: stage.app.screen is stage.app.main)
        await stage.until(lambda: "■" in stage.text)
        for key in ("t", "w", "T"):
            await stage.press(key)
            await stage.until(lambda: stage.lines[0].startswith(" prod-eu-1 ►"))
            await stage.press("escape")


async def test_escape_leads_from_the_findings_to_the_clusters() -> None:
    async with fleet() as (stage, _):
        await stage.press("w", "escape")
        assert "Findings of the fleet" not in stage.lines[0]
        assert len(stage.clusters) == 10


async def test_a_cluster_is_read_anew_and_the_row_follows_with_the_cursor_on_it() -> None:
    async with fleet() as (stage, feed):
        await stage.press("/", *"name:sandbox", "enter", "r")
        assert feed.again == ["sandbox"]
        await stage.press("escape")
        before = next(member for member in feed.told if member.name == "staging")
        table = stage.app.screen.query_one(Table)
        table.select(("", "staging"))
        feed.tell(Member(context="staging", contact=Contact.FAILED, since=NOW, reason=Safe("It is gone.")))
        await stage.until(lambda: "It is gone." in stage.text)
        assert table.cursor_key == ("", "staging")
        assert before.summary is not None


async def test_it_is_said_where_nothing_more_will_come() -> None:
    async with fleet() as (stage, feed):
        feed.fail("The process that reads the clusters ended (exit code -9).")
        await stage.until(lambda: "reads the clusters ended" in stage.text)


async def test_leaving_ends_the_feed() -> None:
    async with fleet() as (_, feed):
        pass
    assert feed.is_stopped


async def test_keys_that_need_a_cluster_do_no_harm() -> None:
    async with fleet() as (stage, _):
        await stage.press("i", "[", "]", "x", "p")
        await stage.press("escape")
        assert "10 clusters" in stage.text
