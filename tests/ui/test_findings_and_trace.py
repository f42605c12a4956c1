"""The list of all findings, and the trace of both families through a Service."""

from __future__ import annotations

import msgspec
import pytest

from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.sources.events import Health, StatusChanged
from dsview.ui.screens.detail import DetailScreen
from dsview.ui.table import Table
from tests.ui.stage import NOW, Stage, on_stage, pod, slices, troubled_shop


def findings_of(stage: Stage) -> Table:
    """The table of the findings screen."""
    return stage.app.screen.query_one(Table)


async def test_findings_stand_under_their_causes_worst_first() -> None:
    async with on_stage() as stage:
        await stage.press("w")
        first = next(line for line in stage.lines if "POD-001" in line)
        assert "■ No IPv6 address" in first
        explained = next(line for line in stage.lines if "EPS-001" in line)
        assert "└ IPv6: 0 of 2" in explained
        assert "Service shop/api" in explained


async def test_selected_finding_is_told_in_full_with_its_fix() -> None:
    async with on_stage() as stage:
        await stage.press("w")
        assert "fix kubectl" in stage.text
        await stage.press("end")
        assert "shop/old" in stage.text
        await stage.press("y")
        assert "kubectl" in stage.app.clipboard
        assert "old" in stage.app.clipboard


async def test_selected_finding_is_told_with_the_whole_name_of_its_object() -> None:
    name = "ingress-nginx-controller-internal-2j5xm5jnpb-h78hz"
    lone = pod(name, 30, families="4")
    async with on_stage([*troubled_shop(), lone], size=(80, 24)) as stage:
        await stage.press("w")
        row = next(line for line in stage.lines if "b-h78hz" in line)
        assert name not in row, "it is cut in the middle: generated names differ at their end"
        for _ in range(4):
            if name not in stage.text:
                await stage.press("down")
        assert f"Pod shop/{name}" in stage.text
        assert "DS-POD-001 pod-lacks-family" in " ".join("\n".join(stage.lines[14:]).split())


async def test_finding_is_copied_whole() -> None:
    async with on_stage() as stage:
        await stage.press("w", "end", "r")
        check, message, fix = stage.app.clipboard.split("\n")
        assert check == "DS-SVC-002  single-in-dual  Service shop/old  IPv6"
        assert message.startswith("SingleStack with IPv4")
        assert fix.startswith("kubectl")


async def test_finding_opens_its_object_and_escape_leads_back_to_the_list() -> None:
    async with on_stage() as stage:
        await stage.press("w", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, DetailScreen))
        assert "Pod shop/api-0" in stage.text
        await stage.press("escape")
        assert "Findings" in stage.lines[0]
        await stage.press("escape")
        assert stage.app.screen is stage.app.main


async def test_list_of_findings_follows_the_cluster_and_keeps_the_selection() -> None:
    async with on_stage() as stage:
        await stage.press("w", "end")
        selected = findings_of(stage).cursor_key
        assert selected is not None
        cured = [pod(f"api-{number}", number + 10, app="api") for number in range(2)]
        stage.source.put(*cured, *slices("api", cured))
        await stage.until(lambda: "DS-POD-001" not in stage.text)
        assert findings_of(stage).cursor_key == selected


async def test_what_could_not_be_evaluated_is_listed_with_its_reason() -> None:
    async with on_stage() as stage:
        stage.source.send(StatusChanged(kind=Kind.NODE, health=Health.REFUSED, reason="nodes is forbidden", since=NOW))
        await stage.until(lambda: "nodes not permitted" in stage.text)
        await stage.press("w", "end")
        assert "Not evaluated: " in stage.text


async def test_findings_are_grouped_by_namespace_and_by_check() -> None:
    async with on_stage() as stage:
        await stage.press("w", "s")
        assert "by namespace" in stage.lines[0]
        assert any(line.strip(" ▌").startswith("shop ") for line in stage.lines)
        await stage.press("s")
        assert "by check" in stage.lines[0]
        assert any("cause" in line and "pod-lacks-family" in line for line in stage.lines)
        await stage.press("s")
        assert "by " not in stage.lines[0]


async def test_what_a_cause_explains_is_folded_away_and_counted() -> None:
    async with on_stage() as stage:
        await stage.press("w", "o")
        assert not any("└" in line for line in stage.lines)
        assert any("[explains 1]" in line for line in stage.lines)
        await stage.press("o")
        assert any("└ IPv6: 0 of" in line for line in stage.lines)


async def test_an_acknowledged_finding_is_hidden_counted_and_brought_back() -> None:
    async with on_stage() as stage:
        await stage.press("w", "end")
        assert "shop/old" in stage.text
        await stage.press("a")
        assert not any("shop/old" in line for line in stage.lines[:-5])
        assert "1 acknowledged" in stage.lines[0]
        await stage.press("escape", "w")
        assert "1 acknowledged" in stage.lines[0]
        await stage.press("A")
        assert any("[acknowledged]" in line and "shop/old" in line for line in stage.lines)
        await stage.press("end", "a")
        assert "acknowledged" not in stage.lines[0]
        assert any("shop/old" in line and "[acknowledged]" not in line for line in stage.lines)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_what_is_acknowledged_leaves_the_counts_of_the_header_and_is_said_there(size: tuple[int, int]) -> None:
    async with on_stage(size=size) as stage:
        before = stage.lines[0]
        assert "■ 3" in before
        assert "ack" not in before
        await stage.press("w", "home", "a")
        assert "■ 3" not in stage.lines[0]
        workspace = stage.app.workspace
        assert workspace is not None
        assert workspace.counts()[Severity.ERROR] == 1, "one of two Pods, and what it explains, is put aside"
        await stage.press("escape")
        assert "■ 1" in stage.lines[0]
        assert "2 ack" in stage.lines[0]
        assert not any("api-0" in line for line in stage.lines[1:9]), "nor is it among the worst causes"
        await stage.press("w", "A", "end", "a", "escape")
        assert stage.lines[0] == before


async def test_exempted_findings_are_counted_and_shown_on_demand() -> None:
    objects = [
        msgspec.structs.replace(item, ignore="DS-SVC-002 known") if item.name == "old" else item
        for item in troubled_shop()
    ]
    async with on_stage(objects) as stage:
        await stage.press("w")
        assert "1 exempted" in stage.lines[0]
        assert "[exempted" not in stage.text
        await stage.press("E")
        assert any("[exempted: known]" in line and "shop/old" in line for line in stage.lines)


async def test_trace_marks_the_hop_that_breaks_and_says_so_first() -> None:
    async with on_stage() as stage:
        await stage.press("t")
        summary = next(line for line in stage.lines if "IPv6 breaks at Pods" in line)
        assert "■" in summary
        broken = next(line for line in stage.lines if "breaks here" in line)
        assert broken.index("breaks here") > 60
        assert "√" in broken[:60]
        for hop in ("Client", "Service api", "EndpointSlices", "Pods", "Nodes"):
            assert any(line.strip().startswith(hop) for line in stage.lines), hop


async def test_trace_follows_the_cluster_until_both_lanes_are_whole() -> None:
    async with on_stage() as stage:
        await stage.press("t")
        cured = [pod(f"api-{number}", number + 10, app="api") for number in range(2)]
        stage.source.put(*cured, *slices("api", cured))
        await stage.until(lambda: "breaks" not in stage.text)
        assert stage.text.count("no problem found") == 2


async def test_trace_of_a_pod_is_that_of_its_service() -> None:
    async with on_stage() as stage:
        await stage.press("2", "end", "t")
        assert "Service shop/web" in stage.lines[0]


async def test_trace_of_a_node_says_from_where_traces_lead_to_it() -> None:
    async with on_stage() as stage:
        await stage.press("3", "t")
        assert "A trace ends at a Node, and none begins there." in stage.text


async def test_trace_stays_readable_in_eighty_columns() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await stage.press("t")
        assert any("breaks here" in line for line in stage.lines)
        assert all(len(line) == 80 for line in stage.lines)
