"""A symptom folds under its cause, but only if the cause concerns something on the way of this Service."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.changes import (
    CONTROLLER,
    LOCAL_PATH,
    V4,
    V6,
    Change,
    Conf,
    Json,
    all_of,
    dropping_slices,
    emptying_slices,
    only_services_dual,
    unchanged,
    with_load_balancer,
    with_pod_ips,
    with_spec,
)
from tests.support.clusters import changed, find


class Fold(NamedTuple):
    """A change, the symptom by check and object, and the check that it finally folds under; None for none."""

    name: str
    scenario: str
    change: Change
    symptom: tuple[str, str]
    root: str | None
    conf: Conf = unchanged


def _nothing(items: list[Json]) -> None:
    pass


def _on_the_host(*, with_ipv6: bool) -> Change:
    """The pods of web are on the network of their nodes, which have IPv4 only, or both families."""

    def change(items: list[Json]) -> None:
        for item in items:
            if item["kind"] == "Pod" and item["metadata"]["name"].startswith("web-"):
                item["spec"]["hostNetwork"] = True
            if item["kind"] == "Node" and not with_ipv6:
                addresses = item["status"]["addresses"]
                item["status"]["addresses"] = [a for a in addresses if ":" not in a["address"]]

    return change


def _with_pod_ranges_of_both(items: list[Json]) -> None:
    """The controller manager has both pod ranges, but still the previous Service range."""
    manager = next(item for item in items if item["metadata"]["name"].startswith("kube-controller-manager"))
    server = next(item for item in items if item["metadata"]["name"].startswith("kube-apiserver"))
    manager["spec"]["containers"][0]["command"].append("--cluster-cidr=10.244.0.0/16,fd00:10:244::/56")
    server["spec"]["containers"][0]["command"].append("--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112")


def _requesting_one(items: list[Json]) -> None:
    annotations = find(items, "Service", "web")["metadata"].setdefault("annotations", {})
    annotations["metallb.io/loadBalancerIPs"] = "203.0.113.9"


def _published_in_both(items: list[Json]) -> None:
    service = find(items, "Service", CONTROLLER)
    service["spec"].update(ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="PreferDualStack")
    service["spec"]["clusterIPs"].append("fd00:10:96::7777")
    for item in items:
        labels = item["metadata"].get("labels", {})
        if item["kind"] == "EndpointSlice" and labels.get("kubernetes.io/service-name") == CONTROLLER:
            pods = {i["metadata"]["name"]: i for i in items if i["kind"] == "Pod"}
            six = {**item, "addressType": "IPv6", "metadata": {**item["metadata"], "name": f"{CONTROLLER}-six"}}
            six["endpoints"] = [
                {**e, "addresses": [ip["ip"] for ip in pods[e["targetRef"]["name"]]["status"]["podIPs"][1:]]}
                for e in item["endpoints"]
            ]
            items.append(six)
            return


def _without_v6_listens(name: str, text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "listen [::]" not in line)


def _local_and_short_of_one(items: list[Json]) -> None:
    """The policy is Local, and the IPv6 slice lacks one of two pods that have both families."""
    find(items, "Service", "web")["spec"]["externalTrafficPolicy"] = "Local"
    for item in items:
        labels = item["metadata"].get("labels") or {}
        is_of_web = item["kind"] == "EndpointSlice" and labels.get("kubernetes.io/service-name") == "web"
        if is_of_web and item["addressType"] == "IPv6":
            item["endpoints"] = item["endpoints"][:1]


def _spelled_out(items: list[Json]) -> None:
    """The address of a node, and of a pod on its network, is not in canonical form."""
    find(items, "Node", "node-b")["status"]["addresses"][1]["address"] = "2001:0db8::6"
    find(items, "Pod", "kube-proxy-kkphg")["status"]["podIPs"][1]["ip"] = "2001:0db8::6"


FOLDS = [
    Fold("old-pods", "03", _nothing, ("DS-EPS-001", "web"), "DS-POD-001"),
    Fold(
        "a-pod-of-another-service-explains-nothing",
        "01",
        all_of(emptying_slices("my-service-2", V6), with_pod_ips(LOCAL_PATH, "10.244.1.9")),
        ("DS-EPS-001", "my-service-2"),
        None,
    ),
    Fold("half-restarted", "04", _nothing, ("DS-EPS-002", "web"), "DS-POD-001"),
    Fold("node-from-before", "05", _nothing, ("DS-EPS-002", "web"), "DS-NODE-002"),
    Fold(
        "nodes-without-an-address-under-host-network-pods",
        "03",
        _on_the_host(with_ipv6=False),
        ("DS-EPS-001", "web"),
        "DS-NODE-001",
    ),
    Fold(
        "dead-everywhere",
        "03",
        all_of(
            with_spec("Service", "web", ipFamilies=["IPv6"], ipFamilyPolicy="SingleStack"),
            with_spec("Service", "web", clusterIP="fd00:10:96::36f4", clusterIPs=["fd00:10:96::36f4"]),
            dropping_slices("web", V4),
        ),
        ("DS-EPS-008", "web"),
        "DS-POD-001",
    ),
    Fold(
        "requested-in-one-family",
        "12",
        all_of(with_load_balancer({"ip": "203.0.113.9"}), _requesting_one),
        ("DS-LB-001", "web"),
        "DS-LB-006",
    ),
    Fold("no-pod-range-of-the-family", "10", only_services_dual, ("DS-CLU-001", "cluster"), "DS-CLU-010"),
    Fold(
        "flags-that-differ-explain-no-missing-pod-range",
        "10",
        all_of(only_services_dual, _with_pod_ranges_of_both),
        ("DS-CLU-001", "cluster"),
        None,
    ),
    Fold(
        "host-network-pod-that-repeats-its-node",
        "07",
        _spelled_out,
        ("DS-ADR-002", "kube-proxy-kkphg"),
        "DS-ADR-002",
    ),
    Fold("local-policy-where-a-slice-lags-behind", "12", _local_and_short_of_one, ("DS-LB-008", "web"), "DS-EPS-002"),
    Fold("not-requested", "12", _nothing, ("DS-LB-001", "web"), None),
    Fold("disabled", "09", _nothing, ("DS-NGX-003", CONTROLLER), "DS-NGX-002"),
    Fold(
        "started-too-early",
        "08",
        _published_in_both,
        ("DS-NGX-003", CONTROLLER),
        "DS-NGX-001",
        _without_v6_listens,
    ),
]


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.name)
def test_a_symptom_folds_under_what_explains_it(fold: Fold, tmp_path: Path) -> None:
    session = changed(fold.scenario, fold.change, tmp_path, fold.conf)
    check, name = fold.symptom
    (symptom,) = [f for f in session.findings if f.check == check and f.object.name == name]
    root = session.root_of(symptom)
    assert (root.check if root is not None else None) == fold.root
