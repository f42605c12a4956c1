"""The numbers on one screen agree: those of tiles, titles, the header and the findings."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from dsview.analysis.cause_summary import causes_of
from dsview.analysis.family_coverage import COUNTED
from dsview.analysis.overview import overview_now
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES
from dsview.core.finding import CLUSTER, Severity
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.demo.scenarios import SCENARIOS as DEMOS
from dsview.tables.cells import GAP, NONE, Tone
from dsview.tables.detail import detail
from dsview.tables.header import header
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from dsview.ui.app import DsviewApp
from tests.support.clusters import SCENARIOS, from_path, settle
from tests.ui.stage import NOW, Stage, StageSource

CLUSTERS = [*(pytest.param(name, id=name) for name in DEMOS), *(pytest.param(p, id=p.name) for p in SCENARIOS)]


def open_cluster(which: str | Path) -> Session:
    if isinstance(which, Path):
        return from_path(which)
    return settle(Session(DemoSource(which, clock=lambda: NOW), clock=lambda: NOW))


@pytest.mark.parametrize("which", CLUSTERS)
def test_a_title_says_the_number_that_its_tile_is_out_of(which: str | Path) -> None:
    session = open_cluster(which)
    layers = {layer.name: layer for layer in overview_now(session).layers}
    for pane in PANES.values():
        view = TableView(pane, session)
        if pane.layer not in layers:
            continue
        layer = layers[pane.layer]
        out_of = max(count.of for count in (layer.v4, layer.v6) if count is not None)
        said = int(re.sub(r"\D", "", view.counted)) if view.counted else view.total
        assert said == out_of <= view.total
        assert not view.counted or pane.layer in COUNTED


@pytest.mark.parametrize("which", CLUSTERS)
def test_flagged_rows_are_as_many_as_a_title_says(which: str | Path) -> None:
    session = open_cluster(which)
    for pane in PANES.values():
        view = TableView(pane, session)
        rows = Counter(row.severity for row in map(view.row, range(view.total)) if row.findings)
        assert {severity: rows[severity] for severity in Severity} == view.flagged
        view.set_only_findings(True)
        assert len(view) == rows.total()


@pytest.mark.parametrize("which", CLUSTERS)
def test_header_overview_and_causes_count_the_same_findings(which: str | Path) -> None:
    session = open_cluster(which)
    counts = header(session, NOW).counts
    assert {s: n for s, n in counts.items() if n} == Counter(finding.severity for finding in session.findings)
    causes = causes_of(session)
    assert overview_now(session).causes == len(causes)
    told = sum(len(cause.findings) + sum(len(line.findings) for line in cause.explained) for cause in causes)
    assert told == sum(counts.values()), "every finding stands in one line"


@pytest.mark.parametrize("which", CLUSTERS)
def test_the_sign_of_a_tile_is_the_worst_of_its_nodes(which: str | Path) -> None:
    session = open_cluster(which)
    flags = overview_now(session).flags
    for family in FAMILIES:
        about = [f for f in session.findings if f.object.kind == "Node" and f.object != CLUSTER and f.family == family]
        worst = min((f.severity for f in about), key=lambda s: s.rank, default=None)
        found = flags.get((LayerName.NODES, family))
        assert worst is None or (found is not None and found.rank <= worst.rank)


@pytest.mark.parametrize("which", CLUSTERS)
def test_endpoints_are_looked_for_of_the_services_that_have_the_family(which: str | Path) -> None:
    layers = {layer.name: layer for layer in overview_now(open_cluster(which)).layers}
    services = layers[LayerName.SERVICES]
    endpoints = layers.get(LayerName.ENDPOINTS)
    if endpoints is None:
        return
    for family in FAMILIES:
        having, out_of = services.count(family), endpoints.count(family)
        assert out_of is None or (having is not None and out_of.of == having.having)


@pytest.mark.parametrize("name", DEMOS)
def test_the_detail_of_a_node_counts_the_pods_that_it_lists(name: str) -> None:
    session = open_cluster(name)
    for node in session.state.nodes:
        found = detail(session, (Kind.NODE, node.key))
        assert found is not None
        (label,) = [fact.label for fact in found.facts if fact.label.startswith("Pods (")]
        listed = [relative for relative in found.relatives if relative.kind == "Pod"]
        assert label == f"Pods ({len(listed)})"
        pods = TableView(PANES["pods"], session)
        pods.set_filter(f"node:{node.name}")
        assert len(pods) == len(listed)


@pytest.mark.parametrize("name", DEMOS)
async def test_the_numbers_on_the_screen_agree(name: str) -> None:
    painted: list[bool] = []
    app = DsviewApp(
        lambda: Session(DemoSource(name, clock=lambda: NOW), clock=lambda: NOW),
        source_name=name,
        on_all_painted=lambda: painted.append(True),
    )
    async with app.run_test(size=(200, 60)) as pilot:
        stage = Stage(app, pilot, StageSource([]))
        await stage.until(lambda: painted)
        await stage.until(lambda: "Worst causes" in stage.text or "no problem" in stage.text.lower())
        tiles = next(line for line in stage.lines if line.split()[:1] == ["Nodes"])
        v4 = next(line for line in stage.lines if line.startswith(" IPv4 "))
        for title, key in (("Nodes", "3"), ("Pods", "2"), ("Services", "1"), ("Listeners", "4")):
            place = tiles.find(f" {title}") + 1
            if not place:
                continue
            out_of = re.match(r"\d+/(\d+)", v4[place:])
            heading = re.search(rf"─ {key} {title} (\d+)(?:, (\d+) [a-z ]+)?", stage.text)
            assert out_of is not None, title
            assert heading is not None, title
            assert out_of[1] == (heading[2] or heading[1]), title


LABELS = {
    "services": {"cluster_ip": "Cluster IP", "vip": "VIP"},
    "pods": {"pod_ip": "Pod IPs"},
    "nodes": {"internal_ip": "Internal IPs", "pod_cidr": "Pod CIDRs"},
}
"""The lanes of a row that its detail also has, by the label there."""


@pytest.mark.parametrize("which", CLUSTERS)
def test_what_a_row_shows_as_missing_is_missing_in_the_detail_and_nothing_else_is(which: str | Path) -> None:
    session = open_cluster(which)
    for pane_id, labels in LABELS.items():
        pane = PANES[pane_id]
        assert pane.kind is not None
        for key in pane.keys(session):
            row, seen = pane.row(session, key), detail(session, (pane.kind, key))
            assert row is not None
            assert seen is not None
            cells = {column.id: cell for column, cell in zip(pane.columns, row.cells, strict=True)}
            facts = {str(fact.label): fact for fact in seen.facts if fact.has_lanes}
            for column, label in labels.items():
                missing = [cells[f"{column}_{lane}"].tone is Tone.GAP for lane in ("v4", "v6")]
                fact = facts.get(label)
                assert ([fact.v4 == (GAP,), fact.v6 == (GAP,)] if fact else [False, False]) == missing, (key, label)


def test_the_detail_of_a_single_stack_service_lacks_nothing() -> None:
    seen = detail(open_cluster("troubled"), (Kind.SERVICE, ("default", "kubernetes")))
    assert seen is not None
    lanes = {str(fact.label): fact.v6 for fact in seen.facts if fact.has_lanes}
    assert lanes == {"Cluster IP": (NONE,), "Ready endpoints": (NONE,)}


def test_a_title_counts_what_is_shown_of_how_many_and_only_that_is_flagged() -> None:
    view = TableView(PANES["services"], open_cluster("troubled"))
    assert (view.amount, sum(view.flagged.values())) == ("19", 10)
    view.set_filter("shop")
    assert view.amount == f"{len(view)} of 19"
    assert sum(view.flagged.values()) == sum(bool(view.row(index).findings) for index in range(len(view))) < 10
    view.set_filter("")
    view.set_namespaces(frozenset({"monitoring"}))
    assert view.amount == "3 of 19"
    assert view.flagged == {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 0}
