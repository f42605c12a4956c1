"""The directions of a NetworkPolicy, and those that are limited to one family."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.core.address import Family
from dsview.core.cidr import cidr_families, parse_cidrs
from dsview.core.redacted import any_redacted
from dsview.kinds.network_policy import NetworkPolicy, PolicyRule


def directions(policy: NetworkPolicy) -> Iterator[tuple[str, str, tuple[PolicyRule, ...]]]:
    """Each direction of a policy: its name, the field of its peers, its rules."""
    if "Ingress" in policy.policy_types:
        yield "ingress", "from", policy.ingress
    if "Egress" in policy.policy_types:
        yield "egress", "to", policy.egress


class Limit(msgspec.Struct, frozen=True):
    """A direction of a policy that allows only ipBlocks of one family. `peer` is `from` or `to`.

    `is_dns_open`: DNS is allowed to everyone besides.
    """

    direction: str
    peer: str
    family: Family
    cidrs: tuple[str, ...]
    is_dns_open: bool = False


def one_family_limits(policy: NetworkPolicy) -> list[Limit]:
    """The directions in which the policy allows only ipBlocks of one family."""
    return [
        Limit(
            name,
            peer,
            only,
            tuple(block.cidr for rule in rules for block in rule.blocks),
            is_dns_open=any(not rule.has_peers for rule in rules),
        )
        for name, peer, rules in directions(policy)
        if (only := only_family(rules)) is not None
    ]


def names_family(policy: NetworkPolicy, direction: str, family: Family) -> bool:
    """Whether a policy allows ranges of a family, or all peers, in a direction. DNS alone does not count."""
    rules = next((rules for name, _, rules in directions(policy) if name == direction), ())
    return any(
        (not rule.has_peers and not rule.is_dns_only) or family in cidr_families(block.cidr for block in rule.blocks)
        for rule in rules
    )


def only_family(rules: tuple[PolicyRule, ...]) -> Family | None:
    """The only family of the ipBlocks, if nothing else is allowed or one of them is the whole family.

    A policy of egress mostly allows DNS to everyone as well, which opens nothing else.
    """
    opened = [rule for rule in rules if not rule.has_peers]
    if len(opened) == len(rules) or not all(rule.is_dns_only for rule in opened):
        return None
    cidrs = [block.cidr for rule in rules for block in rule.blocks]
    named = cidr_families(cidrs)
    if len(named) != 1 or any_redacted(cidrs):
        return None
    # A rule that allows the whole address space of one family is meant for all clients, regardless of what else is
    # allowed.
    is_world = any(cidr.prefix_length == 0 for cidr in parse_cidrs(cidrs))
    return named[0] if is_world or not (opened or any(rule.has_selectors for rule in rules)) else None
