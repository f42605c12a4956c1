"""What the panes show: lanes, gaps, flags in the right cells; filters, sorting, traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsview.analysis.cluster_view import Delta
from dsview.analysis.hop import Verdict
from dsview.analysis.trace_of_row import trace
from dsview.checks.engine.registry import all_checks
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.demo.source import DemoSource
from dsview.sources.events import Changed
from dsview.tables.cells import GAP, Row, Tone
from dsview.tables.detail import detail
from dsview.tables.filter import FilterError, compile_filter
from dsview.tables.header import age_text, header
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from tests.support.clusters import SCENARIOS, changed, find, from_path, settle


def scenario(number: str) -> Session:
    return from_path(next(path for path in SCENARIOS if path.name.startswith(number)))


def row_of(session: Session, pane_id: str, name: str) -> Row:
    view = TableView(PANES[pane_id], session)
    return next(row for i in range(len(view)) if (row := view.row(i)).key[1].startswith(name))


def cells(session: Session, pane_id: str, name: str) -> dict[str, Any]:
    row = row_of(session, pane_id, name)
    return {column.id: cell for column, cell in zip(PANES[pane_id].columns, row.cells, strict=True)}


def test_a_family_without_endpoints_is_a_gap_in_its_own_lane() -> None:
    found = cells(scenario("03"), "services", "web")
    assert found["ready_v4"].text == "3"
    assert (found["ready_v6"].text, found["ready_v6"].flag) == ("0/3", Severity.ERROR)
    assert found["ready_v4"].flag is None


def test_a_placeholder_says_nothing_of_ready_endpoints() -> None:
    session = settle(Session(DemoSource("gateways")))
    found = cells(session, "services", "cilium-gateway-mesh")
    assert [found[f"ready_{family}"].text for family in ("v4", "v6")] == ["?", "?"]
    seen = detail(session, (Kind.SERVICE, ("edge", "cilium-gateway-mesh")))
    assert seen is not None
    assert "not known" in next(str(fact) for fact in seen.facts if fact.label == "Ready endpoints")


def test_a_pod_without_a_family_of_its_node_shows_a_gap_and_the_error_there() -> None:
    found = cells(scenario("03"), "pods", "web-7z6h4rkv6z-l8m75")
    assert (found["pod_ip_v6"].text, found["pod_ip_v6"].tone, found["pod_ip_v6"].flag) == (
        GAP,
        Tone.GAP,
        Severity.ERROR,
    )
    assert (found["flags"].text, found["flags"].value) == ("■ POD-001 pod-lacks-family", "■ POD-001")


def test_a_finished_pod_shows_no_gap() -> None:
    view = TableView(PANES["pods"], scenario("15"))
    rows = [view.row(i) for i in range(len(view))]
    finished = [row for row in rows if any(cell.text == "Succeeded" for cell in row.cells)]
    assert finished
    assert not [cell for row in finished for cell in row.cells if cell.tone is Tone.GAP]


def test_an_ipv4_cluster_has_no_gaps_at_all() -> None:
    session = scenario("10")
    for pane in ("services", "pods", "nodes"):
        view = TableView(PANES[pane], session)
        assert not [c for i in range(len(view)) for c in view.row(i).cells if c.tone is Tone.GAP]


def test_a_node_from_before_lacks_its_pod_cidr_in_the_ipv6_lane() -> None:
    found = cells(scenario("05"), "nodes", "node-b")
    assert (found["pod_cidr_v6"].text, found["pod_cidr_v6"].flag) == (GAP, Severity.ERROR)


def test_listeners_of_both_families_share_a_row() -> None:
    session = scenario("08")
    view = TableView(PANES["listeners"], session)
    ids = [column.id for column in view.pane.columns]
    rows = [dict(zip(ids, (c.text for c in view.row(i).cells), strict=True)) for i in range(len(view))]
    public = [row for row in rows if row["port"] == "443"]
    assert {(row["listen_v4"], row["listen_v6"], row["source"]) for row in public} == {
        ("*:443", "[::]:443", "its config")
    }


def test_a_flag_on_the_config_map_stands_on_the_listeners() -> None:
    view = TableView(PANES["listeners"], scenario("09"))
    flags = {f.check for i in range(len(view)) for f in view.row(i).findings}
    assert flags == {"DS-NGX-002", "DS-NGX-003"}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_every_row_has_a_cell_for_each_column_and_every_finding_a_cell(path: Path) -> None:
    session = from_path(path)
    for pane in PANES.values():
        view = TableView(pane, session)
        for index in range(len(view)):
            row = view.row(index)
            assert len(row.cells) == len(pane.columns)
            assert bool(row.findings) == any(cell.flag for cell in row.cells)


def test_every_cell_that_a_check_flags_is_a_column() -> None:
    ids = {column.id.removesuffix("_v4").removesuffix("_v6") for pane in PANES.values() for column in pane.columns}
    assert {name for check in all_checks() for name in check.cells} <= ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web", {"web"}),
        ("shop !web", set()),
        ("eps-001", {"web"}),
        ("kube-dns | web", {"kube-dns", "web"}),
        ("/^shop web/", {"web"}),
        ('"shop web"', {"web"}),
    ],
)
def test_filters_find_what_they_say(text: str, expected: set[str]) -> None:
    view = TableView(PANES["services"], scenario("03"))
    view.set_filter(text)
    assert {view.key_at(i)[1] for i in range(len(view))} == expected
    assert view.total > len(expected)


@pytest.mark.parametrize(("text", "position"), [('"open', 0), ("a /(/", 2), ("a !", 2)])
def test_a_filter_that_cannot_be_understood_says_where(text: str, position: int) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text, PANES["pods"], scenario("03"))
    assert caught.value.position == position


def test_addresses_sort_as_numbers() -> None:
    view = TableView(PANES["pods"], scenario("01"))
    view.set_sort("pod_ip_v4")
    ids = [column.id for column in view.pane.columns]
    found = [view.row(i).cells[ids.index("pod_ip_v4")].text for i in range(len(view))]
    assert found == sorted(found, key=lambda text: [int(octet) for octet in text.split(".")])
    view.set_sort("pod_ip_v4", descending=True)
    assert view.row(0).cells[ids.index("pod_ip_v4")].text == found[-1]


def test_only_flagged_rows_and_only_some_namespaces_can_be_shown() -> None:
    view = TableView(PANES["pods"], scenario("03"))
    view.set_only_findings(True)
    assert len(view) == 3
    view.set_only_findings(False)
    view.set_namespaces(frozenset({"kube-system"}))
    assert {view.key_at(i)[0] for i in range(len(view))} == {"kube-system"}


def test_a_view_follows_changes_as_if_it_were_made_anew() -> None:
    session = scenario("03")
    view = TableView(PANES["pods"], session)
    view.set_sort("name")
    pods = list(session.state.pods)
    changes = session.state.apply(Changed(Kind.POD, (), tuple(pod.key for pod in pods[::2])))
    assert view.refresh(Delta(changes=changes))
    changes = session.state.apply(Changed(Kind.POD, tuple(pods[::4])))
    assert view.refresh(Delta(changes=changes))
    fresh = TableView(PANES["pods"], session)
    fresh.set_sort("name")
    assert [view.key_at(i) for i in range(len(view))] == [fresh.key_at(i) for i in range(len(fresh))]
    assert view.index_of(pods[0].key) is not None
    assert not view.refresh(Delta())


def test_the_trace_breaks_where_the_cause_is() -> None:
    found = trace(scenario("03"), (Kind.SERVICE, ("shop", "web")))
    assert found is not None
    verdicts = {str(hop.name): (hop.v4.verdict, hop.v6.verdict) for hop in found.hops}
    assert verdicts["Pods"] == (Verdict.OK, Verdict.BROKEN)
    assert verdicts["EndpointSlices"] == (Verdict.OK, Verdict.BROKEN)
    assert verdicts["Client"] == (Verdict.NOT_PROVEN, Verdict.NOT_PROVEN)
    assert found.v6.sentence.startswith("IPv6 breaks at Pods: 3 of 3 pods have no IPv6")
    assert found.v4.sentence == "IPv4: no problem found."


def test_the_trace_says_that_a_family_is_not_offered() -> None:
    found = trace(scenario("01"), (Kind.SERVICE, ("default", "my-service")))
    assert found is not None
    assert found.v6.sentence == "IPv6 is not offered."


def test_the_detail_tells_why_and_how_to_mend_it() -> None:
    found = detail(scenario("03"), (Kind.SERVICE, ("shop", "web")))
    assert found is not None
    flagged = next(f for f in found.findings if f.check == "DS-EPS-001")
    assert flagged.fix == "kubectl -n shop rollout restart deployment/web"
    assert flagged.root.startswith("DS-POD-001")
    assert {relative.kind for relative in found.relatives} == {"Pod", "EndpointSlice"}
    assert detail(scenario("03"), (Kind.SERVICE, ("shop", "gone"))) is None


def test_hostile_names_cannot_reach_a_terminal_through_any_pane(tmp_path: Path) -> None:
    def change(items: list[Any]) -> None:
        find(items, "Service", "my-service")["metadata"]["name"] = "a\x1b[31m[bold]\u202eb"

    session = changed("01", change, tmp_path)
    view = TableView(PANES["services"], session)
    texts = [cell.text for i in range(len(view)) for cell in view.row(i).cells]
    assert "a\\x1b[31m[bold]\\u202eb" in texts
    assert not [text for text in texts if not text.isprintable()]


def test_the_header_counts_findings_and_names_what_could_not_be_read(tmp_path: Path) -> None:
    session = scenario("02")
    assert header(session, 0.0).counts[Severity.WARNING] == 1
    (tmp_path / "bad.json").write_text(
        json.dumps({"kind": "Pod", "metadata": {"name": "x", "namespace": "n"}, "spec": 5})
    )
    assert any("could not be read" in banner for banner in header(from_path(tmp_path), 0.0).banners)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (61, "1 min"), (7200, "2 h"), (200000, "2 d"), (-5, "0 s")])
def test_ages_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


def test_the_detail_of_a_node_counts_pods_on_the_pod_network_apart_from_those_on_its_own() -> None:
    session = settle(Session(DemoSource("troubled")))
    seen = detail(session, (Kind.NODE, ("", "worker-c")))
    assert seen is not None
    facts = {str(fact.label): (fact.v4, fact.v6) for fact in seen.facts if fact.has_lanes}
    assert facts["Pod network (2)"] == (("2 with IPv4",), ("0 with IPv6",))
    assert facts["hostNetwork (3)"] == (("3 with IPv4",), ("3 with IPv6",))


def test_the_detail_of_a_listener_names_the_node_of_its_proxy() -> None:
    session = settle(Session(DemoSource("troubled")))
    key = next(iter(PANES["listeners"].keys(session)))
    seen = detail(session, (Kind.PROXY_LISTENERS, key))
    assert seen is not None
    node = next(fact.text for fact in seen.facts if fact.label == "Node")
    assert node in {found.name for found in session.state.nodes}
    assert ("Node", ("", node)) in {(relative.kind, relative.key) for relative in seen.relatives}
