"""DS-NODE: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import (
    V4,
    V6,
    WORKER,
    Case,
    Change,
    Json,
    all_of,
    verify,
    with_addresses,
)
from tests.support.clusters import changed, find


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


CASES = [
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
    *(
        Case(f"ovn-subnets-that-are-{name}", "01", _with_ovn_subnets(text), set(), ("DS-NODE-002",))
        for name, text in (("null", "null"), ("a-number", "5"), ("no-texts", "[null, 5]"), ("text", '"10.244.1.0/24"'))
    ),
    Case(
        "version-longer-than-any-number",
        "01",
        lambda items: find(items, "Node", WORKER)["status"]["nodeInfo"].update(kubeletVersion=f"v1.{'9' * 5000}"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_the_kubelet_is_to_be_given_the_address_that_the_node_has_and_the_one_it_lacks(tmp_path: Path) -> None:
    fix = next(f.fix for f in changed("01", V4_ONLY, tmp_path).findings if f.check == "DS-NODE-001") or ""
    assert WORKER in fix
    assert "--node-ip=172.18.0.3,<its IPv6 address>" in fix
