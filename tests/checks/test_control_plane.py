"""DS-CLU-007 to 010: each condition and each exemption, on a healthy cluster with one change."""

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
)
from tests.support.clusters import changed, find


def _flag(pod: str, *flags: str) -> Change:
    return lambda items: find(items, "Pod", pod)["spec"]["containers"][0]["command"].extend(flags)


def _corefile(text: str) -> Change:
    return lambda items: find(items, "ConfigMap", "coredns")["data"].update(Corefile=text)


LACKS_REVERSE = {("DS-CLU-009", "note", "ConfigMap", "coredns", V6)}

CP_MANAGER = "kube-controller-manager-cp-1"


def _only_nodes_dual(items: list[Json]) -> None:
    """The IPv4-only cluster on hosts with IPv6: pods on the host's network have it, the pod network does not."""
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


CASES = [
    Case("only-host-network-pods-are-dual", "10", _only_nodes_dual, set(), ("DS-CLU-008", "DS-NODE-001", "DS-POD-003")),
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
        "ranges-that-the-cloud-allocates",
        "12",
        _flag(CP_MANAGER, "--cidr-allocator-type=CloudAllocator", "--cluster-cidr=10.244.0.0/16"),
        set(),
        ("DS-CLU-010",),
    ),
    Case(
        "two-api-servers-alike",
        "12",
        _second_api_server("--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112"),
        set(),
        ("DS-CLU-010",),
    ),
]


def test_what_any_api_server_gives_out_is_served(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        _second_api_server("--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112")(items)
        _flag("kube-apiserver-cp-1", "--service-cluster-ip-range=10.96.0.0/16")(items)
        items[:] = [item for item in items if item["kind"] != "ServiceCIDR"]

    session = changed("12", change, tmp_path)
    assert session.profile.service_families == ("IPv4", "IPv6")
    assert not [finding for finding in session.findings if finding.check == "DS-SVC-003"]


@pytest.mark.parametrize("text", ["a: [", "nodePortAddresses", "", "a: &a [*a]"])
def test_settings_that_are_not_understood_leave_their_checks_unevaluated(text: str, tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        find(items, "ConfigMap", "kube-proxy")["data"]["config.conf"] = text

    found = {entry.check: entry.reason for entry in changed("01", change, tmp_path).not_evaluated()}
    reason = "configmaps: config.conf of kube-system/kube-proxy could not be parsed"
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
