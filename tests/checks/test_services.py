"""DS-SVC: each condition and each exemption, on a healthy cluster that is changed in one way."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from dsview.session.session import Session
from tests.support.changes import V4, V6, Case, Change, Json, S, adding, all_of, event, removing, verify, with_spec
from tests.support.clusters import changed, find


def _replacing_kube_proxy(namespace: str, label: str, app: str) -> Change:
    def change(items: list[Json]) -> None:
        for item in [i for i in items if i["kind"] == "Pod" and i["metadata"]["name"].startswith("kube-proxy-")]:
            item["metadata"].update(namespace=namespace, labels={label: app})

    return change


def _with_foreign_family(*families: str, **spec: Any) -> Change:
    """Service web of the IPv4-only cluster, left over from when there was IPv6."""
    ips = {"IPv4": "10.96.172.54", "IPv6": "fd00:10:96::7"}
    chosen = [ips[f] for f in families]
    return with_spec("Service", "web", ipFamilies=list(families), clusterIPs=chosen, clusterIP=chosen[0], **spec)


def _selectorless_headless(items: list[Json]) -> None:
    find(items, "Service", "web")["spec"].update(
        clusterIP="None",
        clusterIPs=["None"],
        selector=None,
        ipFamilies=["IPv4", "IPv6"],
        ipFamilyPolicy="RequireDualStack",
    )


def _sharing_v6(items: list[Json]) -> None:
    one, two = (find(items, "Service", f"my-service-{n}")["spec"] for n in (2, 3))
    two["clusterIPs"][0] = one["clusterIPs"][1]
    two["clusterIP"] = one["clusterIPs"][1]


def _parent(**parent: str) -> Change:
    """What the IPAddress object of Service my-service belongs to."""
    return lambda items: find(items, "IPAddress", "10.96.19.10")["spec"].update(parentRef=parent)


def _said_by_an_event(items: list[Json]) -> None:
    """No ServiceCIDR was given, as on clusters before 1.31, but the API server's event about the second address."""
    removing("ServiceCIDR", "kubernetes")(items)
    address = find(items, "Service", "my-service-2")["spec"]["clusterIPs"][1]
    items.append(
        event(
            "ClusterIPOutOfRange",
            "Service",
            "default",
            "my-service-2",
            f"Cluster IP [IPv6]: {address} is not within any configured Service CIDR",
        )
    )


CASES = [
    Case(
        "prefer-keeps-one-family",
        "01",
        with_spec("Service", S, ipFamilyPolicy="PreferDualStack"),
        {("DS-SVC-001", "warning", "Service", S, V6)},
        ("DS-API-002",),
    ),
    Case(
        "cluster-ip-outside-the-ranges",
        "01",
        with_spec("Service", S, clusterIP="10.200.0.9", clusterIPs=["10.200.0.9"]),
        {("DS-SVC-004", "error", "Service", S, V4)},
    ),
    Case(
        "one-address-for-two-services",
        "01",
        with_spec("Service", S, clusterIP="10.96.190.2", clusterIPs=["10.96.190.2"]),
        {("DS-SVC-005", "error", "Service", S, V4), ("DS-SVC-005", "error", "Service", "my-service-2", V4)},
    ),
    Case(
        "address-object-of-another-service",
        "01",
        lambda items: find(items, "IPAddress", "10.96.19.10")["spec"]["parentRef"].update(name="gone"),
        {("DS-SVC-005", "warning", "Service", S, V4)},
    ),
    Case(
        "address-object-of-a-service-of-that-name-elsewhere",
        "01",
        _parent(group="", resource="services", namespace="shop", name=S),
        {("DS-SVC-005", "warning", "Service", S, V4)},
    ),
    Case(
        "address-object-of-something-else",
        "01",
        _parent(group="gateway.networking.k8s.io", resource="gateways", namespace="default", name=S),
        {("DS-SVC-005", "warning", "Service", S, V4)},
    ),
    Case(
        "one-address-in-two-spellings",
        "01",
        with_spec("Service", S, clusterIP="010.096.190.002", clusterIPs=["010.096.190.002"]),
        {
            ("DS-SVC-005", "error", "Service", S, V4),
            ("DS-SVC-005", "error", "Service", "my-service-2", V4),
            ("DS-ADR-002", "warning", "Service", S, V4),
        },
    ),
    Case(
        "external-name-holds-no-address-any-more",
        "01",
        with_spec(
            "Service",
            S,
            type="ExternalName",
            externalName="x.example",
            selector=None,
            clusterIP="10.96.190.2",
            clusterIPs=["10.96.190.2"],
            loadBalancerSourceRanges=["10.0.0.1/8"],
        ),
        set(),
        ("DS-SVC-005", "DS-ADR-002"),
    ),
    Case(
        "external-ip-of-the-other-family",
        "01",
        with_spec("Service", S, externalIPs=["2001:db8::7"]),
        {("DS-SVC-007", "warning", "Service", S, V6)},
    ),
    Case(
        "external-name-is-exempt",
        "01",
        with_spec(
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
    Case(
        "family-given-up-by-the-cluster",
        "10",
        _with_foreign_family("IPv4", "IPv6", ipFamilyPolicy="PreferDualStack"),
        {
            ("DS-SVC-003", "error", "Service", "web", V6),
            ("DS-EPS-003", "warning", "Service", "web", V6),
            ("DS-EPS-001", "error", "Service", "web", V6),
        },
        ("DS-SVC-001", "DS-SVC-004", "DS-CLU-001"),
    ),
    Case(
        "first-family-is-not-the-only-one-of-the-cluster",
        "10",
        _with_foreign_family("IPv6", ipFamilyPolicy="SingleStack"),
        {
            ("DS-SVC-003", "error", "Service", "web", V6),
            ("DS-SVC-006", "note", "Service", "web", V6),
            ("DS-EPS-001", "error", "Service", "web", V6),
            ("DS-EPS-003", "warning", "Service", "web", V6),
            ("DS-EPS-004", "warning", "EndpointSlice", "web-nx2cd", V4),
            ("DS-EPS-006", "warning", "Service", "web", V4),
        },
    ),
    Case("headless-without-selector-has-both", "10", _selectorless_headless, set(), ("DS-SVC-003", "DS-EPS-003")),
    Case(
        "single-stack-in-a-single-stack-cluster",
        "10",
        with_spec("Service", "web", ipFamilyPolicy="SingleStack"),
        set(),
        ("DS-SVC-001", "DS-SVC-002"),
    ),
    Case(
        "address-of-a-second-range",
        "01",
        all_of(
            with_spec("Service", S, clusterIP="10.200.0.9", clusterIPs=["10.200.0.9"]),
            adding(
                {
                    "kind": "ServiceCIDR",
                    "apiVersion": "networking.k8s.io/v1",
                    "metadata": {"name": "more"},
                    "spec": {"cidrs": ["10.200.0.0/24"]},
                }
            ),
        ),
        set(),
        ("DS-SVC-004",),
    ),
    Case(
        "event-tells-where-ranges-are-not-given",
        "01",
        _said_by_an_event,
        {("DS-SVC-004", "error", "Service", "my-service-2", V6)},
    ),
    Case(
        "two-dual-services-one-address",
        "01",
        _sharing_v6,
        {
            ("DS-SVC-005", "error", "Service", "my-service-3", V6),
            ("DS-SVC-005", "error", "Service", "my-service-2", V6),
        },
    ),
    Case(
        "external-ip-without-kube-proxy",
        "01",
        all_of(
            with_spec("Service", S, externalIPs=["2001:db8::7"]),
            _replacing_kube_proxy("kube-system", "k8s-app", "cilium"),
        ),
        set(),
        ("DS-SVC-007",),
    ),
    Case(
        "external-ip-in-an-ovn-kubernetes-cluster",
        "01",
        all_of(
            with_spec("Service", S, externalIPs=["2001:db8::7"]),
            _replacing_kube_proxy("openshift-ovn-kubernetes", "app", "ovnkube-node"),
        ),
        set(),
        ("DS-SVC-007",),
    ),
    Case(
        "external-ip-where-a-tenant-calls-its-pod-cilium",
        "01",
        all_of(
            with_spec("Service", S, externalIPs=["2001:db8::7"]), _replacing_kube_proxy("shop", "k8s-app", "cilium")
        ),
        {("DS-SVC-007", "warning", "Service", S, V6)},
    ),
    Case(
        "external-ip-of-another-proxy",
        "01",
        all_of(
            with_spec("Service", S, externalIPs=["2001:db8::7"]),
            lambda items: find(items, "Service", S)["metadata"].update(
                labels={"service.kubernetes.io/service-proxy-name": "mine"}
            ),
        ),
        set(),
        ("DS-SVC-007",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def _fix(session: Session, code: str, name: str) -> str:
    found = next(f for f in session.book if f.check == code and f.object.name == name)
    return found.fix or ""


def test_a_recreated_service_asks_only_for_what_the_cluster_has(tmp_path: Path) -> None:
    change = _with_foreign_family("IPv6", "IPv4", ipFamilyPolicy="RequireDualStack")
    fix = _fix(changed("10", change, tmp_path), "DS-SVC-003", "web")
    # RequireDualStack is refused where the cluster has one family, whatever ipFamilies says.
    assert {".spec.ipFamilies", ".spec.ipFamilyPolicy", ".spec.clusterIP"} <= set(_dropped(fix))


def test_a_service_that_needs_another_address_keeps_its_families(tmp_path: Path) -> None:
    change = with_spec("Service", "my-service-3", clusterIP="fd00::9", clusterIPs=["fd00::9", "10.96.9.9"])
    dropped = _dropped(_fix(changed("01", change, tmp_path), "DS-SVC-004", "my-service-3"))
    assert ".spec.clusterIPs" in dropped
    assert not [path for path in dropped if "ipFamil" in path]


def test_of_two_services_with_one_address_the_one_without_right_to_it_leaves(tmp_path: Path) -> None:
    # The address is 10.96.190.2, whose IPAddress object names my-service-2.
    shared = with_spec("Service", S, clusterIP="10.96.190.2", clusterIPs=["10.96.190.2"])
    session = changed("01", shared, tmp_path)
    fixes = {name: _fix(session, "DS-SVC-005", name) for name in (S, "my-service-2")}
    assert fixes[S] == fixes["my-service-2"]
    assert f"get service {S} " in fixes[S]


def test_a_headless_service_stays_headless_when_it_is_recreated(tmp_path: Path) -> None:
    change = with_spec("Service", "my-service-2", clusterIP="None", clusterIPs=["None"], ipFamilyPolicy="SingleStack")
    dropped = _dropped(_fix(changed("01", change, tmp_path), "DS-API-002", "my-service-2"))
    # SingleStack is refused with two families.
    assert ".spec.ipFamilies[1:]" in dropped
    assert not [path for path in dropped if "clusterIP" in path]


def _dropped(fix: str) -> list[str]:
    program = next(word for word in shlex.split(fix) if word.startswith("del("))
    return program.removeprefix("del(").removesuffix(")").split(",")


def test_where_the_api_servers_service_is_not_seen_most_services_tell_the_order(tmp_path: Path) -> None:
    def of_one_namespace(items: list[Json]) -> None:
        kept = [i for i in items if i["kind"] == "Service" and i["metadata"]["namespace"] == "default"]
        items[:] = [i for i in kept if i["metadata"]["name"] != "kubernetes"]
        # By name the first: it wants IPv6 first, as one of three.
        find(items, "Service", "my-service-3")["metadata"]["name"] = "a"

    profile = changed("01", of_one_namespace, tmp_path).profile
    assert (profile.mode, profile.confidence.value) == ("dual-ipv4-first", "observed")
