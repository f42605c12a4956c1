"""DS-NET-006: each condition and each exemption, on a healthy cluster that is changed in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import V6, Case, Json, adding, all_of, verify, with_addresses
from tests.support.clusters import find


def _admission_of_ipv6(items: list[Json]) -> None:
    find(items, "Service", "ingress-nginx-controller-admission")["spec"].update(
        ipFamilies=["IPv6"], clusterIP="fd00:10:96::99", clusterIPs=["fd00:10:96::99"]
    )
    for item in items:
        labels = item["metadata"].get("labels") or {}
        if item["kind"] == "EndpointSlice" and labels.get("kubernetes.io/service-name", "").endswith("-admission"):
            item["addressType"] = "IPv6"
            for endpoint in item["endpoints"]:
                endpoint["addresses"] = [find(items, "Pod", endpoint["targetRef"]["name"])["status"]["podIPs"][1]["ip"]]


ODD = {("DS-NET-006", "warning", "ValidatingWebhookConfiguration", "ingress-nginx-admission", V6)}
API_SERVICE = {
    "kind": "APIService",
    "apiVersion": "apiregistration.k8s.io/v1",
    "metadata": {"name": "v1beta1.metrics.k8s.io"},
    "spec": {"service": {"namespace": "ingress-nginx", "name": "ingress-nginx-controller-admission"}},
}


CASES = [
    Case(
        "control-plane-lacks-the-family",
        "08",
        all_of(_admission_of_ipv6, with_addresses("cp-1", ("InternalIP", "192.0.2.4"))),
        ODD | {("DS-NODE-001", "error", "Node", "cp-1", V6)},
    ),
    Case("control-plane-has-the-family", "08", _admission_of_ipv6, set(), ("DS-NET-006",)),
    Case(
        "control-plane-is-not-visible",
        "08",
        all_of(
            _admission_of_ipv6,
            lambda items: find(items, "Node", "cp-1")["metadata"]["labels"].pop(
                "node-role.kubernetes.io/control-plane"
            ),
        ),
        ODD,
    ),
    Case(
        "aggregated-api",
        "08",
        all_of(_admission_of_ipv6, adding(API_SERVICE), with_addresses("cp-1", ("InternalIP", "192.0.2.4"))),
        ODD
        | {
            ("DS-NET-006", "warning", "APIService", "v1beta1.metrics.k8s.io", V6),
            ("DS-NODE-001", "error", "Node", "cp-1", V6),
        },
    ),
    Case(
        "webhook-behind-a-url",
        "08",
        lambda items: find(items, "ValidatingWebhookConfiguration", "ingress-nginx-admission")["webhooks"][0].update(
            clientConfig={"url": "https://hooks.example"}
        ),
        set(),
        ("DS-NET-006",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
