"""DS-NET-001 and 002: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import V4, V6, Case, adding, network_policy, verify

LIMITED = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}
FREE_V6 = {"ipBlock": {"cidr": "::/0", "except": []}}

CASES = [
    Case(
        "except-beside-a-part-of-the-other-family",
        "01",
        adding(network_policy(ingress=[{"from": [LIMITED, {"ipBlock": {"cidr": "2000::/3"}}]}])),
        set(),
        ("DS-NET-001", "DS-NET-002"),
    ),
    Case(
        "except-in-another-direction",
        "01",
        adding(
            network_policy(
                ingress=[{"from": [LIMITED, {"podSelector": {}}]}], egress=[{"to": [FREE_V6, {"podSelector": {}}]}]
            )
        ),
        {("DS-NET-001", "warning", "NetworkPolicy", "p", V6), ("DS-NET-001", "warning", "NetworkPolicy", "p", V4)},
        ("DS-NET-002",),
    ),
    Case(
        "except-beside-nothing",
        "01",
        adding(
            network_policy(
                egress=[
                    {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]},
                    {"to": [{"podSelector": {}}]},
                ],
                policyTypes=["Egress"],
            )
        ),
        {("DS-NET-001", "warning", "NetworkPolicy", "p", V6)},
        ("DS-NET-002",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)
