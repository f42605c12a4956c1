"""The overview on the main screen, from the largest size to the smallest."""

from __future__ import annotations

import msgspec
import pytest

from dsview.analysis.overview import overview_now
from dsview.checks.engine.check import LayerName
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.events import Changed, Health, Listed, StatusChanged
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from dsview.ui.coverage_matrix import gap_line, matrix_lines, verdict_lines, worst_lines
from dsview.ui.glyphs import UNICODE
from tests.support.clusters import settle
from tests.support.scripted import ScriptedSource
from tests.ui.stage import NOW, many_pods, on_stage, pod, slices

VERDICT = "Dual-stack, IPv4 first. 1 of 3 Services does not work over IPv6: shop/api. 1 has IPv4 only."
MATRIX = "Nodes   Pods"


@pytest.mark.parametrize(
    ("size", "has_matrix", "has_gaps", "has_worst"),
    [
        ((200, 60), True, False, True),
        ((120, 40), True, False, True),
        ((80, 24), False, True, False),
        ((60, 20), False, False, False),
    ],
)
async def test_overview_fits_the_screen(
    size: tuple[int, int], has_matrix: bool, has_gaps: bool, has_worst: bool
) -> None:
    async with on_stage(size=size) as stage:
        head = "\n".join(line.rstrip() for line in stage.lines[:6])
        words = " ".join(head.split())
        assert VERDICT in words
        assert (MATRIX in head) is has_matrix
        assert ("IPv6 Pods ■4/6" in words) is has_gaps
        assert ("Worst causes" in head) is has_worst
        assert "kubernetes" in stage.text or "web" in stage.text, "the panes have room left"


@pytest.mark.parametrize(("width", "shown"), [(120, 2), (80, 2), (48, 0), (30, 0)])
async def test_ranges_are_shown_whole_and_of_both_families_or_not_at_all(width: int, shown: int) -> None:
    async with on_stage(size=(width, 24)) as stage:
        head = stage.lines[0]
        assert sum(cidr in head for cidr in ("10.96.0.0/16", "fd00:10:96::/112")) == shown
        assert shown or "10.96" not in head
        assert "…" not in head


async def test_a_long_verdict_is_not_cut_on_the_smallest_screen() -> None:
    async with on_stage(size=(60, 20)) as stage:
        stage.source.send(StatusChanged(kind=Kind.NODE, health=Health.REFUSED, reason="forbidden", since=NOW))
        await stage.until(lambda: "Unread: Nodes (not permitted)." in " ".join("\n".join(stage.lines[:5]).split()))


async def test_overview_arranges_itself_anew_when_the_terminal_is_resized() -> None:
    async with on_stage(size=(200, 60)) as stage:
        await stage.pilot.resize_terminal(60, 20)
        await stage.until(lambda: MATRIX not in stage.text)
        assert VERDICT in " ".join("\n".join(stage.lines[:4]).split())
        await stage.pilot.resize_terminal(120, 40)
        await stage.until(lambda: MATRIX in stage.text)


async def test_overview_follows_the_cluster() -> None:
    async with on_stage() as stage:
        await stage.until(lambda: "1 of 3 Services does not work over IPv6" in stage.text)
        mended = [pod(f"api-{number}", number + 10, app="api") for number in range(2)]
        stage.source.put(*mended, *slices("api", mended))
        await stage.until(lambda: "None of 4 Services is flagged as failing." in stage.text)
        await stage.until(lambda: "dsview sends no packets to test it." in " ".join(stage.text.split()))


async def test_overview_says_which_layer_was_not_read() -> None:
    async with on_stage() as stage:
        stage.source.send(StatusChanged(kind=Kind.NODE, health=Health.REFUSED, reason="forbidden", since=NOW))
        await stage.until(lambda: "Unread: Nodes (not permitted)." in " ".join(stage.text.split()))


async def test_click_on_the_overview_opens_the_findings() -> None:
    async with on_stage() as stage:
        await stage.pilot.click(offset=(5, 3))
        await stage.until(lambda: "What is wrong" in stage.text)


async def test_click_on_a_cause_opens_its_object() -> None:
    async with on_stage() as stage:
        at = next(number for number, line in enumerate(stage.lines) if "shop/api-1" in line)
        await stage.pilot.click(offset=(stage.lines[at].index("shop/api-1"), at))
        await stage.until(lambda: "Pod shop/api-1" in stage.lines[0])


async def test_the_worst_cause_stands_on_a_small_screen_and_opens_its_object() -> None:
    async with on_stage(size=(80, 24)) as stage:
        at = next(number for number, line in enumerate(stage.lines) if "Pod shop/api-0" in line)
        assert at < 6, "it is a line of the overview"
        assert "No IPv6 address" in stage.lines[at]
        await stage.pilot.click(offset=(10, at))
        await stage.until(lambda: "Pod shop/api-0" in stage.lines[0])


async def test_a_cause_that_dsview_saw_come_has_its_time() -> None:
    async with on_stage(size=(200, 60)) as stage:
        single = pod("web-0", 0, families="4")
        stage.source.put(single)
        await stage.until(lambda: "since 08:00:00" in "\n".join(stage.lines[:8]))


async def test_the_last_change_is_said_on_a_small_screen() -> None:
    async with on_stage(size=(80, 24)) as stage:
        stage.source.put(pod("web-0", 0, families="4"))
        await stage.until(lambda: " 08:00:00  Service shop/web" in "\n".join(stage.lines[:6]))


async def test_overview_of_an_empty_cluster_claims_nothing() -> None:
    async with on_stage([]) as stage:
        head = " ".join("\n".join(stage.lines[:5]).split())
        assert "Which families the cluster serves is not known." in head
        assert "There are no Services to check." in head
        assert stage.lines[1].startswith(" ? ")
        assert "sends no packets" not in head


async def test_a_kind_without_objects_is_not_called_loading_once_it_was_read() -> None:
    async with on_stage([], size=(100, 30)) as stage:
        await stage.until(lambda: "No Services" in stage.text)
        await stage.until(lambda: "1 Services 0   2 Pods 0   3 Nodes 0   4 Listeners 0" in stage.text)


async def test_panes_do_not_jump_when_the_overview_has_less_to_say() -> None:
    async with on_stage(size=(60, 20)) as stage:
        pane = stage.pane("services")
        stage.source.send(StatusChanged(kind=Kind.NODE, health=Health.REFUSED, reason="forbidden", since=NOW))
        await stage.until(lambda: "Unread" in stage.text or "could not be" in stage.text or "…" in stage.lines[2])
        before = pane.region
        stage.source.send(StatusChanged(kind=Kind.NODE, health=Health.LIVE, since=NOW))
        await stage.until(lambda: "Unread" not in stage.text)
        assert pane.region == before


async def test_cursor_stays_in_view_when_the_screen_gets_lower() -> None:
    async with on_stage(many_pods(100), size=(120, 40)) as stage:
        await stage.press("2", "2", "G")
        await stage.pilot.resize_terminal(120, 24)
        await stage.until(lambda: len(stage.lines) == 24)
        await stage.until(lambda: "pod-00099" in stage.text)


@pytest.mark.parametrize("width", [36, 50, 60, 78, 100, 160])
def test_a_long_name_among_the_worst_causes_keeps_both_its_ends(width: int) -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    name = f"Service {'team-a' * 10}/{'checkout-' * 6}00001"
    found = overview_now(session)
    worst = msgspec.structs.replace(found.worst[0], object=safe(name), amount=safe(""))
    (_, line) = worst_lines(msgspec.structs.replace(found, worst=(worst,)), width, 2, UNICODE)
    assert line.cell_length <= width
    assert "team-a" in line.plain
    assert "00001" in line.plain


def test_a_layer_in_which_all_have_the_family_says_how_many_are_flagged_for_something_else() -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    found = overview_now(session)
    nodes = next(layer for layer in found.layers if layer.name == "Nodes")
    assert nodes.v6 is not None
    assert nodes.v6.is_whole
    shown = [line.plain for line in matrix_lines(found, 90, UNICODE)]
    assert " IPv6  4/4 ■ 1 " in shown[2]
    assert "48/55 ■  " in shown[2], "that some lack it is what the flag says"
    assert all(len(line.rstrip()) <= 90 for line in shown)
    flag = found.flags[LayerName.NODES, "IPv6"]
    other = msgspec.structs.replace(found, layers=(nodes,), flags={(LayerName.NODES, "IPv6"): flag})
    assert "Nodes ■1 " in gap_line(other, 80, UNICODE).plain + " "


def test_every_flagged_layer_of_the_demo_fits_into_80_cells() -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    line = gap_line(overview_now(session), 80, UNICODE)
    assert line.cell_length <= 80
    assert "Svc ▲15/19 Eps ■14/15 LBs ■2/4 Listeners ■9/14" in line.plain


def test_no_family_is_well_and_no_pane_empty_before_its_kind_was_read() -> None:
    source = ScriptedSource()
    session = Session(source, clock=lambda: NOW)
    session.start()
    session.drain(0.1)
    found = gap_line(overview_now(session), 80, UNICODE).plain
    assert "√" not in found
    assert found.split() == ["IPv4", "?", "IPv6", "?"]
    assert {TableView(pane, session).amount for pane in PANES.values()} == {"loading"}
    source.send(Changed(Kind.POD, [pod("web-0", 1)]))
    source.send(StatusChanged(kind=Kind.NODE, health=Health.REFUSED, reason="forbidden", since=NOW))
    session.drain(0.1)
    assert TableView(PANES["pods"], session).amount == "1 so far"
    assert TableView(PANES["nodes"], session).amount == "?"
    for kind in RESOURCES:
        source.send(Listed(kind), StatusChanged(kind=kind, health=Health.LIVE, since=NOW))
    while session.has_work:
        session.drain(0.1)
    assert TableView(PANES["nodes"], session).amount == "0"
    assert TableView(PANES["pods"], session).amount == "1"


@pytest.mark.parametrize("width", range(30, 70))
def test_a_short_line_of_a_cause_says_of_how_many_objects_it_is(width: int) -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    line = worst_lines(overview_now(session), width, 2, UNICODE)[1].plain
    assert "(4 Pods)" in line
    assert len(line) <= width


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_a_long_name_in_the_verdict_is_shortened_and_never_broken(width: int) -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    name = f"{'n' * 58}space/{'s' * 58}tail-1"
    told = msgspec.structs.replace(
        overview_now(session), sentences=(safe(f"1 of 15 Services does not work over IPv6: {name}. 4 have IPv4 only."),)
    )
    lines = [line.plain for line in verdict_lines(told, width, UNICODE, max_lines=3)]
    assert sum("tail-1." in line for line in lines) == 1
    (line,) = (line for line in lines if "tail-1." in line)
    assert "nnn" in line
    assert "…" in line
    assert all(len(line) <= width for line in lines)
    assert "4 have IPv4 only." in " ".join(" ".join(lines).split())
