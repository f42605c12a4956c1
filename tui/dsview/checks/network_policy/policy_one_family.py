"""NetworkPolicy allows only one family.

## Condition

The policy selects a dual-stack pod, and the rules of a direction have only ipBlocks of one family; or they allow all of
one family (0.0.0.0/0 or ::/0) and have no ipBlock of the other, regardless of selectors.

## Why it matters

The other family is blocked in that direction; clients that prefer it time out.

## Fix

Add ipBlocks of the other family.

## When it is a false alarm

Pods use the other family and selectors admit them. The check does not fire if a rule has no peers and
is not only for DNS, because it allows everybody, or if another policy for the same pods has ranges of the other family.

## Source

https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors: what no
rule allows is blocked.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, names
from dsview.checks.network_policy.shared import Limit, names_family, one_family_limits
from dsview.core.address import Family, families_of, other
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.network_policy import NetworkPolicy
from dsview.kinds.pod import Pod

check = Check(
    code="DS-NET-001",
    slug="policy-one-family",
    severity=Severity.WARNING,
    subjects=(Kind.NETWORK_POLICY,),
    needs=(Kind.POD,),
)


def decide(policy: NetworkPolicy, ctx: Context) -> Iterator[Problem]:
    """Reports blocks of one family for dual-stack pods."""
    for limit in one_family_limits(policy):
        missing = other(limit.family)
        pod = _limited_pod(policy, limit, missing, ctx)
        if pod is None:
            continue
        yield Problem(
            message=f"{limit.direction} allows {names(limit.cidrs)}{' and DNS' if limit.is_dns_open else ''} only: "
            f"{missing} {limit.peer} anywhere is blocked for pods such as {pod.name}, which have both families.",
            family=missing,
            field=f"spec.{limit.direction}",
            observed=names(limit.cidrs),
            expected=f"ipBlocks of {missing} too",
            fix=kubectl(policy.namespace, "edit", "networkpolicy", policy.name),
            related=(ObjectRef("Pod", pod.namespace, pod.name),),
        )


def _limited_pod(policy: NetworkPolicy, limit: Limit, missing: Family, ctx: Context) -> Pod | None:
    """The first dual-stack pod, by name, to which no other policy allows the missing family; policies are additive."""
    opening = [
        item
        for item in ctx.state.network_policies.in_namespace(policy.namespace)
        if item is not policy and names_family(item, limit.direction, missing)
    ]
    found = (
        pod
        for pod in ctx.state.pods.in_namespace(policy.namespace)
        if pod.phase == "Running"
        and not (pod.deleted or pod.host_network)
        and policy.pod_selector.matches(pod.labels)
        and len(families_of(pod.ips)) == 2
        and not any(item.pod_selector.matches(pod.labels) for item in opening)
    )
    return min(found, key=lambda pod: pod.name, default=None)
