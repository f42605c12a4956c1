"""DS-NET-001 and 002: NetworkPolicies that speak of one family only."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import kubectl, names
from dsview.core.address import Family, families_of, other
from dsview.core.cidr import Cidr, cidr_families, parse_cidr
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.objects import IPBlock, NetworkPolicy, Pod, PolicyRule


def _directions(policy: NetworkPolicy) -> Iterator[tuple[str, str, tuple[PolicyRule, ...]]]:
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
        for name, peer, rules in _directions(policy)
        if (only := _only_family(rules)) is not None
    ]


def _only_family(rules: tuple[PolicyRule, ...]) -> Family | None:
    """The one family that all rules name, where they name nothing but ipBlocks of one family."""
    if not rules or any(rule.has_selectors or not rule.has_peers for rule in rules):
        return None
    named = cidr_families(block.cidr for rule in rules for block in rule.blocks)
    return named[0] if len(named) == 1 else None


def _selected_dual_pod(policy: NetworkPolicy, ctx: Context) -> Pod | None:
    """The first one by name, so that the same cluster gives the same message."""
    found = (
        pod
        for pod in ctx.state.pods.in_namespace(policy.namespace)
        if pod.phase == "Running"
        and not (pod.deleted or pod.host_network)
        and policy.pod_selector.matches(pod.labels)
        and len(families_of(pod.ips)) == 2
    )
    return min(found, key=lambda pod: pod.name, default=None)


@check(
    "DS-NET-001",
    "policy-one-family",
    Severity.WARNING,
    title="NetworkPolicy allows one family only",
    condition="The policy selects a dual-stack pod, and all rules of a direction name ipBlocks of one family and "
    "nothing else.",
    why="The other family is blocked in that direction; clients that prefer it time out.",
    fix="Add ipBlocks of the other family.",
    not_when="Another policy for the same pods allows the other family. Where a rule has selectors, or no peers at "
    "all, which allows everybody, nothing is said.",
    source="checks.md §4",
    subjects=(Kind.NETWORK_POLICY,),
    needs=(Kind.POD,),
)
def policy_one_family(policy: NetworkPolicy, ctx: Context) -> Iterator[Problem]:
    """Blocks of one family for pods of two."""
    limits = one_family_limits(policy)
    pod = _selected_dual_pod(policy, ctx) if limits else None
    if pod is None:
        return
    for limit in limits:
        missing = other(limit.family)
        yield Problem(
            message=f"{limit.direction} allows {names(limit.cidrs)} only: {missing} {limit.peer} anywhere is blocked "
            f"for pods such as {pod.name}, which have both families, unless another policy allows it.",
            family=missing,
            field=f"spec.{limit.direction}",
            observed=names(limit.cidrs),
            expected=f"ipBlocks of {missing} too",
            fix=kubectl(policy.namespace, "edit", "networkpolicy", policy.name),
            related=(ObjectRef("Pod", pod.namespace, pod.name),),
        )


def _everything(block: IPBlock) -> Cidr | None:
    cidr = parse_cidr(block.cidr)
    return cidr if cidr is not None and cidr.prefix_length == 0 else None


def _asymmetries(rules: tuple[PolicyRule, ...]) -> dict[Family, list[str]]:
    """The families without exceptions beside the other with some, and those: within one rule, or in all together."""
    found: dict[Family, list[str]] = {}
    for blocks in (*(rule.blocks for rule in rules), [block for rule in rules for block in rule.blocks]):
        whole = [(c.family, block) for block in blocks if (c := _everything(block)) is not None]
        free = {family for family, block in whole if not block.excepts}
        if len(free) == 1:
            (family,) = free
            excepts = [text for f, block in whole if f != family for text in block.excepts]
            if excepts:
                found.setdefault(family, excepts)
    return found


@check(
    "DS-NET-002",
    "except-asymmetry",
    Severity.WARNING,
    title="NetworkPolicy makes exceptions in one family only",
    condition="One direction allows everything of both families, with exceptions in one family and none in the other.",
    why="What is closed over one family stays open over the other.",
    fix="Add the exceptions of the other family.",
    not_when="What the exceptions keep out exists in one family only.",
    source="checks.md §4",
    subjects=(Kind.NETWORK_POLICY,),
)
def except_asymmetry(policy: NetworkPolicy, ctx: Context) -> Iterator[Problem]:
    """0.0.0.0/0 with except beside ::/0 without, or the reverse."""
    for name, _, rules in _directions(policy):
        for family, excepts in _asymmetries(rules).items():
            yield Problem(
                message=f"{name} excepts {names(excepts)} from {other(family)}, but nothing from {family}: there "
                "everything is allowed.",
                family=family,
                field=f"spec.{name}",
                observed=f"{other(family)}: except {names(excepts)}; {family}: no exception",
                expected=f"exceptions of {family} too",
                fix=kubectl(policy.namespace, "edit", "networkpolicy", policy.name),
            )
