"""The directions of a NetworkPolicy, and those that are limited to one family."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.core.address import Family
from dsview.core.cidr import cidr_families
from dsview.kinds.network_policy import NetworkPolicy, PolicyRule


def directions(policy: NetworkPolicy) -> Iterator[tuple[str, str, tuple[PolicyRule, ...]]]:
    """Each direction of a policy: its name, the field of its peers, its rules."""
    if "Ingress" in policy.policy_types:
        yield "ingress", "from", policy.ingress
    if "Egress" in policy.policy_types:
        yield "egress", "to", policy.egress


class Limit(msgspec.Struct, frozen=True):
    """A direction of a policy in which only ipBlocks of one family are allowed. `peer` is `from` or `to`."""

    direction: str
    peer: str
    family: Family
    cidrs: tuple[str, ...]


def one_family_limits(policy: NetworkPolicy) -> list[Limit]:
    """The directions in which all that the policy allows is ipBlocks of one family."""
    return [
        Limit(name, peer, only, tuple(block.cidr for rule in rules for block in rule.blocks))
        for name, peer, rules in directions(policy)
        if (only := only_family(rules)) is not None
    ]


def only_family(rules: tuple[PolicyRule, ...]) -> Family | None:
    """The one family that all rules name, where they name nothing but ipBlocks of one family."""
    if not rules or any(rule.has_selectors or not rule.has_peers for rule in rules):
        return None
    named = cidr_families(block.cidr for rule in rules for block in rule.blocks)
    return named[0] if len(named) == 1 else None
