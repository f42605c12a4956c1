"""NetworkPolicy has exceptions in only one family.

## Condition

One direction allows all addresses of both families, with exceptions in one family and none in the other.

## Why it matters

What the exceptions block over one family is open over the other.

## Fix

Add the corresponding exceptions of the other family.

## When it is a false alarm

What the exceptions block exists in only one family.

## Source

https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors: except
applies to its own ipBlock.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, names
from dsview.checks.network_policy.shared import directions
from dsview.core.address import Family, other
from dsview.core.cidr import Cidr, parse_cidr
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.network_policy import IPBlock, NetworkPolicy, PolicyRule

check = Check(
    code="DS-NET-002",
    slug="except-asymmetry",
    severity=Severity.WARNING,
    subjects=(Kind.NETWORK_POLICY,),
)


def decide(policy: NetworkPolicy, ctx: Context) -> Iterator[Problem]:
    """Reports 0.0.0.0/0 with except next to ::/0 without, or the reverse."""
    for name, _, rules in directions(policy):
        for family, excepts in _asymmetries(rules).items():
            yield Problem(
                message=f"{name} excepts {names(excepts)} from {other(family)}, but nothing from {family}: all of "
                f"{family} is allowed.",
                family=family,
                field=f"spec.{name}",
                observed=f"{other(family)}: except {names(excepts)}; {family}: no exception",
                expected=f"exceptions of {family} too",
                fix=kubectl(policy.namespace, "edit", "networkpolicy", policy.name),
            )


def _everything(block: IPBlock) -> Cidr | None:
    cidr = parse_cidr(block.cidr)
    return cidr if cidr is not None and cidr.prefix_length == 0 else None


def _asymmetries(rules: tuple[PolicyRule, ...]) -> dict[Family, list[str]]:
    """The families without exceptions if the other has some, and those exceptions: within one rule, or in all rules."""
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
