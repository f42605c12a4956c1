"""Node serves the load balancer in only one family.

## Condition

externalTrafficPolicy is Local, and a node has ready endpoints in one family but none in the other, for 60 s.

## Why it matters

The load balancer's health check covers both families together, so the node receives traffic that it drops.

## Fix

Recreate the pods on that node that lack the family, once the node provides it.

## When it is a false alarm

The load balancer checks the health of each family separately.

## Source

https://kubernetes.io/docs/reference/networking/virtual-ips/#external-traffic-policy
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import RESTART_CONTROLLER_MANAGER, lacking
from dsview.checks.endpoint_slice.shared import causes as endpoint_causes
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import give_family, names, ref
from dsview.checks.load_balancer.shared import SLICES_SETTLE, TYPE
from dsview.core.address import families_of, other
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.core.plurals import count
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

check = Check(
    code="DS-LB-008",
    slug="local-policy-gap",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
    absence_of=(Kind.ENDPOINT_SLICE,),
    uses=(Kind.POD,),
    cells=("ready",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
    harm=Harm.PART,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports nodes with endpoints of only one family."""
    if service.type != TYPE or service.external_traffic_policy != "Local" or len(service.families) != 2:
        return
    endpoints = ctx.endpoints(service.key)
    nodes = {f: {e.node_name for e in endpoints.of(f).ready.values() if e.node_name} for f in service.families}
    for family in service.families:
        rest = other(family)
        gaps = sorted(nodes[rest] - nodes[family])
        if not gaps:
            continue
        missing = {i: e for i, e in lacking(ctx, service, family).items() if e.node_name in gaps}
        pods = ctx.pods_behind(service, missing.values())
        if not _may_be_old(ctx, service, pods, of=len(missing)):
            continue
        without: list[Pod] = [pod for pod in pods if family not in families_of(pod.ips)]
        yield Problem(
            message=f"{count(len(gaps), 'node')} ({names(gaps)}) {'has' if len(gaps) == 1 else 'have'} {rest} "
            f"endpoints but no {family} one: with policy Local, {family} traffic is dropped there.",
            family=family,
            field="spec.externalTrafficPolicy",
            observed=names(gaps),
            expected=f"{family} endpoints on every node that has {rest} ones",
            fix=give_family(ctx, sorted(without, key=lambda p: p.key), family) or RESTART_CONTROLLER_MANAGER,
            related=tuple(ObjectRef("Node", None, name) for name in gaps[:20]),
            grace=60,
            causes=(
                Cause("DS-EPS-001", ref("Service", service), family),
                Cause("DS-EPS-002", ref("Service", service), family),
                *endpoint_causes(ctx, service, missing, family),
            ),
        )


def _may_be_old(ctx: Context, service: Service, pods: list[Pod], *, of: int) -> bool:
    """Whether the gap may be a minute old, according to the timestamps of the objects.

    A younger one may be closed by a controller soon.
    """
    if not ctx.older_than(service.created, SLICES_SETTLE):
        return False
    return not pods or len(pods) < of or any(ctx.older_than(pod.ready_since, SLICES_SETTLE) for pod in pods)
