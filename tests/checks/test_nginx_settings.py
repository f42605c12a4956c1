"""DS-NGX-002, 006, 010 and 011: each condition and each exemption, on a healthy cluster that is changed in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import (
    CONTROLLER,
    V4,
    V6,
    Case,
    Change,
    Json,
    adding,
    all_of,
    verify,
    with_controller_data,
)

SINGLE = {("DS-NGX-005", "warning", "Service", CONTROLLER, V6)}
"""What the chart's default shows in every case here."""


def _ingress(**annotations: str) -> Change:
    """An Ingress of ingress-nginx with these annotations, the prefix left out."""
    names = {name.replace("__", ".test/").replace("_", "-"): value for name, value in annotations.items()}
    metadata = {
        "name": "office",
        "namespace": "shop",
        "annotations": names,
        "creationTimestamp": "2026-11-20T08:15:10Z",
    }
    spec = {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.20"}]}}
    item = {"kind": "Ingress", "apiVersion": "networking.k8s.io/v1", "metadata": metadata, "spec": spec}
    return adding({**item, "status": status})


def _prefixed(prefix: str) -> Change:
    """The controllers were told another prefix of annotations."""

    def change(items: list[Json]) -> None:
        for item in items:
            if item["kind"] == "Pod" and item["metadata"]["name"].startswith(CONTROLLER):
                item["spec"]["containers"][0]["args"].append(f"--annotations-prefix={prefix}")

    return change


CASES = [
    Case(
        "denylist-of-an-ingress-under-another-prefix",
        "08",
        all_of(_prefixed("corp.test"), _ingress(corp__denylist_source_range="192.0.2.0/24")),
        SINGLE | {("DS-NGX-011", "warning", "Ingress", "office", V6)},
    ),
    Case(
        "allowlist-of-an-ingress-under-another-prefix",
        "08",
        all_of(_prefixed("corp.test"), _ingress(corp__allowlist_source_range="192.0.2.0/24")),
        SINGLE | {("DS-NGX-011", "note", "Ingress", "office", V6)},
    ),
    Case(
        "denylist-under-a-prefix-that-nobody-reads",
        "08",
        _ingress(corp__denylist_source_range="192.0.2.0/24"),
        SINGLE,
        ("DS-NGX-011",),
    ),
    Case(
        "denylist-of-both-families-in-an-ingress",
        "08",
        all_of(_prefixed("corp.test"), _ingress(corp__denylist_source_range="192.0.2.0/24,2001:db8::/32")),
        SINGLE,
        ("DS-NGX-011",),
    ),
    Case(
        "real-ip-of-one-family",
        "08",
        with_controller_data(use_proxy_protocol="true"),
        {
            ("DS-NGX-010", "warning", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "denylist-of-one-family",
        "08",
        with_controller_data(denylist_source_range="192.0.2.0/24"),
        {
            ("DS-NGX-011", "warning", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "allowlist-of-one-family",
        "08",
        with_controller_data(whitelist_source_range="192.0.2.0/24"),
        {
            ("DS-NGX-011", "note", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "bind-address-of-one-family",
        "08",
        with_controller_data(bind_address="192.0.2.7"),
        {
            ("DS-NGX-006", "warning", "ConfigMap", "ingress-nginx-controller", V6),
            ("DS-NGX-005", "warning", "Service", "ingress-nginx-controller", V6),
        },
    ),
    Case(
        "disabled-and-not-published",
        "08",
        with_controller_data(disable_ipv6="true"),
        SINGLE | {("DS-NGX-002", "note", "ConfigMap", CONTROLLER, V6)},
        ("DS-NGX-001", "DS-NGX-003"),
    ),
    Case(
        "disabled-and-published",
        "09",
        lambda items: None,
        {("DS-NGX-002", "error", "ConfigMap", CONTROLLER, V6)},
        ("DS-NGX-001",),
    ),
    Case(
        "bind-addresses-of-both-families",
        "08",
        with_controller_data(bind_address="192.0.2.7,[2001:db8::7]"),
        SINGLE,
        ("DS-NGX-006",),
    ),
    Case(
        "bind-address-where-nobody-has-ipv6",
        "10",
        with_controller_data(bind_address="192.0.2.7"),
        set(),
        ("DS-NGX-006",),
    ),
    Case(
        "real-ip-of-both-families",
        "08",
        with_controller_data(use_proxy_protocol="true", proxy_real_ip_cidr="0.0.0.0/0,::/0"),
        SINGLE,
        ("DS-NGX-010",),
    ),
    Case(
        "real-ip-that-is-off",
        "08",
        with_controller_data(use_proxy_protocol="false", proxy_real_ip_cidr="10.0.0.0/8"),
        SINGLE,
        ("DS-NGX-010",),
    ),
    Case(
        "real-ip-without-ipv6-clients",
        "10",
        with_controller_data(use_proxy_protocol="true", denylist_source_range="192.0.2.0/24"),
        set(),
        ("DS-NGX-010", "DS-NGX-011"),
    ),
    Case(
        "denylist-beside-a-file-that-was-not-understood",
        "08",
        with_controller_data(denylist_source_range="192.0.2.0/24", use_proxy_protocol="true"),
        SINGLE | {("DS-NGX-011", "warning", "ConfigMap", CONTROLLER, V6)},
        ("DS-NGX-001", "DS-NGX-010"),
        lambda name, text: text + "\n{",
    ),
    Case(
        "denylist-where-ipv6-is-disabled",
        "08",
        with_controller_data(denylist_source_range="192.0.2.0/24", disable_ipv6="true"),
        SINGLE | {("DS-NGX-002", "note", "ConfigMap", CONTROLLER, V6)},
        ("DS-NGX-011",),
        lambda name, text: text + "\n{",
    ),
    Case(
        "list-that-names-only-the-other-family",
        "08",
        with_controller_data(denylist_source_range="2001:db8::/32", allowlist_source_range="fd00::/8"),
        SINGLE,
        ("DS-NGX-011",),
    ),
    Case(
        "both-deny-lists-are-looked-at",
        "08",
        with_controller_data(denylist_source_range="192.0.2.0/24,2001:db8::/32", block_cidrs="198.51.100.0/24"),
        SINGLE | {("DS-NGX-011", "warning", "ConfigMap", CONTROLLER, V6)},
    ),
    Case(
        "forwarded-headers-of-one-family",
        "08",
        with_controller_data(use_forwarded_headers="1", proxy_real_ip_cidr="10.0.0.0/8, 192.168.0.0/16"),
        SINGLE | {("DS-NGX-010", "warning", "ConfigMap", CONTROLLER, V6)},
    ),
    Case(
        "words-that-go-does-not-read-as-true",
        "08",
        with_controller_data(disable_ipv6="yes", use_proxy_protocol="on", enable_real_ip=" true"),
        SINGLE,
        ("DS-NGX-002", "DS-NGX-010"),
    ),
    Case(
        "bind-address-in-brackets",
        "08",
        with_controller_data(bind_address="[2001:db8::7]"),
        SINGLE | {("DS-NGX-006", "warning", "ConfigMap", CONTROLLER, V4)},
    ),
    Case(
        "bind-address-beside-disabled-ipv6",
        "08",
        with_controller_data(bind_address="192.0.2.7", disable_ipv6="True"),
        SINGLE | {("DS-NGX-002", "note", "ConfigMap", CONTROLLER, V6)},
        ("DS-NGX-006",),
    ),
    Case(
        "denylist-of-both-families",
        "08",
        with_controller_data(denylist_source_range="192.0.2.0/24,2001:db8::/32"),
        SINGLE,
        ("DS-NGX-011",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
