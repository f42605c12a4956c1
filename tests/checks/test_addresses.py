"""DS-API and DS-ADR: each condition and each exemption, on a healthy cluster that is changed in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import (
    LOCAL_PATH,
    V4,
    V6,
    WORKER,
    Case,
    Change,
    S,
    adding,
    all_of,
    network_policy,
    pod_named,
    verify,
    with_addresses,
    with_load_balancer,
    with_pod_ips,
    with_spec,
)


def with_kubelet(version: str) -> Change:
    """The version every node reports."""
    return lambda items: [n["status"]["nodeInfo"].update(kubeletVersion=version) for n in items if n["kind"] == "Node"]


CASES = [
    Case(
        "singular-cluster-ip-differs",
        "01",
        with_spec("Service", S, clusterIP="10.96.19.11"),
        {("DS-API-001", "error", "Service", S, V4)},
    ),
    Case(
        "singular-in-another-spelling-is-the-same",
        "01",
        with_spec("Service", "my-service-3", clusterIP="FD00:10:96:0::4013"),
        set(),
        ("DS-API-001",),
    ),
    Case(
        "old-server-without-host-ips",
        "01",
        lambda items: [p["status"].pop("hostIPs", None) for p in items if p["kind"] == "Pod"] and None,
        set(),
        ("DS-API-001",),
    ),
    Case(
        "cluster-ips-of-another-family",
        "01",
        with_spec("Service", "my-service-2", clusterIPs=["10.96.190.2", "10.96.190.3"]),
        {("DS-API-002", "error", "Service", "my-service-2", V6)},
    ),
    Case(
        "require-with-one-family",
        "01",
        with_spec("Service", S, ipFamilyPolicy="RequireDualStack"),
        {("DS-API-002", "error", "Service", S, V6)},
    ),
    Case(
        "empty-families-are-inferred", "01", with_spec("Service", "my-service-2", ipFamilies=[]), set(), ("DS-API-002",)
    ),
    Case(
        "link-local-vip-is-on-purpose",
        "12",
        with_load_balancer({"ip": "169.254.10.10"}, {"ip": "fe80::10"}),
        set(),
        ("DS-ADR-001",),
    ),
    Case(
        "loopback-vip",
        "12",
        with_load_balancer({"ip": "127.0.0.1"}, {"ip": "2001:db8::9"}),
        {("DS-ADR-001", "warning", "Service", "web", V4)},
    ),
    Case(
        "multicast-external-ip",
        "01",
        with_spec("Service", "my-service-2", externalIPs=["ff02::1"]),
        {("DS-ADR-001", "error", "Service", "my-service-2", V6)},
    ),
    Case(
        "leading-zeros-from-1-36",
        "01",
        with_spec("Service", "my-service-2", externalIPs=["192.000.002.009"]),
        {("DS-ADR-002", "warning", "Service", "my-service-2", V4)},
    ),
    Case(
        "external-ip-of-a-node",
        "01",
        with_addresses(WORKER, ("InternalIP", "172.18.0.3"), ("InternalIP", "fc00::3"), ("ExternalIP", "2001:DB8::3")),
        {("DS-ADR-002", "warning", "Node", WORKER, V6)},
    ),
    Case(
        "host-bits",
        "01",
        adding(network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.1/8"}}, {"podSelector": {}}]}])),
        {("DS-ADR-002", "warning", "NetworkPolicy", "p", V4)},
    ),
    Case(
        "mapped-pod-address-is-ipv4",
        "01",
        with_pod_ips("local-path", "::ffff:10.244.0.2", "fd00:10:244::2"),
        {("DS-ADR-001", "error", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V4)},
        ("DS-POD-001",),
    ),
    Case(
        "first-pod-ip-differs",
        "01",
        lambda items: pod_named(items, "local-path")["status"].update(podIP="10.244.0.9"),
        {("DS-API-001", "error", "Pod", LOCAL_PATH, V4)},
    ),
    Case(
        "first-pod-cidr-differs",
        "01",
        with_spec("Node", WORKER, podCIDR="10.244.7.0/24"),
        {("DS-API-001", "error", "Node", WORKER, V4)},
    ),
    Case(
        "first-host-ip-differs",
        "01",
        lambda items: pod_named(items, "local-path")["status"].update(hostIP="172.18.0.99"),
        {("DS-API-001", "error", "Pod", LOCAL_PATH, V4)},
    ),
    Case(
        "one-cluster-ip-for-two-families",
        "01",
        with_spec("Service", "my-service-2", clusterIPs=["10.96.190.2"]),
        {("DS-API-002", "error", "Service", "my-service-2", V6)},
    ),
    Case(
        "single-stack-with-two-families",
        "01",
        with_spec("Service", "my-service-2", ipFamilyPolicy="SingleStack"),
        {("DS-API-002", "error", "Service", "my-service-2", V6)},
        ("DS-SVC-001",),
    ),
    Case(
        "zone-of-a-link-local-node-address",
        "01",
        with_addresses(WORKER, ("InternalIP", "172.18.0.3"), ("InternalIP", "fe80::1%eth0")),
        {("DS-ADR-001", "error", "Node", WORKER, V6), ("DS-NODE-001", "error", "Node", WORKER, V6)},
    ),
    Case(
        "site-local-external-ip",
        "01",
        with_spec("Service", "my-service-2", externalIPs=["fec0::7"]),
        {("DS-ADR-001", "error", "Service", "my-service-2", V6)},
    ),
    Case(
        "text-that-is-no-address",
        "01",
        with_spec("Service", "my-service-2", externalIPs=["gone fishing"]),
        {("DS-ADR-001", "error", "Service", "my-service-2", None)},
    ),
    Case(
        "upper-case-before-1-36",
        "01",
        all_of(with_kubelet("v1.35.4"), with_spec("Service", "my-service-2", externalIPs=["2001:DB8::7"])),
        {("DS-ADR-002", "note", "Service", "my-service-2", V6)},
    ),
    Case(
        "unknown-version",
        "01",
        all_of(with_kubelet("unknown"), with_spec("Service", "my-service-2", externalIPs=["2001:DB8::7"])),
        {("DS-ADR-002", "note", "Service", "my-service-2", V6)},
    ),
    Case(
        "white-space-around-a-source-range",
        "01",
        with_spec("Service", "my-service-2", loadBalancerSourceRanges=[" 10.0.0.0/8", "fd00::/8 "]),
        set(),
        ("DS-ADR-002",),
    ),
    Case(
        "canonical-addresses",
        "01",
        with_spec("Service", "my-service-2", externalIPs=["2001:db8::7", "192.0.2.7"]),
        set(),
        ("DS-ADR-001", "DS-ADR-002"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
