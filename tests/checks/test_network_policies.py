"""DS-NET-001 and 002: each condition and each exemption, on a healthy cluster that is changed in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changes import V4, V6, Case, adding, network_policy, verify

LIMITED = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}
FREE_V6 = {"ipBlock": {"cidr": "::/0", "except": []}}

CASES = [
    Case(
        "policy-of-one-family",
        "01",
        adding(network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])),
        {("DS-NET-001", "warning", "NetworkPolicy", "p", V6)},
    ),
    Case(
        "policy-with-selectors",
        "01",
        adding(
            network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {"from": [{"podSelector": {}}]}])
        ),
        set(),
        ("DS-NET-001",),
    ),
    Case(
        "policy-that-allows-all",
        "01",
        adding(network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {}])),
        set(),
        ("DS-NET-001",),
    ),
    Case("deny-all-policy", "01", adding(network_policy(policyTypes=["Ingress", "Egress"])), set(), ("DS-NET-001",)),
    Case(
        "except-in-one-family",
        "01",
        adding(
            network_policy(
                egress=[
                    {
                        "to": [
                            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}},
                            {"ipBlock": {"cidr": "::/0"}},
                        ]
                    }
                ],
                policyTypes=["Egress"],
            )
        ),
        {("DS-NET-002", "warning", "NetworkPolicy", "p", V6)},
    ),
    Case(
        "policy-of-both-families",
        "01",
        adding(
            network_policy(
                ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {"from": [{"ipBlock": {"cidr": "fd00::/8"}}]}]
            )
        ),
        set(),
        ("DS-NET-001",),
    ),
    Case(
        "policy-that-selects-nobody",
        "01",
        adding(
            network_policy(
                podSelector={"matchLabels": {"app": "none"}}, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
            )
        ),
        set(),
        ("DS-NET-001",),
    ),
    Case(
        "policy-in-a-single-stack-cluster",
        "10",
        adding(
            {
                **network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
                "metadata": {"name": "p", "namespace": "shop"},
            }
        ),
        set(),
        ("DS-NET-001",),
    ),
    Case(
        "egress-rules-of-an-ingress-policy",
        "01",
        adding(
            network_policy(
                policyTypes=["Ingress"], ingress=[{}], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
            )
        ),
        set(),
        ("DS-NET-001",),
    ),
    Case(
        "except-undone-by-another-rule",
        "01",
        adding(
            network_policy(
                ingress=[
                    {"from": [LIMITED, {"ipBlock": {"cidr": "::/0", "except": ["fc00::/7"]}}]},
                    {"from": [FREE_V6]},
                ]
            )
        ),
        {("DS-NET-002", "warning", "NetworkPolicy", "p", V6)},
    ),
    Case(
        "except-in-one-rule-that-another-port-lacks",
        "01",
        adding(
            network_policy(
                ingress=[
                    {"from": [LIMITED, FREE_V6], "ports": [{"port": 443}]},
                    {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 80}]},
                ]
            )
        ),
        {("DS-NET-002", "warning", "NetworkPolicy", "p", V6)},
    ),
    Case(
        "except-in-rules-apart",
        "01",
        adding(network_policy(ingress=[{"from": [LIMITED]}, {"from": [FREE_V6]}])),
        {("DS-NET-002", "warning", "NetworkPolicy", "p", V6)},
    ),
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
        "one-direction-of-two-names-one-family",
        "01",
        adding(
            network_policy(
                policyTypes=["Ingress", "Egress"],
                ingress=[{"from": [{"namespaceSelector": {}}]}],
                egress=[{"to": [{"ipBlock": {"cidr": "2001:db8::/32"}}], "ports": [{"port": 443}]}],
            )
        ),
        {("DS-NET-001", "warning", "NetworkPolicy", "p", V4)},
    ),
    Case(
        "except-in-both-families",
        "01",
        adding(
            network_policy(
                egress=[
                    {
                        "to": [
                            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}},
                            {"ipBlock": {"cidr": "::/0", "except": ["fc00::/7"]}},
                        ]
                    }
                ],
                policyTypes=["Egress"],
            )
        ),
        set(),
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
