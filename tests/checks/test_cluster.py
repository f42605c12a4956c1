"""DS-CLU-001 to 006: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.support.changes import (
    CONTROLLER,
    CP,
    LOCAL_PATH,
    V4,
    V6,
    WORKER,
    WORKER2,
    Case,
    Change,
    Json,
    adding,
    all_of,
    pod_named,
    verify,
    with_pod_cidrs,
    with_pod_ips,
)
from tests.support.clusters import find


def _services_turned_dual(items: list[Json]) -> None:
    """The API server and the nodes of the IPv4-only cluster have both families, but the pods still have one."""
    find(items, "ServiceCIDR", "kubernetes")["spec"]["cidrs"].append("fd00:10:96::/112")
    find(items, "Pod", "kube-apiserver-cp-1")["spec"]["containers"][0]["command"][1] += ",fd00:10:96::/112"
    for i, node in enumerate(n for n in items if n["kind"] == "Node"):
        node["status"]["addresses"].append({"type": "InternalIP", "address": f"2001:db8::{i + 4}"})
    for pod in [i for i in items if i["kind"] == "Pod" and i["spec"].get("hostNetwork")]:
        number = int(pod["status"]["podIP"].rpartition(".")[2])
        pod["status"]["podIPs"].append({"ip": f"2001:db8::{number}"})


def _pods_turned_dual(items: list[Json]) -> None:
    for i, node in enumerate((n for n in items if n["kind"] == "Node"), 1):
        node["spec"]["podCIDRs"].append(f"fd00:10:244:{i}::/64")
    numbers = iter(range(16, 99))
    for pod in [i for i in items if i["kind"] == "Pod" and not i["spec"].get("hostNetwork")]:
        node = find(items, "Node", pod["spec"]["nodeName"])
        pod["status"]["podIPs"].append({"ip": node["spec"]["podCIDRs"][1].replace("/64", f"{next(numbers)}")})


def _reversed_addresses(*names: str) -> Change:
    def change(items: list[Json]) -> None:
        for name in names:
            found = find(items, "Node", name)["status"]
            found["addresses"] = list(reversed(found["addresses"]))

    return change


def _extra_range(*cidrs: str, ready: str = "True", **metadata: str) -> Json:
    return {
        "kind": "ServiceCIDR",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": "extra", "creationTimestamp": "2026-11-20T08:13:58Z", **metadata},
        "spec": {"cidrs": list(cidrs) or ["10.97.0.0/24"]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def _with_addresses_in_use(number: int) -> Change:
    """A Service range of 62 usable addresses, of which this many are in use."""

    def change(items: list[Json]) -> None:
        find(items, "ServiceCIDR", "kubernetes")["spec"]["cidrs"][0] = "10.96.0.0/26"
        for item in [i for i in items if i["kind"] == "IPAddress" and ":" not in i["metadata"]["name"]]:
            items.remove(item)
        for service in [i for i in items if i["kind"] == "Service"]:
            spec = service["spec"]
            keep = {"kubernetes": "10.96.0.1", "kube-dns": "10.96.0.10", "web": "10.96.0.20"}[
                service["metadata"]["name"]
            ]
            spec["clusterIPs"] = [keep, *spec["clusterIPs"][1:]]
            spec["clusterIP"] = keep
        for i in range(1, number + 1):
            name = f"10.96.0.{i}"
            holder = {1: ("default", "kubernetes"), 10: ("kube-system", "kube-dns"), 20: ("shop", "web")}.get(
                i, ("shop", f"s{i}")
            )
            parent = {"resource": "services", "namespace": holder[0], "name": holder[1]}
            items.append(
                {
                    "kind": "IPAddress",
                    "apiVersion": "networking.k8s.io/v1",
                    "metadata": {"name": name},
                    "spec": {"parentRef": parent},
                }
            )

    return change


def _dns_of_openshift(items: list[Json]) -> None:
    service = find(items, "Service", "kube-dns")
    service["metadata"].update(namespace="openshift-dns", name="dns-default", labels={"dns.operator.openshift.io": "x"})
    service["spec"].pop("selector")
    find(items, "IPAddress", service["spec"]["clusterIP"])["spec"]["parentRef"].update(
        namespace="openshift-dns", name="dns-default"
    )


def _second_dns(items: list[Json]) -> None:
    second = copy.deepcopy(find(items, "Service", "kube-dns"))
    second["metadata"].update(name="kube-dns-v6", uid="second")
    second["spec"].update(ipFamilies=["IPv6"], clusterIP="fd00:10:96::a", clusterIPs=["fd00:10:96::a"])
    second["spec"].pop("selector")
    items.append(second)


CASES = [
    Case(
        "dns-out-of-reach",
        "01",
        all_of(with_pod_ips("local-path", "fd00:10:244::2")),
        {
            ("DS-CLU-006", "error", "Service", "kube-dns", V6),
            ("DS-CLU-006", "error", "Service", "kubernetes", V6),
            ("DS-POD-001", "warning", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V4),
        },
    ),
    Case(
        "pod-without-a-family-of-openshifts-dns",
        "01",
        all_of(with_pod_ips("local-path", "fd00:10:244::2"), _dns_of_openshift),
        {
            ("DS-CLU-006", "error", "Service", "dns-default", V6),
            ("DS-CLU-006", "error", "Service", "kubernetes", V6),
            ("DS-POD-001", "warning", "Pod", LOCAL_PATH, V4),
        },
    ),
    Case(
        "dns-of-a-service-for-each-family",
        "01",
        all_of(with_pod_ips("local-path", "fd00:10:244::2"), _second_dns),
        {("DS-CLU-006", "error", "Service", "kubernetes", V6), ("DS-POD-001", "warning", "Pod", LOCAL_PATH, V4)},
    ),
    Case(
        "services-dual-pods-single",
        "10",
        _services_turned_dual,
        {("DS-CLU-001", "warning", "Cluster", "cluster", V6), ("DS-NGX-005", "warning", "Service", CONTROLLER, V6)},
        ("DS-NODE-001", "DS-NODE-002", "DS-POD-001", "DS-POD-003", "DS-CLU-002", "DS-CLU-008"),
    ),
    Case(
        "pods-dual-services-single",
        "10",
        _pods_turned_dual,
        {("DS-CLU-001", "note", "Cluster", "cluster", V6), ("DS-CLU-008", "warning", "ConfigMap", "kube-proxy", V6)},
        ("DS-NODE-001", "DS-POD-001", "DS-POD-002", "DS-SVC-002"),
    ),
    Case(
        "pod-ranges-that-the-cni-ignores",
        "01",
        all_of(
            _reversed_addresses(CP, WORKER, WORKER2),
            *(with_pod_cidrs(name, f"10.244.{i}.0/24") for i, name in enumerate((CP, WORKER, WORKER2))),
        ),
        {("DS-CLU-002", "warning", "Cluster", "cluster", None)},
        ("DS-CLU-001",),
    ),
    Case(
        "service-range-four-fifths-full",
        "12",
        _with_addresses_in_use(50),
        {("DS-CLU-005", "warning", "ServiceCIDR", "kubernetes", V4)},
        ("DS-SVC-004", "DS-SVC-005"),
    ),
    Case(
        "service-range-full",
        "12",
        _with_addresses_in_use(59),
        {("DS-CLU-005", "error", "ServiceCIDR", "kubernetes", V4)},
    ),
    Case(
        "another-range-is-not-ready",
        "12",
        all_of(_with_addresses_in_use(59), adding(_extra_range(ready="False"))),
        {
            ("DS-CLU-005", "error", "ServiceCIDR", "kubernetes", V4),
            ("DS-CLU-004", "warning", "ServiceCIDR", "extra", None),
        },
    ),
    Case(
        "another-range-within-the-first-adds-no-room",
        "12",
        all_of(_with_addresses_in_use(50), adding(_extra_range("10.96.0.0/27"))),
        {("DS-CLU-005", "warning", "ServiceCIDR", "kubernetes", V4)},
    ),
    Case(
        "another-range-around-the-first-counts-once",
        "12",
        all_of(_with_addresses_in_use(59), adding(_extra_range("10.96.0.0/25"))),
        set(),
        ("DS-CLU-005",),
    ),
    Case("service-range-three-quarters-full", "12", _with_addresses_in_use(46), set(), ("DS-CLU-005",)),
    Case(
        "pod-that-asks-no-cluster-dns",
        "01",
        all_of(
            with_pod_ips("local-path", "fd00:10:244::2"),
            lambda items: pod_named(items, "local-path")["spec"].update(dnsPolicy="None"),
        ),
        {("DS-CLU-006", "error", "Service", "kubernetes", V6), ("DS-POD-001", "warning", "Pod", LOCAL_PATH, V4)},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
