"""Changes to the scenarios and their expected findings: a vocabulary for the tests of the checks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any, NamedTuple

from dsview.core.finding import Finding
from dsview.session.session import Session
from tests.support.clusters import changed, find

Json = dict[str, Any]
Change = Callable[[list[Json]], object]
Conf = Callable[[str, str], str]
"""Maps the name of a controller pod and its nginx.conf to the changed nginx.conf."""

Outcome = tuple[str, str, str, str, str | None]
"""Code, severity, kind, name and family of a finding."""

CP, WORKER, WORKER2 = "kind-control-plane", "kind-worker", "kind-worker2"
S = "my-service"
POD = "nginx-deployment-w5nkzhjcmd-245bl"
LOCAL_PATH = "local-path-provisioner-jc8wc85jzj-cdhng"
CONTROLLER = "ingress-nginx-controller"
V4, V6 = "IPv4", "IPv6"

BASELINE: dict[str, set[tuple[str, str | None]]] = {
    "01": {("DS-SVC-002", S), ("DS-SVC-006", "my-service-3")},
    "03": {("DS-POD-001", None)},
    "04": {("DS-POD-001", None), ("DS-EPS-002", "web")},
    "07": {("DS-POD-003", "kube-proxy-5lm7j")},
    "08": {
        ("DS-NGX-005", "ingress-nginx-controller"),
        # Cases that change the families of a Service leave its load balancer and its Endpoints object unchanged.
        ("DS-LB-001", "ingress-nginx-controller"),
        ("DS-EPS-006", "ingress-nginx-controller-admission"),
        ("DS-EPS-006", "web"),
    },
    "05": {("DS-NODE-002", "node-b"), ("DS-EPS-002", "web")},
    "09": {("DS-NGX-002", "ingress-nginx-controller"), ("DS-NGX-003", "ingress-nginx-controller")},
    # Cases that give a node IPv6 leave its host-network pods and the controller manager's flags unchanged.
    "10": {
        ("DS-POD-003", "kindnet-7tzc8"),
        ("DS-POD-003", "kube-proxy-hcwp2"),
        ("DS-CLU-010", "cluster"),
    },
    "12": {("DS-LB-001", "web")},
    "14": set(),
}
"""Findings of the unchanged scenarios, by code and name (None for any name). A change may keep or resolve them."""


def unchanged(name: str, text: str) -> str:
    """Leave the nginx.conf unchanged."""
    return text


class Case(NamedTuple):
    """A change to a scenario, the findings that it must cause, and the codes that must not fire at all."""

    name: str
    scenario: str
    change: Change
    fires: Set[Outcome] = frozenset()
    silent: tuple[str, ...] = ()
    conf: Conf = unchanged


def verify(case: Case, folder: Path) -> Session:
    """Assert that the change causes the expected findings, and no other warnings or errors."""
    session = changed(case.scenario, case.change, folder, case.conf)
    found = {outcome_of(finding) for finding in session.findings}
    assert case.fires <= found, sorted(map(str, found))
    known = BASELINE[case.scenario]
    extra = {f for f in found - case.fires if f[1] != "note" and not {(f[0], f[3]), (f[0], None)} & known}
    assert not extra
    assert not [f for f in found - case.fires if f[0] in case.silent]
    assert not [entry for entry in session.not_evaluated() if "failed on" in entry.reason]
    return session


def outcome_of(finding: Finding) -> Outcome:
    """The parts of a finding that a case names."""
    ref = finding.object
    return (finding.check, finding.severity.value, ref.kind, ref.name, finding.family)


def with_spec(kind: str, name: str, **fields: Any) -> Change:
    return lambda items: find(items, kind, name)["spec"].update(fields)


def with_status(kind: str, name: str, **fields: Any) -> Change:
    return lambda items: find(items, kind, name)["status"].update(fields)


def pod_named(items: list[Json], prefix: str, index: int = 0) -> Json:
    found = [i for i in items if i["kind"] == "Pod" and i["metadata"]["name"].startswith(prefix)]
    return found[index]


def with_pod_ips(prefix: str, *ips: str, index: int = 0) -> Change:
    def change(items: list[Json]) -> None:
        pod_named(items, prefix, index)["status"].update(podIP=ips[0], podIPs=[{"ip": ip} for ip in ips])

    return change


def all_of(*changes: Change) -> Change:
    def change(items: list[Json]) -> None:
        for one in changes:
            one(items)

    return change


def as_manifest(kind: str, name: str) -> Change:
    """Reduce an object to its manifest, as in a Git repository: without what the API server adds."""

    def change(items: list[Json]) -> None:
        item = find(items, kind, name)
        item.pop("status", None)
        item["metadata"] = {key: item["metadata"][key] for key in ("name", "namespace")}
        for field in ("clusterIP", "clusterIPs"):
            item["spec"].pop(field, None)

    return change


def adding(item: Json) -> Change:
    return lambda items: items.append(copy.deepcopy(item))


def removing(kind: str, name: str) -> Change:
    return lambda items: items.remove(find(items, kind, name))


def with_controller_data(**values: str) -> Change:
    def change(items: list[Json]) -> None:
        find(items, "ConfigMap", "ingress-nginx-controller")["data"] = {
            k.replace("_", "-"): v for k, v in values.items()
        }

    return change


def with_addresses(node: str, *addresses: tuple[str, str]) -> Change:
    return with_status("Node", node, addresses=[{"type": kind, "address": text} for kind, text in addresses])


def with_pod_cidrs(node: str, *cidrs: str) -> Change:
    return with_spec("Node", node, podCIDR=cidrs[0] if cidrs else None, podCIDRs=list(cidrs))


def with_load_balancer(*entries: Json, **spec: Any) -> Change:
    return all_of(
        with_status("Service", "web", loadBalancer={"ingress": list(entries)}), with_spec("Service", "web", **spec)
    )


def event(reason: str, kind: str, namespace: str | None, name: str, message: str = "it failed") -> Json:
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


def network_policy(**spec: Any) -> Json:
    return {
        "kind": "NetworkPolicy",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"podSelector": {}, **spec},
    }


def only_services_dual(items: list[Json]) -> None:
    """Add an IPv6 Service range to the API server, but to no other component."""
    find(items, "ServiceCIDR", "kubernetes")["spec"]["cidrs"].append("fd00:10:96::/112")


def endpoint_slice(name: str, address_type: str, *addresses: str, managed: bool = False) -> Json:
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


def dropping_slices(service: str, address_type: str) -> Change:
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


def emptying_slices(service: str, address_type: str) -> Change:
    def change(items: list[Json]) -> None:
        for item in items:
            labels = item["metadata"].get("labels") or {}
            is_of_service = labels.get("kubernetes.io/service-name") == service
            if item["kind"] == "EndpointSlice" and is_of_service and item["addressType"] == address_type:
                item["endpoints"] = None

    return change
