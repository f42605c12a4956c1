"""DS-SVC: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from dsview.session.session import Session
from tests.support.changes import V4, V6, Case, Change, Json, S, verify, with_spec
from tests.support.clusters import changed, find


def _with_foreign_family(*families: str, **spec: Any) -> Change:
    """Service web of the IPv4-only cluster, created when it still had IPv6."""
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


CASES = [
    Case(
        "prefer-keeps-one-family",
        "01",
        with_spec("Service", S, ipFamilyPolicy="PreferDualStack"),
        {("DS-SVC-001", "warning", "Service", S, V6)},
        ("DS-API-002",),
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
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def _fix(session: Session, code: str, name: str) -> str:
    found = next(f for f in session.findings if f.check == code and f.object.name == name)
    return found.fix or ""


def test_a_recreated_service_asks_only_for_what_the_cluster_has(tmp_path: Path) -> None:
    change = _with_foreign_family("IPv6", "IPv4", ipFamilyPolicy="RequireDualStack")
    fix = _fix(changed("10", change, tmp_path), "DS-SVC-003", "web")
    # RequireDualStack is refused if the cluster has one family, whatever ipFamilies says.
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
        # The first by name: it wants IPv6 first, as one of three.
        find(items, "Service", "my-service-3")["metadata"]["name"] = "a"

    profile = changed("01", of_one_namespace, tmp_path).profile
    assert (profile.mode, profile.confidence.value) == ("dual-ipv4-first", "observed")
