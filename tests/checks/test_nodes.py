"""DS-NODE: each condition and each exemption, on a healthy cluster that is changed in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import (
    CP,
    V4,
    V6,
    WORKER,
    WORKER2,
    Case,
    Change,
    Json,
    all_of,
    event,
    verify,
    with_addresses,
    with_pod_cidrs,
    with_spec,
)
from tests.support.clusters import changed, find


def _labelled(node: str, **labels: str) -> Change:
    """Labels of the domain kubernetes.io."""
    return lambda items: find(items, "Node", node)["metadata"]["labels"].update(
        {f"kubernetes.io/{k}": v for k, v in labels.items()}
    )


def _tainted(node: str, key: str) -> Change:
    return with_spec("Node", node, taints=[{"key": key, "effect": "NoSchedule"}])


def _annotated(*nodes: str, **annotations: str) -> Change:
    def change(items: list[Json]) -> None:
        for node in nodes:
            found = find(items, "Node", node)["metadata"].setdefault("annotations", {})
            found.update({f"network.cilium.io/{k.replace('_', '-')}": v for k, v in annotations.items()})

    return change


def _with_ovn_subnets(text: str) -> Change:
    return lambda items: (
        find(items, "Node", WORKER)["metadata"]
        .setdefault("annotations", {})
        .update({"k8s.ovn.org/node-subnets": f'{{"default": {text}}}'})
    )


def _given(node: str, ips: str) -> Change:
    """The kubelet's --node-ip."""
    return lambda items: (
        find(items, "Node", node)["metadata"]
        .setdefault("annotations", {})
        .update({"alpha.kubernetes.io/provided-node-ip": ips})
    )


V4_ONLY = with_addresses(WORKER, ("InternalIP", "172.18.0.3"))


def _without_pods_of_its_own(items: list[Json]) -> None:
    for item in list(items):
        if item["kind"] == "Pod" and item["spec"]["nodeName"] == WORKER and not item["spec"].get("hostNetwork"):
            items.remove(item)


CASES = [
    Case(
        "external-family-only",
        "01",
        with_addresses(WORKER, ("InternalIP", "172.18.0.3"), ("ExternalIP", "2001:db8::3")),
        {("DS-NODE-001", "note", "Node", WORKER, V6)},
    ),
    Case(
        "overlapping-pod-ranges",
        "01",
        with_pod_cidrs(WORKER2, "10.244.1.128/25", "fd00:10:244:2::/64"),
        {("DS-NODE-003", "error", "Node", WORKER, V4), ("DS-NODE-003", "error", "Node", WORKER2, V4)},
    ),
    Case(
        "pod-range-over-service-range",
        "01",
        with_pod_cidrs(WORKER2, "10.96.2.0/24", "fd00:10:244:2::/64"),
        {("DS-NODE-004", "error", "Node", WORKER2, V4)},
    ),
    Case(
        "pod-range-over-a-node",
        "01",
        with_pod_cidrs(WORKER2, "172.18.0.0/24", "fd00:10:244:2::/64"),
        {("DS-NODE-004", "error", "Node", WORKER2, V4)},
    ),
    Case(
        "order-of-pod-ranges",
        "01",
        with_pod_cidrs(WORKER2, "fd00:10:244:2::/64", "10.244.2.0/24"),
        {("DS-NODE-005", "error", "Node", WORKER2, None)},
    ),
    Case(
        "node-ip-of-one-family",
        "01",
        lambda items: (
            find(items, "Node", WORKER)["metadata"]
            .setdefault("annotations", {})
            .update({"alpha.kubernetes.io/provided-node-ip": "172.18.0.3"})
        ),
        {("DS-NODE-006", "warning", "Node", WORKER, V6)},
    ),
    Case(
        "unready-node",
        "01",
        all_of(
            with_addresses(WORKER),
            lambda items: (
                [
                    c.update(status="Unknown")
                    for c in find(items, "Node", WORKER)["status"]["conditions"]
                    if c["type"] == "Ready"
                ]
                and None
            ),
        ),
        set(),
        ("DS-NODE-001",),
    ),
    Case("single-range-but-dual-pods", "01", with_pod_cidrs(WORKER, "10.244.1.0/24"), set(), ("DS-NODE-002",)),
    Case(
        "dual-cluster-single-node-address",
        "01",
        V4_ONLY,
        {("DS-NODE-001", "error", "Node", WORKER, V6)},
        ("DS-NODE-002", "DS-POD-001", "DS-CLU-002"),
    ),
    Case(
        "windows-node",
        "01",
        all_of(
            V4_ONLY, lambda items: find(items, "Node", WORKER)["status"]["nodeInfo"].update(operatingSystem="windows")
        ),
        {("DS-NODE-001", "note", "Node", WORKER, V6)},
    ),
    Case(
        "windows-node-by-its-label",
        "01",
        all_of(V4_ONLY, _labelled(WORKER, os="windows")),
        {("DS-NODE-001", "note", "Node", WORKER, V6)},
    ),
    Case(
        "given-node-ip-that-is-reported-in-no-family",
        "01",
        all_of(with_addresses(WORKER, ("Hostname", "x")), _given(WORKER, "172.18.0.3")),
        {
            ("DS-NODE-006", "warning", "Node", WORKER, V4),
            ("DS-NODE-001", "error", "Node", WORKER, V4),
            ("DS-NODE-001", "error", "Node", WORKER, V6),
        },
    ),
    Case("given-node-ip-that-names-no-address", "01", _given(WORKER, "::"), set(), ("DS-NODE-006",)),
    Case(
        "fargate-node",
        "01",
        all_of(
            V4_ONLY,
            lambda items: find(items, "Node", WORKER)["metadata"]["labels"].update(
                {"eks.amazonaws.com/compute-type": "fargate"}
            ),
        ),
        set(),
        ("DS-NODE-001",),
    ),
    Case(
        "virtual-node", "01", all_of(V4_ONLY, _tainted(WORKER, "virtual-kubelet.io/provider")), set(), ("DS-NODE-001",)
    ),
    Case(
        "node-that-the-cloud-has-yet-to-initialise",
        "01",
        all_of(V4_ONLY, _tainted(WORKER, "node.cloudprovider.kubernetes.io/uninitialized")),
        set(),
        ("DS-NODE-001",),
    ),
    Case(
        "peer-with-a-family-nobody-needs",
        "10",
        with_addresses("node-a", ("InternalIP", "192.0.2.5"), ("InternalIP", "2001:db8::5")),
        {("DS-NODE-001", "note", "Node", "node-b", V6), ("DS-NODE-001", "note", "Node", "cp-1", V6)},
    ),
    Case(
        "node-without-an-address",
        "10",
        with_addresses("node-a", ("Hostname", "node-a")),
        {("DS-NODE-001", "warning", "Node", "node-a", V4)},
    ),
    Case(
        "cilium-gives-out-ranges",
        "01",
        all_of(
            with_pod_cidrs(WORKER2, "10.244.1.128/25", "fd00:10:244:2::/64"),
            _annotated(WORKER, WORKER2, ipv4_pod_cidr="10.0.1.0/24"),
        ),
        {("DS-NODE-003", "warning", "Node", WORKER, V4), ("DS-NODE-003", "warning", "Node", WORKER2, V4)},
    ),
    Case(
        "order-on-a-tie-goes-by-the-oldest-node",
        "01",
        all_of(
            with_pod_cidrs(WORKER2, "fd00:10:244:2::/64", "10.244.2.0/24"),
            with_pod_cidrs(WORKER),
            lambda items: find(items, "Node", WORKER2)["metadata"].update(creationTimestamp="2026-11-01T00:00:00Z"),
        ),
        {("DS-NODE-005", "error", "Node", CP, None)},
    ),
    Case(
        "node-left-without-range",
        "01",
        all_of(
            with_pod_cidrs(WORKER),
            _without_pods_of_its_own,
        ),
        {("DS-NODE-007", "error", "Node", WORKER, None)},
    ),
    *(
        Case(f"ovn-subnets-that-are-{name}", "01", _with_ovn_subnets(text), set(), ("DS-NODE-002",))
        for name, text in (("null", "null"), ("a-number", "5"), ("no-texts", "[null, 5]"), ("text", '"10.244.1.0/24"'))
    ),
    Case(
        "version-longer-than-any-number",
        "01",
        lambda items: find(items, "Node", WORKER)["status"]["nodeInfo"].update(kubeletVersion=f"v1.{'9' * 5000}"),
    ),
    Case("nobody-has-a-range", "14", lambda items: None, set(), ("DS-NODE-007",)),
    Case(
        "exhausted-ranges",
        "14",
        lambda items: items.append(
            event("CIDRNotAvailable", "Node", None, next(i["metadata"]["name"] for i in items if i["kind"] == "Node"))
        ),
        {("DS-NODE-007", "error", "Node", "i-00aa317ffdc1c3e12.us-west-2.compute.internal", None)},
    ),
    Case(
        "given-node-ips-that-are-all-there",
        "01",
        lambda items: (
            find(items, "Node", WORKER)["metadata"]
            .setdefault("annotations", {})
            .update(
                {
                    "alpha.kubernetes.io/provided-node-ip": ",".join(
                        a["address"]
                        for a in find(items, "Node", WORKER)["status"]["addresses"]
                        if a["type"] == "InternalIP"
                    )
                }
            )
        ),
        set(),
        ("DS-NODE-006",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_the_kubelet_is_to_be_given_the_address_that_the_node_has_and_the_one_it_lacks(tmp_path: Path) -> None:
    fix = next(f.fix for f in changed("01", V4_ONLY, tmp_path).book if f.check == "DS-NODE-001") or ""
    assert WORKER in fix
    assert "--node-ip=172.18.0.3,<its IPv6 address>" in fix
