"""DS-LB: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsview.checks.engine.engine import Engine
from dsview.checks.load_balancer.shared import SLICES_SETTLE
from tests.support.changes import (
    V4,
    V6,
    Case,
    Change,
    Json,
    all_of,
    as_manifest,
    dropping_slices,
    verify,
    with_load_balancer,
    with_spec,
)
from tests.support.clusters import changed, find

BOTH = ({"ip": "203.0.113.9"}, {"ip": "2001:db8::9"})


def _annotation(name: str, value: str) -> Change:
    return lambda items: find(items, "Service", "web")["metadata"].setdefault("annotations", {}).update({name: value})


def _local_with_a_gap(items: list[Json]) -> None:
    """One of the two pods of web, alone on its node, has IPv4 only."""
    pods = [i for i in items if i["kind"] == "Pod" and i["metadata"]["name"].startswith("web-")]
    lost = pods[0]["status"]["podIPs"].pop()["ip"]
    for item in [i for i in items if i["kind"] == "EndpointSlice" and i["metadata"]["name"].startswith("web-")]:
        item["endpoints"] = [e for e in item["endpoints"] if e["addresses"] != [lost]]
    find(items, "Service", "web")["spec"]["externalTrafficPolicy"] = "Local"


SINGLE = {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"], "clusterIPs": ["10.96.223.11"]}


def _foreign_vip(*more: Change) -> Change:
    """web is SingleStack IPv4, and its load balancer has an address of each family."""
    return all_of(with_load_balancer(*BOTH, **SINGLE), dropping_slices("web", V6), *more)


CASES = [
    Case(
        "requested-in-both-and-given-in-both",
        "12",
        _foreign_vip(_annotation("metallb.io/loadBalancerIPs", "203.0.113.9,2001:db8::9")),
        {("DS-LB-003", "warning", "Service", "web", V6)},
        ("DS-LB-006",),
    ),
    Case(
        "masked-address-may-be-of-any-family",
        "12",
        with_load_balancer({"ip": "203.0.113.9"}, {"ip": "***HIDDEN***"}),
        set(),
        ("DS-ADR-001", "DS-LB-001", "DS-LB-002", "DS-LB-003"),
    ),
    Case("manifest-waits-for-nothing", "12", as_manifest("Service", "web"), set(), ("DS-LB-001", "DS-LB-004")),
    Case(
        "vip-of-a-foreign-family",
        "12",
        all_of(
            with_load_balancer({"ip": "203.0.113.9"}, {"ip": "2001:db8::9"}),
            with_spec("Service", "web", ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=["10.96.223.11"]),
            dropping_slices("web", V6),
        ),
        {("DS-LB-003", "warning", "Service", "web", V6)},
        ("DS-LB-001",),
    ),
    Case(
        "hostname-only",
        "12",
        with_load_balancer({"hostname": "lb.example"}),
        {("DS-LB-007", "note", "Service", "web", None)},
        ("DS-LB-001", "DS-LB-004"),
    ),
    Case(
        "one-family-is-what-prefer-got",
        "12",
        lambda items: None,
        {("DS-LB-001", "warning", "Service", "web", V6)},
        ("DS-LB-002", "DS-LB-003", "DS-LB-004"),
    ),
    Case(
        "host-name-beside-an-address",
        "12",
        with_load_balancer({"ip": "203.0.113.9"}, {"hostname": "lb.example"}),
        set(),
        ("DS-LB-001", "DS-LB-007"),
    ),
    Case(
        "other-order",
        "12",
        with_load_balancer(*reversed(BOTH)),
        {("DS-LB-002", "note", "Service", "web", V4)},
        ("DS-LB-001", "DS-LB-003"),
    ),
    Case(
        "same-order",
        "12",
        with_load_balancer(*BOTH, {"ip": "203.0.113.10"}),
        set(),
        ("DS-LB-001", "DS-LB-002", "DS-LB-003", "DS-LB-004"),
    ),
    Case(
        "other-order-behind-a-host-name",
        "12",
        with_load_balancer({"hostname": "lb.example"}, *reversed(BOTH)),
        {("DS-LB-002", "note", "Service", "web", V4)},
        ("DS-LB-007",),
    ),
    Case("pending", "12", with_load_balancer(), {("DS-LB-004", "warning", "Service", "web", None)}, ("DS-LB-001",)),
    Case(
        "node-serves-one-family",
        "12",
        all_of(with_load_balancer(*BOTH), _local_with_a_gap),
        {
            ("DS-LB-008", "warning", "Service", "web", V6),
            ("DS-EPS-002", "warning", "Service", "web", V6),
            ("DS-POD-001", "error", "Pod", "web-p85fcc84mg-dp8xs", V6),
        },
    ),
    Case(
        "cluster-policy-needs-no-local-endpoint",
        "12",
        all_of(
            with_load_balancer(*BOTH), _local_with_a_gap, with_spec("Service", "web", externalTrafficPolicy="Cluster")
        ),
        {("DS-EPS-002", "warning", "Service", "web", V6), ("DS-POD-001", "error", "Pod", "web-p85fcc84mg-dp8xs", V6)},
        ("DS-LB-008",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_gap_of_a_pod_that_became_ready_a_moment_ago_is_not_held_against_it(tmp_path: Path) -> None:
    session = changed("12", all_of(with_load_balancer(*BOTH), _local_with_a_gap), tmp_path)
    engine = Engine(session.state, live=False)
    web = session.state.services.get(("shop", "web"))
    assert web is not None
    youngest = max(web.created, *(pod.ready_since for pod in session.state.pods if pod.name.startswith("web-")))
    found = []
    for seconds in (SLICES_SETTLE - 1, SLICES_SETTLE):
        engine.evaluate_all(youngest + seconds)
        found.append({f.check for f in engine.findings if f.object.name == "web"} & {"DS-LB-008"})
    assert found == [set(), {"DS-LB-008"}]
