"""DS-EPS: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dsview.checks.engine.context import ROLLOUT_LASTS, ROLLOUT_SETTLES
from dsview.checks.engine.engine import Engine
from dsview.checks.engine.registry import all_checks
from dsview.session.session import Session
from dsview.sources.events import ServerInfo
from tests.support.changes import (
    V4,
    V6,
    Case,
    Change,
    Json,
    S,
    adding,
    all_of,
    as_manifest,
    dropping_slices,
    emptying_slices,
    endpoint_slice,
    verify,
    with_pod_cidrs,
    with_spec,
)
from tests.support.clusters import changed, find


def _with_hashes(*hashes: str) -> Change:
    """Pods of web that belong to ReplicaSets of one Deployment, alternating."""

    def change(items: list[Json]) -> None:
        for i, pod in enumerate(_pods_of_web(items)):
            chosen = hashes[i % len(hashes)]
            pod["metadata"]["labels"]["pod-template-hash"] = chosen
            pod["metadata"]["ownerReferences"][0]["name"] = f"web-{chosen}"

    return change


def _pods_of_web(items: list[Json]) -> list[Json]:
    return [i for i in items if i["kind"] == "Pod" and i["metadata"]["name"].startswith("web-")]


def _with_workloads(*replica_sets: str) -> Change:
    """Pods of web that belong to ReplicaSets of several Deployments, alternating."""

    def change(items: list[Json]) -> None:
        for i, pod in enumerate(_pods_of_web(items)):
            chosen = replica_sets[i % len(replica_sets)]
            pod["metadata"]["labels"]["pod-template-hash"] = chosen.partition("-")[2]
            pod["metadata"]["ownerReferences"][0]["name"] = chosen

    return change


def _with_conditions(value: Json | None) -> Change:
    def change(items: list[Json]) -> None:
        for item in items:
            if item["kind"] == "EndpointSlice":
                for endpoint in item["endpoints"] or []:
                    endpoint["conditions"] = value

    return change


def _dummy(items: list[Json]) -> None:
    """my-service-2 is what Cilium creates for a Gateway: no selector, and a dummy slice of IPv4."""
    find(items, "Service", "my-service-2")["spec"].pop("selector")
    for item in items:
        if item["kind"] == "EndpointSlice" and item["metadata"]["name"].startswith("my-service-2"):
            item["endpoints"] = None
            if item["addressType"] == V4:
                item["endpoints"] = [{"addresses": ["192.192.192.192"]}]


CASES = [
    Case(
        "service-of-a-family-that-its-pods-lack",
        "03",
        all_of(
            with_spec("Service", "web", ipFamilyPolicy="SingleStack", ipFamilies=[V6], clusterIPs=["fd00:10:96::36f4"]),
            with_spec("Service", "web", clusterIP="fd00:10:96::36f4"),
            dropping_slices("web", V4),
        ),
        {
            ("DS-EPS-008", "error", "Service", "web", V6),
            # The Endpoints object stays as it was.
            ("DS-EPS-006", "warning", "Service", "web", V4),
        },
        ("DS-EPS-001",),
    ),
    Case(
        "selector-that-matches-no-pod",
        "03",
        all_of(with_spec("Service", "web", selector={"app": "wep"}), emptying_slices("web", V4)),
        {("DS-EPS-008", "note", "Service", "web", None)},
        ("DS-EPS-001",),
    ),
    Case("dummy-endpoint-of-cilium", "01", _dummy, set(), ("DS-EPS-001", "DS-EPS-005", "DS-EPS-008")),
    Case(
        "manifest-has-no-slices",
        "03",
        all_of(as_manifest("Service", "web"), dropping_slices("web", V4), dropping_slices("web", V6)),
        set(),
        ("DS-EPS-001", "DS-EPS-003", "DS-EPS-008"),
    ),
    Case(
        "family-without-endpoints-while-pods-have-it",
        "01",
        emptying_slices("my-service-2", V6),
        {("DS-EPS-001", "error", "Service", "my-service-2", V6)},
        ("DS-POD-001", "DS-EPS-003"),
    ),
    Case(
        "no-slice-at-all",
        "01",
        dropping_slices("my-service-2", V6),
        {
            ("DS-EPS-003", "warning", "Service", "my-service-2", V6),
            ("DS-EPS-001", "error", "Service", "my-service-2", V6),
        },
    ),
    Case(
        "hand-made-endpoints-in-one-family",
        "01",
        all_of(with_spec("Service", "my-service-2", selector=None), emptying_slices("my-service-2", V6)),
        {("DS-EPS-005", "warning", "Service", "my-service-2", V6)},
        ("DS-EPS-001",),
    ),
    Case(
        "half-restarted", "04", lambda items: None, {("DS-EPS-002", "warning", "Service", "web", V6)}, ("DS-EPS-001",)
    ),
    Case(
        "one-revision-of-each-sort",
        "04",
        lambda items: _pods_of_web(items)[0]["metadata"]["labels"].update({"controller-revision-hash": "x"}),
        {("DS-EPS-002", "warning", "Service", "web", V6)},
    ),
    Case("ready-null-is-ready", "01", _with_conditions({"ready": None}), set(), ("DS-EPS-001", "DS-EPS-002")),
    Case("no-conditions-is-ready", "01", _with_conditions(None), set(), ("DS-EPS-001", "DS-EPS-002")),
    Case(
        "nothing-ready-in-either-family",
        "01",
        _with_conditions({"ready": False}),
        {
            ("DS-EPS-008", "error", "Service", S, V4),
            ("DS-EPS-008", "error", "Service", "my-service-2", None),
            ("DS-EPS-008", "error", "Service", "my-service-3", None),
            ("DS-EPS-008", "error", "Service", "kube-dns", V4),
        },
        ("DS-EPS-001", "DS-EPS-002", "DS-EPS-005"),
    ),
    Case(
        "placeholders-of-both-families",
        "01",
        all_of(emptying_slices("my-service-2", V4), emptying_slices("my-service-2", V6)),
        {("DS-EPS-008", "error", "Service", "my-service-2", None)},
        ("DS-EPS-001", "DS-EPS-003"),
    ),
    Case(
        "mapped-address-in-a-slice-of-ipv6",
        "01",
        adding(endpoint_slice("odd", V6, "::ffff:10.0.0.1")),
        {("DS-EPS-004", "error", "EndpointSlice", "odd", V4)},
    ),
    Case("mapped-address-in-a-slice-of-ipv4", "01", adding(endpoint_slice("odd", V4, "::ffff:10.0.0.1"))),
    Case(
        "kubernetes-with-a-family-that-no-api-server-writes",
        "01",
        with_spec(
            "Service",
            "kubernetes",
            ipFamilies=[V4, V6],
            clusterIPs=["10.96.0.1", "fd00:10:96::1"],
            ipFamilyPolicy="PreferDualStack",
        ),
        {("DS-EPS-005", "warning", "Service", "kubernetes", V6)},
        ("DS-EPS-001", "DS-EPS-003"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_hand_made_slices_are_to_be_added_to_and_only_a_first_family_can_stay_alone(tmp_path: Path) -> None:
    by_hand = with_spec("Service", "my-service-2", selector=None)
    for missing, is_offered in ((V6, True), (V4, False)):
        folder = tmp_path / missing
        folder.mkdir()
        session = changed("01", all_of(by_hand, emptying_slices("my-service-2", missing)), folder)
        fix = next(f.fix for f in session.findings if f.check == "DS-EPS-005") or ""
        assert f"Add an EndpointSlice of addressType {missing}" in fix
        assert ("SingleStack" in fix) is is_offered


def test_pods_are_not_to_be_restarted_for_a_family_that_the_cluster_does_not_serve(tmp_path: Path) -> None:
    change = with_spec(
        "Service", "web", ipFamilies=[V4, V6], clusterIPs=["10.96.172.54", "fd00::7"], ipFamilyPolicy="RequireDualStack"
    )
    fix = next(f.fix for f in changed("10", change, tmp_path).findings if f.check == "DS-EPS-001") or ""
    assert "SingleStack" in fix
    assert "restart" not in fix


def _with_kubelets(*versions: str) -> Change:
    """The nodes' kubelets have these versions, alternating."""

    def change(items: list[Json]) -> None:
        for i, node in enumerate(item for item in items if item["kind"] == "Node"):
            node["status"]["nodeInfo"]["kubeletVersion"] = versions[i % len(versions)]

    return change


NEED_SLICES = {
    *(f"DS-EPS-{number:03}" for number in (1, 2, 3, 4, 5, 7, 8, 9)),
    *("DS-LB-008", "DS-NET-004", "DS-NET-005", "DS-NET-006", "DS-NGX-003", "DS-LSN-001"),
}
TOO_OLD = "endpointslices: v1 exists from Kubernetes 1.21, and this cluster is 1.20"


def _with_beta_slices(items: list[Json]) -> None:
    for item in items:
        if item["kind"] == "EndpointSlice":
            item["apiVersion"] = "discovery.k8s.io/v1beta1"


def _not_evaluated(session: Session) -> dict[str, str]:
    return {entry.check: entry.reason for entry in session.not_evaluated()}


def test_checks_of_endpoints_are_not_evaluated_where_every_kubelet_is_too_old_for_slices(tmp_path: Path) -> None:
    change = all_of(emptying_slices("my-service-2", V6), _with_kubelets("v1.20.3", "v1.20.15"), _with_beta_slices)
    session = changed("01", change, tmp_path)
    reasons = _not_evaluated(session)
    assert {code for code, reason in reasons.items() if reason == TOO_OLD} == NEED_SLICES
    assert reasons["DS-ADR-002"].startswith(f"{TOO_OLD}; ")
    assert reasons["DS-ADR-002"].endswith("; evaluated for Pod, Node, Service, ServiceCIDR only")
    assert not NEED_SLICES & {finding.check for finding in session.findings}


def test_slices_of_v1_show_that_the_server_is_newer_than_its_kubelets(tmp_path: Path) -> None:
    change = all_of(emptying_slices("my-service-2", V6), _with_kubelets("v1.20.15"))
    session = changed("01", change, tmp_path)
    assert session.profile.version == (1, 21)
    assert TOO_OLD not in _not_evaluated(session).values()
    assert "DS-EPS-001" in {finding.check for finding in session.findings}


def test_checks_of_endpoints_are_evaluated_where_the_server_says_that_it_is_new_enough(tmp_path: Path) -> None:
    session = changed("01", all_of(emptying_slices("my-service-2", V6), _with_kubelets("v1.20.15")), tmp_path)
    engine = Engine(session.state, live=False)
    found = []
    for version in (None, "v1.21.0", "v1.20.15", "v1.36.1"):
        session.state.apply(ServerInfo(version=version))
        engine.note_statuses()
        engine.refresh_profile()
        engine.step(math.inf)
        unevaluated = {check.code for check in all_checks() if engine.why_not_evaluated(check) == TOO_OLD}
        found.append(("DS-EPS-001" in {f.check for f in engine.findings}, unevaluated))
    known, unknown = (True, set[str]()), (False, NEED_SLICES)
    assert found == [unknown, known, unknown, known]


@pytest.mark.parametrize(
    ("change", "reported_after"),
    [
        (_with_hashes("aaa", "bbb"), [False, False, True]),
        (_with_hashes("aaa"), [False, True, True]),
        (_with_workloads("a-one", "b-two"), [False, True, True]),
    ],
    ids=["two-revisions-of-one-owner", "one-revision", "two-owners"],
)
def test_a_rollout_lasts_ten_minutes_and_two_owners_are_none(
    change: Change, reported_after: list[bool], tmp_path: Path
) -> None:
    session = changed("04", change, tmp_path)
    engine = Engine(session.state, live=False)
    youngest = max(pod.ready_since for pod in session.state.pods if pod.namespace == "shop")
    found = []
    for seconds in (ROLLOUT_SETTLES - 1, ROLLOUT_LASTS - 1, ROLLOUT_LASTS):
        engine.evaluate_all(youngest + seconds)
        found.append("DS-EPS-002" in {f.check for f in engine.findings})
    assert found == reported_after


def test_no_pod_is_recreated_for_a_family_that_the_whole_pod_network_leaves_unused(tmp_path: Path) -> None:
    def without_ipv6(items: list[Json]) -> None:
        for item in items:
            if item["kind"] == "Pod" and not item["spec"].get("hostNetwork"):
                item["status"]["podIPs"] = [ip for ip in item["status"]["podIPs"] if ":" not in ip["ip"]]

    session = changed("03", without_ipv6, tmp_path)
    fix = next(f.fix for f in session.findings if f.check == "DS-EPS-001") or ""
    assert "CNI" in fix
    assert "restart" not in fix


def test_pods_are_recreated_only_where_their_node_gives_the_family(tmp_path: Path) -> None:
    session = changed("03", with_pod_cidrs("node-a", "10.244.1.0/24"), tmp_path)
    fix = next(f.fix for f in session.findings if f.check == "DS-EPS-001") or ""
    assert "# First give node-a an IPv6 pod range" in fix
    assert "rollout restart deployment/web" in fix
