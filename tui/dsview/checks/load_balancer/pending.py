"""Load balancer is pending.

## Condition

The status of a LoadBalancer Service is empty for five minutes. Manifests are not checked.

## Why it matters

The Service cannot be reached from outside over either family.

## Fix

Give the load-balancer controller addresses of the Service's families. If the cluster has no such controller, install
one or use another type of Service. The Service's events show what is missing.

## When it is a false alarm

The cluster intentionally has no load balancers; the message says if no Service has one.

## Source

kubernetes/kubernetes staging/src/k8s.io/cloud-provider/controllers/service/controller.go, event
SyncLoadBalancerFailed; metallb/metallb, event AllocationFailed
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, kubectl, look_at, quoted, ref
from dsview.checks.load_balancer.shared import SETTLES, TYPE
from dsview.cluster.completeness import Completeness, completeness
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

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
    harm=Harm.PART,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a load balancer without a VIP and without a host name."""
    if service.type != TYPE or service.load_balancer_ingress or service.is_manifest:
        return
    if not ctx.older_than(service.created, SETTLES):
        return
    about = ctx.state.events_about.about(service.key)
    events = [e for e in about if e.reason in _LB_EVENTS and e.involved_kind in {"Service", ""}]
    # If only some Services are read, others may have load balancers.
    is_whole = completeness(ctx.state, Kind.SERVICE) is Completeness.COMPLETE
    may_be_served = ctx.profile.serves_load_balancers or not is_whole
    no_controller = "" if may_be_served else " Nothing seems to serve load balancers in this cluster."
    wanted = families(service.families)
    fix = (
        "Install a load-balancer controller, or use another Service type if no client outside needs the Service."
        if no_controller
        else f"Give the load balancer a pool or subnet with free {wanted} addresses."
    )
    look = kubectl(service.namespace, "describe", "service", service.name)
    event_text = f" {quoted(events[-1])}" if events else ""
    yield Problem(
        message=f"No load-balancer address for more than five minutes.{event_text}{no_controller}",
        field="status.loadBalancer",
        observed="no ingress",
        expected=f"an address of {wanted}",
        fix=f"{fix}\n{look_at(look)}",
        related=(ref("Event", events[-1]),) if events else (),
        grace=SETTLES,
    )
