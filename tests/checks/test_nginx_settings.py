"""DS-NGX-002, 006, 010 and 011: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import (
    CONTROLLER,
    V6,
    Case,
    verify,
    with_controller_data,
)

SINGLE = {("DS-NGX-005", "warning", "Service", CONTROLLER, V6)}
"""What the chart's default shows in every case here."""


CASES = [
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
        "both-deny-lists-are-looked-at",
        "08",
        with_controller_data(denylist_source_range="192.0.2.0/24,2001:db8::/32", block_cidrs="198.51.100.0/24"),
        SINGLE | {("DS-NGX-011", "warning", "ConfigMap", CONTROLLER, V6)},
    ),
    Case(
        "words-that-go-does-not-read-as-true",
        "08",
        with_controller_data(disable_ipv6="yes", use_proxy_protocol="on", enable_real_ip=" true"),
        SINGLE,
        ("DS-NGX-002", "DS-NGX-010"),
    ),
    Case(
        "bind-address-beside-disabled-ipv6",
        "08",
        with_controller_data(bind_address="192.0.2.7", disable_ipv6="True"),
        SINGLE | {("DS-NGX-002", "note", "ConfigMap", CONTROLLER, V6)},
        ("DS-NGX-006",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
