"""DS-API and DS-ADR: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import (
    V4,
    V6,
    WORKER,
    Case,
    verify,
    with_addresses,
    with_pod_ips,
    with_spec,
)

CASES = [
    Case(
        "mapped-pod-address-is-ipv4",
        "01",
        with_pod_ips("local-path", "::ffff:10.244.0.2", "fd00:10:244::2"),
        {("DS-ADR-001", "error", "Pod", "local-path-provisioner-jc8wc85jzj-cdhng", V4)},
        ("DS-POD-001",),
    ),
    Case(
        "single-stack-with-two-families",
        "01",
        with_spec("Service", "my-service-2", ipFamilyPolicy="SingleStack"),
        {("DS-API-002", "error", "Service", "my-service-2", V6)},
        ("DS-SVC-001",),
    ),
    Case(
        "zone-of-a-link-local-node-address",
        "01",
        with_addresses(WORKER, ("InternalIP", "172.18.0.3"), ("InternalIP", "fe80::1%eth0")),
        {("DS-ADR-001", "error", "Node", WORKER, V6), ("DS-NODE-001", "error", "Node", WORKER, V6)},
    ),
    Case(
        "canonical-addresses",
        "01",
        with_spec("Service", "my-service-2", externalIPs=["2001:db8::7", "192.0.2.7"]),
        set(),
        ("DS-ADR-001", "DS-ADR-002"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
