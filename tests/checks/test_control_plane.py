"""DS-CLU-007 to 010: each condition and each exemption, on a healthy cluster that is changed in one way."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health, StatusChanged
from tests.support.changes import (
    V6,
    Case,
    Change,
    Json,
    all_of,
    only_services_dual,
    removing,
    verify,
    with_pod_cidrs,
    with_text,
)
from tests.support.clusters import changed, find


def _flag(pod: str, *flags: str) -> Change:
    return lambda items: find(items, "Pod", pod)["spec"]["containers"][0]["command"].extend(flags)


def _corefile(text: str) -> Change:
    return lambda items: find(items, "ConfigMap", "coredns")["data"].update(Corefile=text)


def _forwarding(targets: str) -> Change:
    return _corefile(
        f".:53 {{\n kubernetes cluster.local in-addr.arpa ip6.arpa {{\n }}\n forward . {targets} {{\n }}\n}}\n"
    )


LACKS_REVERSE = {("DS-CLU-009", "note", "ConfigMap", "coredns", V6)}

CP_MANAGER = "kube-controller-manager-cp-1"


def _only_nodes_dual(items: list[Json]) -> None:
    """The IPv4-only cluster on hosts that have IPv6: pods on the host's network show it, the pod network does not."""
    for i, node in enumerate(n for n in items if n["kind"] == "Node"):
        node["status"]["addresses"].append({"type": "InternalIP", "address": f"2001:db8::{i + 4}"})
    for pod in [i for i in items if i["kind"] == "Pod" and i["spec"].get("hostNetwork")]:
        pod["status"]["podIPs"].append({"ip": "2001:db8::" + pod["status"]["podIP"].rpartition(".")[2]})


def _second_api_server(*flags: str) -> Change:
    def change(items: list[Json]) -> None:
        second = copy.deepcopy(find(items, "Pod", "kube-apiserver-cp-1"))
        second["metadata"].update(name="kube-apiserver-cp-2", uid="second")
        second["spec"]["containers"][0]["command"].extend(flags)
        items.append(second)

    return change


def _without_nodes(items: list[Json]) -> None:
    items[:] = [item for item in items if item["kind"] != "Node"]


CASES = [
    Case(
        "nodeports-limited-in-one-family",
        "01",
        with_text("kube-proxy", "config.conf", "nodePortAddresses: null", "nodePortAddresses: [192.0.2.0/24]"),
        {("DS-CLU-007", "warning", "ConfigMap", "kube-proxy", V6)},
    ),
    Case(
        "primary-nodeports",
        "01",
        with_text("kube-proxy", "config.conf", "nodePortAddresses: null", "nodePortAddresses: [primary]"),
        set(),
        ("DS-CLU-007",),
    ),
    Case(
        "corefile-without-ip6-arpa",
        "01",
        with_text("coredns", "Corefile", "in-addr.arpa ip6.arpa {", "in-addr.arpa {"),
        {("DS-CLU-009", "note", "ConfigMap", "coredns", V6)},
    ),
    Case(
        "dns-forwards-to-a-family-that-its-pods-lack",
        "10",
        _forwarding("tls://2001:db8:53::1 tls://[2001:db8:53::2]:853"),
        {("DS-CLU-011", "warning", "ConfigMap", "coredns", V6)},
    ),
    Case("dns-forwards-to-both-families", "10", _forwarding("192.0.2.53 2001:db8:53::1"), set(), ("DS-CLU-011",)),
    Case("dns-forwards-to-what-the-node-asks", "10", _forwarding("/etc/resolv.conf"), set(), ("DS-CLU-011",)),
    Case("dns-pods-of-both-families", "01", _forwarding("2001:db8:53::1"), set(), ("DS-CLU-011",)),
    Case("ipv4-resolvers-of-ipv6-pods-on-aws", "14", _forwarding("192.0.2.53"), set(), ("DS-CLU-011",)),
    Case(
        "nodeports-limited-in-both-families",
        "01",
        with_text(
            "kube-proxy", "config.conf", "nodePortAddresses: null", "nodePortAddresses: [192.0.2.0/24, '2001:db8::/64']"
        ),
        set(),
        ("DS-CLU-007",),
    ),
    Case(
        "nodeports-limited-in-a-single-stack-cluster",
        "10",
        with_text("kube-proxy", "config.conf", "nodePortAddresses: null", "nodePortAddresses: [192.0.2.0/24]"),
        set(),
        ("DS-CLU-007",),
    ),
    Case(
        "cluster-cidr-of-one-family",
        "12",
        with_text(
            "kube-proxy", "config.conf", "clusterCIDR: 10.244.0.0/16,fd00:10:244::/56", "clusterCIDR: 10.244.0.0/16"
        ),
        {("DS-CLU-008", "warning", "ConfigMap", "kube-proxy", V6)},
    ),
    Case(
        "cluster-cidr-does-not-matter-for-node-cidr",
        "12",
        all_of(
            with_text(
                "kube-proxy", "config.conf", "clusterCIDR: 10.244.0.0/16,fd00:10:244::/56", "clusterCIDR: 10.244.0.0/16"
            ),
            with_text("kube-proxy", "config.conf", 'detectLocalMode: ""', "detectLocalMode: NodeCIDR"),
        ),
        set(),
        ("DS-CLU-008",),
    ),
    Case("only-host-network-pods-are-dual", "10", _only_nodes_dual, set(), ("DS-CLU-008", "DS-NODE-001", "DS-POD-003")),
    Case(
        "corefile-without-ip6-arpa-in-an-ipv4-cluster",
        "10",
        with_text("coredns", "Corefile", "in-addr.arpa ip6.arpa {", "in-addr.arpa {"),
        set(),
        ("DS-CLU-009",),
    ),
    Case(
        "reverse-zone-in-a-server-block-of-its-own",
        "01",
        _corefile(
            "cluster.local:53 in-addr.arpa:53 {\n  kubernetes cluster.local in-addr.arpa\n}\n"
            "ip6.arpa:53 {\n  errors\n  kubernetes ip6.arpa {\n    pods insecure\n  }\n}\n"
        ),
        set(),
        ("DS-CLU-009",),
    ),
    Case(
        "zones-of-the-server-block",
        "01",
        _corefile("cluster.local:53,\nin-addr.arpa:53 {\n  kubernetes {\n    pods insecure\n  }\n}\n.:53 {\n}\n"),
        LACKS_REVERSE,
    ),
    Case("every-zone-of-the-server-block", "01", _corefile("dns://.:53 {\n  kubernetes\n}\n"), set(), ("DS-CLU-009",)),
    Case(
        "reverse-zone-behind-a-variable",
        "01",
        _corefile(".:53 {\n  kubernetes cluster.local {$DOMAIN} in-addr.arpa ip6.arpa {\n    ttl 30\n  }\n}\n"),
        set(),
        ("DS-CLU-009",),
    ),
    Case(
        "reverse-zone-in-a-comment",
        "01",
        _corefile(".:53 {\n  # kubernetes ip6.arpa\n  kubernetes cluster.local in-addr.arpa # ip6.arpa\n}\n"),
        LACKS_REVERSE,
    ),
    Case("no-kubernetes-plug-in", "01", _corefile(".:53 {\n  forward . /etc/resolv.conf\n}\n"), set(), ("DS-CLU-009",)),
    Case(
        "only-host-network-pods-are-dual-and-nodes-are-not-read",
        "10",
        all_of(_only_nodes_dual, _without_nodes),
        set(),
        ("DS-CLU-008",),
    ),
    Case(
        "service-ranges-in-another-order",
        "12",
        _flag(CP_MANAGER, "--service-cluster-ip-range=fd00:10:96::/112,10.96.0.0/16"),
        {("DS-CLU-010", "warning", "Cluster", "cluster", None)},
    ),
    Case(
        "controller-manager-lacks-a-service-range",
        "12",
        _flag(CP_MANAGER, "--service-cluster-ip-range=10.96.0.0/16"),
        {("DS-CLU-010", "warning", "Cluster", "cluster", V6)},
    ),
    Case(
        "same-ranges-in-another-spelling",
        "12",
        _flag(CP_MANAGER, "--service-cluster-ip-range", "10.96.0.0/16,FD00:10:96:0::/112"),
        set(),
        ("DS-CLU-010",),
    ),
    Case(
        "cluster-cidr-flag-lacks-a-family",
        "10",
        all_of(_only_nodes_dual, only_services_dual),
        {
            ("DS-CLU-010", "warning", "Cluster", "cluster", V6),
            ("DS-CLU-001", "warning", "Cluster", "cluster", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "cluster-cidr-flag-lacks-a-range-that-nodes-have",
        "12",
        _flag(CP_MANAGER, "--cluster-cidr=10.244.0.0/16"),
        {("DS-CLU-010", "error", "Cluster", "cluster", V6)},
    ),
    Case(
        "cluster-cidr-flag-in-another-order-than-the-nodes",
        "12",
        _flag(CP_MANAGER, "--cluster-cidr=fd00:10:244::/56,10.244.0.0/16"),
        {("DS-CLU-010", "error", "Cluster", "cluster", None)},
    ),
    Case(
        "nodes-from-before-the-second-range",
        "12",
        with_pod_cidrs("node-a", "10.244.1.0/24"),
        set(),
        ("DS-CLU-010",),
    ),
    Case(
        "ranges-that-the-cloud-allocates",
        "12",
        _flag(CP_MANAGER, "--cidr-allocator-type=CloudAllocator", "--cluster-cidr=10.244.0.0/16"),
        set(),
        ("DS-CLU-010",),
    ),
    Case(
        "one-of-two-api-servers-in-another-order",
        "12",
        _second_api_server("--service-cluster-ip-range=fd00:10:96::/112,10.96.0.0/16"),
        {("DS-CLU-010", "warning", "Cluster", "cluster", None)},
    ),
    Case(
        "two-api-servers-alike",
        "12",
        _second_api_server("--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112"),
        set(),
        ("DS-CLU-010",),
    ),
    Case(
        "cluster-cidr-flag-that-nobody-uses",
        "12",
        _flag(CP_MANAGER, "--allocate-node-cidrs=false", "--cluster-cidr=10.244.0.0/16"),
        set(),
        ("DS-CLU-010",),
    ),
]


@pytest.mark.parametrize("text", ["a: [", "nodePortAddresses", "", "a: &a [*a]"])
def test_settings_that_are_not_understood_leave_their_checks_unevaluated(text: str, tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        find(items, "ConfigMap", "kube-proxy")["data"]["config.conf"] = text

    found = {entry.check: entry.reason for entry in changed("01", change, tmp_path).not_evaluated()}
    reason = "configmaps: config.conf of kube-system/kube-proxy was not understood"
    assert {code for code, why in found.items() if why == reason} == {"DS-CLU-007", "DS-CLU-008"}


@pytest.mark.parametrize(
    ("refused", "codes"), [("kube-proxy", ["DS-CLU-007", "DS-CLU-008"]), ("coredns", ["DS-CLU-009"])]
)
def test_configmap_that_was_not_read_leaves_its_checks_unevaluated(
    refused: str, codes: list[str], tmp_path: Path
) -> None:
    session = changed("01", removing("ConfigMap", refused), tmp_path)
    assert not {entry.check for entry in session.not_evaluated()} & {"DS-CLU-007", "DS-CLU-008", "DS-CLU-009"}
    reason = f"not read in kube-system/{refused}"
    session.state.apply(StatusChanged(kind=Kind.CONFIG_MAP, health=Health.LIVE, reason=reason))
    found = {entry.check: entry.reason for entry in session.not_evaluated()}
    assert [code for code in found if code.startswith("DS-CLU-00") and code > "DS-CLU-006"] == codes
    assert {found[code] for code in codes} == {f"configmaps: {reason}"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
