"""Each check on a healthy cluster that is changed in one way: what fires, and that nothing else of weight does."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dsview.model.finding import Finding, Severity
from dsview.session.session import Session
from tests.support.clusters import changed, find

Json = dict[str, Any]
Change = Callable[[list[Json]], None]


class Case(NamedTuple):
    """A change to a scenario, and what must come of it: (code, severity, kind, name, family)."""

    name: str
    scenario: str
    change: Change
    fires: set[tuple[str, str, str, str, str | None]]
    silent: tuple[str, ...] = ()


def _spec(kind: str, name: str, **fields: Any) -> Change:
    return lambda items: find(items, kind, name)["spec"].update(fields)


def _status(kind: str, name: str, **fields: Any) -> Change:
    return lambda items: find(items, kind, name)["status"].update(fields)


def _pod(items: list[Json], prefix: str, index: int = 0) -> Json:
    found = [i for i in items if i["kind"] == "Pod" and i["metadata"]["name"].startswith(prefix)]
    return found[index]


def _pod_ips(prefix: str, *ips: str, index: int = 0) -> Change:
    def change(items: list[Json]) -> None:
        _pod(items, prefix, index)["status"].update(podIP=ips[0], podIPs=[{"ip": ip} for ip in ips])

    return change


def _both(*changes: Change) -> Change:
    def change(items: list[Json]) -> None:
        for one in changes:
            one(items)

    return change


def _add(item: Json) -> Change:
    return lambda items: items.append(copy.deepcopy(item))


def _remove(kind: str, name: str) -> Change:
    return lambda items: items.remove(find(items, kind, name))


def _config(name: str, key: str, old: str, new: str) -> Change:
    def change(items: list[Json]) -> None:
        data = find(items, "ConfigMap", name)["data"]
        assert old in data[key]
        data[key] = data[key].replace(old, new)

    return change


def _data(**values: str) -> Change:
    def change(items: list[Json]) -> None:
        find(items, "ConfigMap", "ingress-nginx-controller")["data"] = {
            k.replace("_", "-"): v for k, v in values.items()
        }

    return change


def _addresses(node: str, *addresses: tuple[str, str]) -> Change:
    return _status("Node", node, addresses=[{"type": kind, "address": text} for kind, text in addresses])


def _cidrs(node: str, *cidrs: str) -> Change:
    return _spec("Node", node, podCIDR=cidrs[0] if cidrs else None, podCIDRs=list(cidrs))


def _lb(*entries: Json, **spec: Any) -> Change:
    return _both(_status("Service", "web", loadBalancer={"ingress": list(entries)}), _spec("Service", "web", **spec))


def _event(reason: str, kind: str, namespace: str | None, name: str, message: str = "it failed") -> Json:
    involved = {"kind": kind, "namespace": namespace, "name": name}
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": "e", "namespace": namespace or "default"},
        "reason": reason,
        "message": message,
        "involvedObject": involved,
        "lastTimestamp": "2026-11-21T00:00:00Z",
    }


def _policy(**spec: Any) -> Json:
    return {
        "kind": "NetworkPolicy",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"podSelector": {}, **spec},
    }


def _slice(name: str, address_type: str, *addresses: str, managed: bool = False) -> Json:
    labels = {"kubernetes.io/service-name": "my-service-2"}
    if managed:
        labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
    return {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "addressType": address_type,
        "endpoints": [{"addresses": [a], "conditions": {"ready": False}} for a in addresses] or None,
        "ports": None,
    }


def _drop_slices(service: str, address_type: str) -> Change:
    def change(items: list[Json]) -> None:
        for item in [
            i
            for i in items
            if i["kind"] == "EndpointSlice"
            and i["addressType"] == address_type
            and i["metadata"]["labels"].get("kubernetes.io/service-name") == service
        ]:
            items.remove(item)

    return change


def _empty_slice(service: str, address_type: str) -> Change:
    def change(items: list[Json]) -> None:
        for item in items:
            labels = item["metadata"].get("labels") or {}
            is_of_service = labels.get("kubernetes.io/service-name") == service
            if item["kind"] == "EndpointSlice" and is_of_service and item["addressType"] == address_type:
                item["endpoints"] = None

    return change


def _without_host_ips(items: list[Json]) -> None:
    for item in items:
        if item["kind"] == "Pod":
            item["status"].pop("hostIPs", None)


def _unready(items: list[Json]) -> None:
    for condition in find(items, "Node", WORKER)["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition["status"] = "Unknown"


CP, WORKER, WORKER2 = "kind-control-plane", "kind-worker", "kind-worker2"
S = "my-service"
POD = "nginx-deployment-w5nkzhjcmd-245bl"
V4, V6 = "IPv4", "IPv6"

CASES = [
    # API integrity and addresses
    Case(
        "singular-cluster-ip-differs",
        "01",
        _spec("Service", S, clusterIP="10.96.19.11"),
        {("DS-API-001", "error", "Service", S, V4)},
    ),
    Case(
        "singular-in-another-spelling-is-the-same",
        "01",
        _spec("Service", "my-service-3", clusterIP="FD00:10:96:0::4013"),
        set(),
        ("DS-API-001",),
    ),
    Case(
        "old-server-without-host-ips",
        "01",
        _without_host_ips,
        set(),
        ("DS-API-001",),
    ),
    Case(
        "cluster-ips-of-another-family",
        "01",
        _spec("Service", "my-service-2", clusterIPs=["10.96.190.2", "10.96.190.3"]),
        {("DS-API-002", "error", "Service", "my-service-2", V6)},
    ),
    Case(
        "require-with-one-family",
        "01",
        _spec("Service", S, ipFamilyPolicy="RequireDualStack"),
        {("DS-API-002", "error", "Service", S, V6)},
    ),
    Case("empty-families-are-inferred", "01", _spec("Service", "my-service-2", ipFamilies=[]), set(), ("DS-API-002",)),
    Case(
        "link-local-vip-is-on-purpose", "12", _lb({"ip": "169.254.10.10"}, {"ip": "fe80::10"}), set(), ("DS-ADR-001",)
    ),
    Case(
        "loopback-vip",
        "12",
        _lb({"ip": "127.0.0.1"}, {"ip": "2001:db8::9"}),
        {("DS-ADR-001", "warning", "Service", "web", V4)},
    ),
    Case(
        "multicast-external-ip",
        "01",
        _spec("Service", "my-service-2", externalIPs=["ff02::1"]),
        {("DS-ADR-001", "error", "Service", "my-service-2", V6)},
    ),
    Case(
        "leading-zeros-from-1-36",
        "01",
        _spec("Service", "my-service-2", externalIPs=["192.000.002.009"]),
        {("DS-ADR-002", "warning", "Service", "my-service-2", V4)},
    ),
    Case(
        "host-bits",
        "01",
        _add(_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.1/8"}}, {"podSelector": {}}]}])),
        {("DS-ADR-002", "warning", "NetworkPolicy", "p", V4)},
    ),
    # Services
    Case(
        "prefer-keeps-one-family",
        "01",
        _spec("Service", S, ipFamilyPolicy="PreferDualStack"),
        {("DS-SVC-001", "warning", "Service", S, V6)},
        ("DS-API-002",),
    ),
    Case(
        "cluster-ip-outside-the-ranges",
        "01",
        _spec("Service", S, clusterIP="10.200.0.9", clusterIPs=["10.200.0.9"]),
        {("DS-SVC-004", "error", "Service", S, V4)},
    ),
    Case(
        "one-address-for-two-services",
        "01",
        _spec("Service", S, clusterIP="10.96.190.2", clusterIPs=["10.96.190.2"]),
        {("DS-SVC-005", "error", "Service", S, V4), ("DS-SVC-005", "error", "Service", "my-service-2", V4)},
    ),
    Case(
        "address-object-of-another-service",
        "01",
        lambda items: find(items, "IPAddress", "10.96.19.10")["spec"]["parentRef"].update(name="gone"),
        {("DS-SVC-005", "warning", "Service", S, V4)},
    ),
    Case(
        "external-ip-of-the-other-family",
        "01",
        _spec("Service", S, externalIPs=["2001:db8::7"]),
        {("DS-SVC-007", "warning", "Service", S, V6)},
    ),
    Case(
        "external-name-is-exempt",
        "01",
        _spec(
            "Service",
            S,
            type="ExternalName",
            clusterIP=None,
            clusterIPs=None,
            ipFamilies=None,
            ipFamilyPolicy=None,
            selector=None,
            externalName="x.example",
        ),
        set(),
        ("DS-SVC-002", "DS-API-001", "DS-API-002"),
    ),
    # Endpoints
    Case(
        "family-without-endpoints-while-pods-have-it",
        "01",
        _empty_slice("my-service-2", V6),
        {("DS-EPS-001", "error", "Service", "my-service-2", V6)},
        ("DS-POD-001", "DS-EPS-003"),
    ),
    Case(
        "no-slice-at-all",
        "01",
        _drop_slices("my-service-2", V6),
        {
            ("DS-EPS-003", "warning", "Service", "my-service-2", V6),
            ("DS-EPS-001", "error", "Service", "my-service-2", V6),
        },
    ),
    Case(
        "slice-of-a-family-given-up",
        "01",
        _both(
            _add(_slice("left", V6, managed=True)),
            lambda items: find(items, "EndpointSlice", "left")["metadata"]["labels"].update(
                {"kubernetes.io/service-name": S}
            ),
        ),
        {("DS-EPS-004", "warning", "EndpointSlice", "left", V6)},
    ),
    Case(
        "slice-with-a-foreign-address",
        "01",
        _add(_slice("odd", V6, "10.0.0.1")),
        {("DS-EPS-004", "error", "EndpointSlice", "odd", V4)},
    ),
    Case(
        "fqdn-slice",
        "01",
        _add(_slice("name", "FQDN", "db.example")),
        {("DS-EPS-004", "warning", "EndpointSlice", "name", None)},
    ),
    Case(
        "hand-made-endpoints-in-one-family",
        "01",
        _both(_spec("Service", "my-service-2", selector=None), _empty_slice("my-service-2", V6)),
        {("DS-EPS-005", "warning", "Service", "my-service-2", V6)},
        ("DS-EPS-001",),
    ),
    Case(
        "endpoints-of-the-second-family",
        "01",
        lambda items: find(items, "Endpoints", "my-service-2").update(
            subsets=[{"addresses": [{"ip": "fd00:10:244:1::3"}]}]
        ),
        {("DS-EPS-006", "warning", "Service", "my-service-2", V6)},
    ),
    # Pods
    Case(
        "pod-without-its-nodes-family",
        "01",
        _pod_ips("local-path", "10.244.0.2"),
        {("DS-POD-001", "warning", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V6)},
    ),
    Case(
        "pod-asks-for-its-own-addresses",
        "01",
        _both(
            _pod_ips("local-path", "10.244.0.2"),
            lambda items: _pod(items, "local-path")["metadata"].update(
                annotations={"cni.projectcalico.org/ipAddrs": "[]"}
            ),
        ),
        {("DS-POD-001", "note", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V6)},
    ),
    Case(
        "terminating-pod",
        "01",
        _both(
            _pod_ips("local-path", "10.244.0.2"),
            lambda items: _pod(items, "local-path")["metadata"].update(deletionTimestamp="2026-11-21T00:00:00Z"),
        ),
        set(),
        ("DS-POD-001",),
    ),
    Case(
        "podips-in-another-order",
        "01",
        _pod_ips("local-path", "fd00:10:244::2", "10.244.0.2"),
        {("DS-POD-002", "note", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V6)},
    ),
    Case(
        "pod-on-a-foreign-range", "01", _pod_ips("local-path", "10.244.9.2", "fd00:10:244::2"), set(), ("DS-POD-004",)
    ),
    Case(
        "two-pods-one-address",
        "01",
        _pod_ips("local-path", "10.244.1.3", "fd00:10:244::2"),
        {
            ("DS-POD-005", "error", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V4),
            ("DS-POD-005", "error", "Pod", POD, V4),
        },
    ),
    Case(
        "pod-address-in-the-service-range",
        "01",
        _pod_ips("local-path", "10.96.4.4", "fd00:10:244::2"),
        {("DS-POD-005", "error", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V4)},
    ),
    Case(
        "mapped-pod-address-is-ipv4",
        "01",
        _pod_ips("local-path", "::ffff:10.244.0.2", "fd00:10:244::2"),
        {("DS-ADR-001", "error", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V4)},
        ("DS-POD-001",),
    ),
    # Nodes
    Case(
        "external-family-only",
        "01",
        _addresses(WORKER, ("InternalIP", "172.18.0.3"), ("ExternalIP", "2001:db8::3")),
        {("DS-NODE-001", "note", "Node", WORKER, V6)},
    ),
    Case(
        "overlapping-pod-ranges",
        "01",
        _cidrs(WORKER2, "10.244.1.128/25", "fd00:10:244:2::/64"),
        {("DS-NODE-003", "error", "Node", WORKER, V4), ("DS-NODE-003", "error", "Node", WORKER2, V4)},
    ),
    Case(
        "pod-range-over-service-range",
        "01",
        _cidrs(WORKER2, "10.96.2.0/24", "fd00:10:244:2::/64"),
        {("DS-NODE-004", "error", "Node", WORKER2, V4)},
    ),
    Case(
        "pod-range-over-a-node",
        "01",
        _cidrs(WORKER2, "172.18.0.0/24", "fd00:10:244:2::/64"),
        {("DS-NODE-004", "error", "Node", WORKER2, V4)},
    ),
    Case(
        "order-of-pod-ranges",
        "01",
        _cidrs(WORKER2, "fd00:10:244:2::/64", "10.244.2.0/24"),
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
        _both(
            _addresses(WORKER),
            _unready,
        ),
        set(),
        ("DS-NODE-001",),
    ),
    Case("single-range-but-dual-pods", "01", _cidrs(WORKER, "10.244.1.0/24"), set(), ("DS-NODE-002",)),
    # Cluster
    Case(
        "range-of-a-family-not-served",
        "10",
        _add(
            {
                "kind": "ServiceCIDR",
                "apiVersion": "networking.k8s.io/v1",
                "metadata": {"name": "extra"},
                "spec": {"cidrs": ["fd00:96::/112"]},
            }
        ),
        {("DS-CLU-003", "warning", "ServiceCIDR", "extra", V6)},
    ),
    Case(
        "service-range-not-ready",
        "01",
        _add(
            {
                "kind": "ServiceCIDR",
                "apiVersion": "networking.k8s.io/v1",
                "metadata": {"name": "extra"},
                "spec": {"cidrs": ["10.98.0.0/16"]},
                "status": {"conditions": [{"type": "Ready", "status": "False"}]},
            }
        ),
        {("DS-CLU-004", "warning", "ServiceCIDR", "extra", None)},
    ),
    Case(
        "service-range-being-deleted",
        "01",
        _add(
            {
                "kind": "ServiceCIDR",
                "apiVersion": "networking.k8s.io/v1",
                "metadata": {"name": "extra", "deletionTimestamp": "2026-11-21T00:00:00Z"},
                "spec": {"cidrs": ["10.98.0.0/16"]},
                "status": {"conditions": [{"type": "Ready", "status": "False"}]},
            }
        ),
        {("DS-CLU-004", "note", "ServiceCIDR", "extra", None)},
    ),
    Case(
        "default-range-contradicts-the-flags",
        "01",
        _add(_event("KubernetesDefaultServiceCIDRInconsistent", "ServiceCIDR", None, "kubernetes")),
        {("DS-CLU-004", "error", "ServiceCIDR", "kubernetes", None)},
    ),
    Case(
        "dns-out-of-reach",
        "01",
        _both(_pod_ips("local-path", "fd00:10:244::2")),
        {
            ("DS-CLU-006", "error", "Service", "kube-dns", V6),
            ("DS-CLU-006", "error", "Service", "kubernetes", V6),
            ("DS-POD-001", "warning", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V4),
        },
    ),
    Case(
        "nodeports-limited-in-one-family",
        "01",
        _config("kube-proxy", "config.conf", "nodePortAddresses: null", "nodePortAddresses: [192.0.2.0/24]"),
        {("DS-CLU-007", "warning", "ConfigMap", "kube-proxy", V6)},
    ),
    Case(
        "primary-nodeports",
        "01",
        _config("kube-proxy", "config.conf", "nodePortAddresses: null", "nodePortAddresses: [primary]"),
        set(),
        ("DS-CLU-007",),
    ),
    Case(
        "corefile-without-ip6-arpa",
        "01",
        _config("coredns", "Corefile", "in-addr.arpa ip6.arpa {", "in-addr.arpa {"),
        {("DS-CLU-009", "note", "ConfigMap", "coredns", V6)},
    ),
    # Load balancers
    Case(
        "require-with-one-vip-family",
        "12",
        _spec("Service", "web", ipFamilyPolicy="RequireDualStack"),
        {("DS-LB-001", "error", "Service", "web", V6)},
    ),
    Case(
        "vip-of-a-foreign-family",
        "12",
        _both(
            _lb({"ip": "203.0.113.9"}, {"ip": "2001:db8::9"}),
            _spec("Service", "web", ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=["10.96.223.11"]),
            _drop_slices("web", V6),
        ),
        {("DS-LB-003", "warning", "Service", "web", V6)},
        ("DS-LB-001",),
    ),
    Case(
        "foreign-vip-behind-a-proxy",
        "12",
        _both(
            _lb({"ip": "203.0.113.9"}, {"ip": "2001:db8::9", "ipMode": "Proxy"}),
            _spec("Service", "web", ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=["10.96.223.11"]),
            _drop_slices("web", V6),
        ),
        {("DS-LB-003", "note", "Service", "web", V6)},
    ),
    Case(
        "open-source-ranges",
        "12",
        _lb(
            {"ip": "203.0.113.9", "ipMode": "VIP"},
            {"ip": "2001:db8::9", "ipMode": "VIP"},
            loadBalancerSourceRanges=["192.0.2.0/24"],
        ),
        {("DS-LB-005", "error", "Service", "web", V6)},
    ),
    Case(
        "open-source-ranges-without-vip",
        "12",
        _lb(
            {"ip": "203.0.113.9", "ipMode": "VIP"},
            {"ip": "2001:db8::9", "ipMode": "Proxy"},
            loadBalancerSourceRanges=["192.0.2.0/24"],
        ),
        {("DS-LB-005", "warning", "Service", "web", V6)},
    ),
    Case(
        "closed-source-ranges",
        "12",
        _lb({"ip": "203.0.113.9"}, {"ip": "2001:db8::9"}, loadBalancerSourceRanges=["192.0.2.0/24", "::1/128"]),
        set(),
        ("DS-LB-005",),
    ),
    Case(
        "one-requested-address",
        "12",
        _lb({"ip": "203.0.113.9"}, {"ip": "2001:db8::9"}, loadBalancerIP="203.0.113.9"),
        {("DS-LB-006", "warning", "Service", "web", V6)},
    ),
    Case(
        "hostname-only",
        "12",
        _lb({"hostname": "lb.example"}),
        {("DS-LB-007", "note", "Service", "web", None)},
        ("DS-LB-001", "DS-LB-004"),
    ),
    # Across objects
    Case(
        "policy-of-one-family",
        "01",
        _add(_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])),
        {("DS-NET-001", "warning", "NetworkPolicy", "p", V6)},
    ),
    Case(
        "policy-with-selectors",
        "01",
        _add(_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {"from": [{"podSelector": {}}]}])),
        set(),
        ("DS-NET-001",),
    ),
    Case(
        "policy-that-allows-all",
        "01",
        _add(_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {}])),
        set(),
        ("DS-NET-001",),
    ),
    Case("deny-all-policy", "01", _add(_policy(policyTypes=["Ingress", "Egress"])), set(), ("DS-NET-001",)),
    Case(
        "except-in-one-family",
        "01",
        _add(
            _policy(
                egress=[
                    {
                        "to": [
                            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}},
                            {"ipBlock": {"cidr": "::/0"}},
                        ]
                    }
                ],
                policyTypes=["Egress"],
            )
        ),
        {("DS-NET-002", "warning", "NetworkPolicy", "p", V6)},
    ),
    # ingress-nginx, on the cluster with the chart's defaults made dual
    Case(
        "real-ip-of-one-family",
        "08",
        _data(use_proxy_protocol="true"),
        {
            ("DS-NGX-010", "warning", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "denylist-of-one-family",
        "08",
        _data(denylist_source_range="192.0.2.0/24"),
        {
            ("DS-NGX-011", "warning", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "allowlist-of-one-family",
        "08",
        _data(whitelist_source_range="192.0.2.0/24"),
        {
            ("DS-NGX-011", "note", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "bind-address-of-one-family",
        "08",
        _data(bind_address="192.0.2.7"),
        {
            ("DS-NGX-006", "warning", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "controller-lacks-a-backends-family",
        "08",
        _both(_pod_ips("ingress-nginx-controller", "10.244.1.3")),
        {
            ("DS-NET-005", "warning", "Ingress", "shop", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
            ("DS-POD-001", "warning", "Pod", "ingress-nginx-controller-d6lgqfjspf-s6xgn", V6),
            ("DS-NGX-004", "note", "Pod", "ingress-nginx-controller-d6lgqfjspf-s6xgn", V6),
        },
    ),
]

BASELINE = {
    "01": {("DS-SVC-002", S), ("DS-SVC-006", "my-service-3")},
    "08": {("DS-NGX-005", "ingress-nginx-controller"), ("DS-SVC-002", "ingress-nginx-controller-admission")},
    "10": {("DS-NGX-004", "ingress-nginx-controller-cccqb57zf7-fccmq")},
    "12": {("DS-LB-001", "web")},
}


def _identity(finding: Finding) -> tuple[str, str, str, str, str | None]:
    ref = finding.object
    return (finding.check, finding.severity.value, ref.kind, ref.name, finding.family)


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def outcome(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Session, Case]:
    case: Case = request.param
    return changed(case.scenario, case.change, tmp_path), case


def test_the_change_is_flagged_and_nothing_else_of_weight_is(outcome: tuple[Session, Case]) -> None:
    session, case = outcome
    found = {_identity(f) for f in session.book}
    assert case.fires <= found
    known = BASELINE[case.scenario]
    extra = {f for f in found - case.fires if f[1] != "note" and (f[0], f[3]) not in known}
    assert not extra
    assert not [f for f in found if f[0] in case.silent and f not in case.fires]


def test_every_message_is_a_sentence_and_every_command_can_be_pasted(outcome: tuple[Session, Case]) -> None:
    session, _ = outcome
    for finding in session.book:
        assert finding.message.rstrip("…").endswith((".", ")")), finding.message
        assert finding.severity in Severity
        for line in (finding.fix or "").split("\n"):
            if line.startswith("kubectl"):
                assert shlex.split(line)[0] == "kubectl"
