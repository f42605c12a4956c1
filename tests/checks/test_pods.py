"""DS-POD: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.changes import (
    CP,
    LOCAL_PATH,
    POD,
    V4,
    V6,
    WORKER,
    WORKER2,
    Case,
    Change,
    Json,
    adding,
    all_of,
    event,
    pod_named,
    verify,
    with_pod_ips,
)
from tests.support.clusters import changed, find


def _on_node(node: str, **fields: Any) -> Change:
    return lambda items: find(items, "Node", node)["spec"].update(fields)


def _annotated(annotation: str) -> Change:
    return lambda items: pod_named(items, "local-path")["metadata"].update(annotations={annotation: "x"})


def _turned_round(*names: str) -> Change:
    """Pods with their addresses in reverse order."""

    def change(items: list[Json]) -> None:
        for pod in (find(items, "Pod", name) for name in names):
            ips = pod["status"]["podIPs"][::-1]
            pod["status"].update(podIP=ips[0]["ip"], podIPs=ips)

    return change


def _probe_refused(
    at: str, *, when: str = "2026-11-21T00:00:00Z", container: str = "nginx", ready: bool = False
) -> Change:
    """A pod's probe was refused at an address."""

    def change(items: list[Json]) -> None:
        said = f'Readiness probe failed: Get "http://{at}/": dial tcp {at}: connect: connection refused'
        told = event("Unhealthy", "Pod", "default", POD, said)
        told["involvedObject"]["fieldPath"] = f"spec.containers{{{container}}}"
        told["lastTimestamp"] = when
        pod = find(items, "Pod", POD)
        for condition in pod["status"]["conditions"]:
            if condition["type"] in ("Ready", "ContainersReady"):
                condition["status"] = str(ready)
        for item in items:
            for endpoint in item.get("endpoints") or ():
                if (endpoint.get("targetRef") or {}).get("name") == POD:
                    endpoint["conditions"]["ready"] = ready
        items.append(told)

    return change


REFUSED = {("DS-POD-007", "warning", "Pod", POD, V4)}

CASES = [
    Case(
        "probe-refused-long-before-the-newest-event",
        "01",
        all_of(
            _probe_refused("10.244.1.3:80"),
            adding(
                {**event("AllocationFailed", "Service", "default", "none"), "lastTimestamp": "2026-11-21T00:11:00Z"}
            ),
        ),
        set(),
        ("DS-POD-007",),
    ),
    *(
        Case(
            f"pod-asks-for-its-own-addresses-with-{annotation.rpartition('/')[2]}",
            "01",
            all_of(with_pod_ips("local-path", "10.244.0.2"), _annotated(annotation)),
            {("DS-POD-001", "note", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V6)},
        )
        for annotation in (
            "cni.projectcalico.org/ipAddrs",
            "ipam.cilium.io/ip-pool",
            "ipam.cilium.io/ipv4-pool",
            "ipam.cilium.io/ipv6-pool",
            "ovn.kubernetes.io/ip_pool",
        )
    ),
    Case(
        "pod-with-an-annotation-that-is-about-masquerading",
        "01",
        all_of(with_pod_ips("local-path", "10.244.0.2"), _annotated("ipam.cilium.io/skip-masquerade")),
        {("DS-POD-001", "warning", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V6)},
    ),
    Case(
        "two-pods-one-address-in-two-spellings",
        "01",
        with_pod_ips("local-path", "::ffff:10.244.1.3", "fd00:10:244::2"),
        {
            ("DS-POD-005", "error", "Pod", LOCAL_PATH, V4),
            ("DS-POD-005", "error", "Pod", POD, V4),
            ("DS-ADR-001", "error", "Pod", LOCAL_PATH, V4),
        },
    ),
    Case(
        "mapped-pod-address-in-the-service-range",
        "01",
        with_pod_ips("local-path", "::ffff:10.96.4.4", "fd00:10:244::2"),
        {("DS-POD-005", "error", "Pod", LOCAL_PATH, V4), ("DS-ADR-001", "error", "Pod", LOCAL_PATH, V4)},
    ),
    Case(
        "pod-that-a-dual-service-selects",
        "04",
        lambda items: None,
        {("DS-POD-001", "error", "Pod", "web-78gwsww9rk-842pg", V6)},
        ("DS-EPS-001",),
    ),
    Case(
        "node-of-one-family-gives-one",
        "05",
        lambda items: None,
        {("DS-NODE-002", "error", "Node", "node-b", V6)},
        ("DS-POD-001", "DS-POD-004"),
    ),
    Case(
        "pod-like-its-host-and-unlike-the-others-of-its-node",
        "01",
        all_of(
            _turned_round("nginx-deployment-w5nkzhjcmd-6t7bw", "nginx-deployment-w5nkzhjcmd-rxxmb"),
            _on_node(WORKER2, providerID="aws:///eu-1a/i-1"),
        ),
        {("DS-POD-002", "note", "Pod", "coredns-hhrjzngmqn-tr8mk", V4)},
    ),
    Case(
        "half-of-the-pods-of-a-node-unlike-the-other-half",
        "01",
        all_of(_turned_round(POD), _on_node(WORKER, providerID="aws:///eu-1a/i-1")),
        {("DS-POD-002", "note", "Pod", POD, V6)},
    ),
    Case(
        "host-network-pod-from-before",
        "07",
        lambda items: None,
        {("DS-POD-003", "warning", "Pod", "kube-proxy-5lm7j", V6)},
        ("DS-POD-001",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


@pytest.mark.parametrize(
    ("owner", "fix"),
    [
        ({"kind": "StatefulSet", "name": "db"}, "kubectl -n local-path-storage rollout restart statefulset/db"),
        ({"kind": "Job", "name": "once"}, f"kubectl -n local-path-storage delete pod {LOCAL_PATH}"),
        # Deleting the object of a static pod changes nothing: the kubelet keeps the pod running.
        ({"kind": "Node", "name": CP}, f"# {LOCAL_PATH} is a static pod: move its manifest"),
        # Nothing would replace a pod without an owner.
        (None, f"kubectl -n local-path-storage get pod {LOCAL_PATH} -o json | jq"),
    ],
    ids=["restarted", "deleted", "static", "made-anew"],
)
def test_a_pod_is_recreated_in_the_way_of_its_owner(owner: Json | None, fix: str, tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        with_pod_ips("local-path", "10.244.0.2")(items)
        owners = [{"apiVersion": "v1", "controller": True, "uid": "u", **owner}] if owner else None
        pod_named(items, "local-path")["metadata"]["ownerReferences"] = owners

    found = next(f for f in changed("01", change, tmp_path).findings if f.check == "DS-POD-001")
    assert (found.fix or "").startswith(fix)


def test_of_two_pods_with_one_address_the_younger_one_moves(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        with_pod_ips("local-path", "10.244.1.3", "fd00:10:244::2")(items)
        pod_named(items, "local-path")["status"]["startTime"] = "2026-11-21T00:00:00Z"

    fixes = {f.fix or "" for f in changed("01", change, tmp_path).findings if f.check == "DS-POD-005"}
    assert len(fixes) == 1
    assert "local-path-provisioner" in fixes.pop()
