"""DS-NET-003 to 005: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.support.changes import (
    CONTROLLER,
    V6,
    Case,
    Change,
    Json,
    all_of,
    dropping_slices,
    pod_named,
    verify,
    with_pod_ips,
    with_spec,
)
from tests.support.clusters import find

BOTH = {"ingress": [{"ip": "203.0.113.20"}, {"ip": "2001:db8::20"}]}
AS_IT_IS = {("DS-NGX-005", "warning", "Service", CONTROLLER, V6)}


def _controllers_with(*flags: str) -> Change:
    def change(items: list[Json]) -> None:
        for i in (0, 1):
            pod_named(items, CONTROLLER, i)["spec"]["containers"][0]["args"].extend(flags)

    return change


def _dual_service_with_addresses(items: list[Json]) -> None:
    """The controller's Service has both families and both addresses; its Ingress shows one of them."""
    service = find(items, "Service", CONTROLLER)
    service["spec"].update(
        ipFamilies=["IPv4", "IPv6"], clusterIPs=["10.96.157.173", "fd00:10:96::77"], ipFamilyPolicy="RequireDualStack"
    )
    service["status"]["loadBalancer"] = BOTH
    old = next(
        i
        for i in items
        if i["kind"] == "EndpointSlice"
        and i["metadata"]["name"].startswith(CONTROLLER)
        and "admission" not in i["metadata"]["name"]
    )
    new = copy.deepcopy(old)
    new["metadata"]["name"] += "6"
    new["addressType"] = "IPv6"
    for endpoint in new["endpoints"]:
        pod = find(items, "Pod", endpoint["targetRef"]["name"])
        endpoint["addresses"] = [pod["status"]["podIPs"][1]["ip"]]
    items.append(new)


def _backend_has(family: str) -> Change:
    """The backend is SingleStack, and its family is not that of the single-stack controller."""
    return all_of(
        dropping_slices("web", "IPv4" if family == "IPv6" else "IPv6"),
        lambda items: find(items, "Service", "web")["spec"].update(
            ipFamilies=[family],
            ipFamilyPolicy="SingleStack",
            clusterIP="fd00:10:96::bc01",
            clusterIPs=["fd00:10:96::bc01"],
        ),
    )


CASES = [
    Case(
        "controller-lacks-a-backends-family",
        "08",
        all_of(with_pod_ips("ingress-nginx-controller", "10.244.1.3")),
        {
            ("DS-NET-005", "warning", "Ingress", "shop", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
            ("DS-POD-001", "warning", "Pod", "ingress-nginx-controller-d6lgqfjspf-s6xgn", V6),
            ("DS-NGX-004", "note", "Pod", "ingress-nginx-controller-d6lgqfjspf-s6xgn", V6),
        },
    ),
    Case(
        "status-lacks-a-family",
        "08",
        _dual_service_with_addresses,
        {("DS-NET-003", "warning", "Ingress", "shop", V6)},
        ("DS-NGX-005", "DS-NGX-003", "DS-EPS-002"),
    ),
    Case(
        "ingress-in-a-namespace-that-the-controller-does-not-watch",
        "08",
        all_of(_dual_service_with_addresses, _controllers_with("--watch-namespace", "$(POD_NAMESPACE)")),
        set(),
        ("DS-NET-003", "DS-NET-004", "DS-NET-005"),
    ),
    Case(
        "ingress-in-the-namespace-that-the-controller-watches",
        "08",
        all_of(_dual_service_with_addresses, _controllers_with("--watch-namespace=shop")),
        {("DS-NET-003", "warning", "Ingress", "shop", V6)},
    ),
    Case(
        "ingress-of-another-controller",
        "08",
        all_of(_dual_service_with_addresses, with_spec("Ingress", "shop", ingressClassName="alb")),
        set(),
        ("DS-NET-003", "DS-NET-004", "DS-NET-005"),
    ),
    Case(
        "backend-and-controller-disjoint",
        "08",
        all_of(
            _backend_has("IPv6"),
            with_pod_ips(CONTROLLER, "10.244.1.3"),
            with_pod_ips(CONTROLLER, "10.244.2.3", index=1),
        ),
        AS_IT_IS
        | {
            ("DS-NET-004", "error", "Ingress", "shop", V6),
            ("DS-POD-001", "warning", "Pod", "ingress-nginx-controller-d6lgqfjspf-s6xgn", V6),
            ("DS-POD-001", "warning", "Pod", "ingress-nginx-controller-d6lgqfjspf-xfnbk", V6),
        },
        ("DS-NET-005", "DS-NGX-003"),
    ),
    Case("proxying-across-families-is-fine", "08", _backend_has("IPv6"), AS_IT_IS, ("DS-NET-004", "DS-NET-005")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
