"""What was not read is shown as unread: no zero, no gap and no verdict takes its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsview.analysis.detail_target import Target
from dsview.analysis.hop import Verdict
from dsview.analysis.trace_of_row import trace
from dsview.export.report import build_report
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.tables.cells import UNREAD, Tone
from dsview.tables.detail import detail
from dsview.tables.registry import PANES
from dsview.tables.sources import source_rows
from tests.support.changes import pod_named
from tests.support.clusters import changed, find, from_path

WEB = ("shop", "web")
Json = dict[str, Any]


def without(kind: str, folder: Path) -> Session:
    """A cluster without the objects of one kind."""

    def change(items: list[Json]) -> None:
        items[:] = [item for item in items if item["kind"] != kind]

    return changed("03", change, folder)


def test_endpoints_are_unknown_not_none_where_slices_were_not_read(tmp_path: Path) -> None:
    session = without("EndpointSlice", tmp_path)
    assert not session.state.is_known(Kind.ENDPOINT_SLICE)
    row = PANES["services"].row(session, WEB)
    assert row is not None
    found = {column.id: cell for column, cell in zip(PANES["services"].columns, row.cells, strict=True)}
    for column in ("ready_v4", "ready_v6"):
        assert (found[column].text, found[column].tone, found[column].exported) == (UNREAD, Tone.MUTED, "")


@pytest.mark.parametrize(
    ("kind", "target", "label"),
    [
        ("EndpointSlice", (Kind.SERVICE, WEB), "Ready endpoints"),
        ("Pod", (Kind.NODE, ("", "node-a")), "Pods"),
    ],
)
def test_the_detail_counts_nothing_that_was_not_read(kind: str, target: Target, label: str, tmp_path: Path) -> None:
    found = detail(without(kind, tmp_path), target)
    assert found is not None
    fact = next(fact for fact in found.facts if fact.label == label)
    assert fact.text.startswith("unknown: ")
    assert fact.text.endswith(" were not read")
    assert not fact.has_lanes


def test_the_trace_claims_nothing_of_pods_that_only_unread_slices_lead_to(tmp_path: Path) -> None:
    found = trace(without("EndpointSlice", tmp_path), (Kind.SERVICE, WEB))
    assert found is not None
    verdicts = {str(hop.name): {hop.v4.verdict, hop.v6.verdict} for hop in found.hops}
    for hop in ("EndpointSlices", "Pods", "Nodes"):
        assert verdicts[hop] == {Verdict.NOT_READ}
    assert found.v6.sentence == "IPv6: no problem found in what was read; not read: EndpointSlices, Pods, Nodes."


def test_the_trace_tells_that_nodes_were_not_read(tmp_path: Path) -> None:
    found = trace(without("Node", tmp_path), (Kind.SERVICE, WEB))
    assert found is not None
    assert {lane.verdict for lane in (found.hops[-1].v4, found.hops[-1].v6)} == {Verdict.NOT_READ}


def test_a_broken_hop_always_says_why(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        pod_named(items, "web-")["status"].update(podIPs=[{"ip": "10.244.1.9"}, {"ip": "fd00:10:244:1::9"}])
        for item in items:
            if item["kind"] == "EndpointSlice" and item["addressType"] == "IPv4" and item["endpoints"]:
                item["endpoints"] = item["endpoints"][:1]

    session = changed("03", change, tmp_path)
    for service in session.state.services:
        found = trace(session, (Kind.SERVICE, service.key))
        assert found is not None
        broken = [lane for hop in found.hops for lane in (hop.v4, hop.v6) if lane.verdict is Verdict.BROKEN]
        assert all(lane.why for lane in broken)


def test_a_pod_on_its_nodes_network_needs_no_pod_cidr(tmp_path: Path) -> None:
    """Its addresses are the node's own, which has both families; scenario 05's node-b has no IPv6 podCIDR."""

    def change(items: list[Json]) -> None:
        node = find(items, "Node", "node-b")
        internal = [a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP"]
        assert len(internal) == 2
        for item in items:
            if item["kind"] == "Pod" and item["metadata"]["name"].startswith("web-"):
                item["spec"].update(hostNetwork=True, nodeName="node-b")
                item["status"].update(podIP=internal[0], podIPs=[{"ip": ip} for ip in internal])

    session = changed("05", change, tmp_path)
    service = next(service for service in session.state.services if service.name == "web")
    found = trace(session, (Kind.SERVICE, service.key))
    assert found is not None
    assert (found.hops[-1].v6.verdict, found.hops[-1].v6.values) == (Verdict.OK, ("node-b",))


def test_a_controller_pod_named_with_the_separator_of_rows_still_has_its_rows(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        for item in items:
            if item["kind"] == "Pod" and item["metadata"]["name"].startswith("ingress-nginx-controller"):
                item["metadata"]["name"] = "in|gress|tcp"

    session = changed("08", change, tmp_path)
    pane = PANES["listeners"]
    keys = list(pane.keys(session))
    assert keys
    for key in keys:
        row = pane.row(session, key)
        assert row is not None
        assert any(cell.text == "in|gress|tcp" for cell in row.cells)


def test_what_is_wrong_with_each_kind_is_on_the_sources_screen_and_in_the_json(tmp_path: Path) -> None:
    broken = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"s{n}", "namespace": "shop"},
            "spec": {"ports": 3},
        }
        for n in range(7)
    ]
    (tmp_path / "services.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": broken}))
    (tmp_path / "pods.json").write_text("<html>")
    session = from_path(tmp_path)
    rows = {row.health.kind: row for row in source_rows(session, 0.0)}
    assert len(rows["services"].unread) == 6
    assert rows["services"].unread[0].startswith("Service shop/s0 cannot be read")
    assert rows["services"].unread[-1] == "2 more objects cannot be read either."
    assert rows["pods"].health.reason == "pods.json could not be read"
    told = {part.kind: part for part in build_report(session).sources}
    assert len(told["Service"].problems) == 7
    assert (told["Pod"].completeness, told["Pod"].problems) == ("unread", ("pods.json could not be read",))
