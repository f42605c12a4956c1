"""Load balancer is pending.

## Condition

A LoadBalancer Service has no entry in its status for five minutes.

## Why it matters

The Service is not reachable from outside, in neither family.

## Fix

Look at the events of the Service and at the load-balancer controller; its pools may lack a family.

## When it is a false alarm

The cluster has no load balancers on purpose; the message says so where no Service has an entry.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, kubectl, quoted, ref
from dsview.checks.load_balancer.shared import SETTLES, TYPE
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Service

_LB_EVENTS = {"AllocationFailed", "SyncLoadBalancerFailed"}


check = Check(
    code="DS-LB-004",
    slug="pending",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    uses=(Kind.EVENT,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """No VIP and no host name."""
    if service.type != TYPE or service.load_balancer_ingress or not ctx.older_than(service.created, SETTLES):
        return
    about = ctx.state.events_about.about(service.key)
    events = [e for e in about if e.reason in _LB_EVENTS and e.involved_kind in {"Service", ""}]
    nobody = "" if ctx.profile.serves_load_balancers else " Nothing seems to serve load balancers in this cluster."
    said = f" {quoted(events[-1])}" if events else ""
    yield Problem(
        message=f"No load-balancer address for more than five minutes.{said}{nobody}",
        field="status.loadBalancer",
        observed="no ingress",
        expected=f"an address of {families(service.families)}",
        fix=kubectl(service.namespace, "describe", "service", service.name),
        related=(ref("Event", events[-1]),) if events else (),
        grace=SETTLES,
    )
