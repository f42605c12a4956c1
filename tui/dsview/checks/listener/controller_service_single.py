"""Service of a front door is SingleStack in a dual-stack cluster.

## Condition

The cluster is dual-stack, the LoadBalancer or NodePort Service of the proxies is SingleStack, and the proxies' pods
have the other family.

## Why it matters

Everything behind the front door is published over only one family. For most controllers this is the chart's default.

## Fix

Set both ipFamilyPolicy and ipFamilies if the controller supports them. If the proxies do not listen on the family,
correct that first.

## When it is a false alarm

One family is intended. The check does not fire if another Service publishes the other family for the same proxies, or
if a setting disables the family.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services: a Service without a policy is
SingleStack.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import LOAD_BALANCER_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import ref
from dsview.checks.listener.shared import PODS, USES, closing, give_service_family
from dsview.checks.load_balancer.shared import terminates_connections
from dsview.core.address import Family, families_of, other
from dsview.core.finding import Severity
from dsview.core.redacted import is_redacted
from dsview.kinds.kind import Kind
from dsview.listeners.front_doors import FrontDoor, front_doors, reach
from dsview.listeners.proxy_controller import pod_families

check = Check(
    code="DS-LSN-003",
    slug="controller-service-single",
    severity=Severity.WARNING,
    needs=(Kind.SERVICE, Kind.POD),
    addresses=(LOAD_BALANCER_IPS,),
    uses=(*USES, Kind.NODE),
    of_pods=PODS,
    of_service_families=True,
    cells=("policy",),
    layer=LayerName.LISTENERS,
    hop=HopName.SERVICE,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a single-stack controller Service in a dual-stack cluster."""
    if not ctx.is_dual():
        return
    doors = front_doors(ctx.state)
    for door in doors:
        service, has = door.service, door.service.families
        if service.ip_family_policy not in {"SingleStack", ""} or len(has) != 1:
            continue
        if service.type not in {"LoadBalancer", "NodePort"} or service.is_headless:
            continue
        missing = other(has[0])
        if not _could_have(door, missing) or closing(ctx, door, missing):
            continue
        if _is_published(ctx, door, doors, missing):
            continue
        found = reach(ctx.state, door, missing)
        then = ""
        if found.unserved_ports:
            then = f" Its proxies do not listen on {missing} either ({found.reason}): correct that first."
        yield Problem(
            message=f"The Service of {door.controller.label} is SingleStack with {has[0]}: {missing} clients cannot "
            f"reach anything behind it.{then}",
            object=ref("Service", service),
            family=missing,
            field="spec.ipFamilyPolicy",
            observed="SingleStack",
            expected="PreferDualStack with both ipFamilies",
            fix=give_service_family(ctx, door, missing),
            related=tuple(ref("Pod", pod) for pod in door.pods[:20]),
        )


def _could_have(door: FrontDoor, family: Family) -> bool:
    if door.sockets_below is not None:
        return family in (door.sockets_below.families or ())
    return any(family in pod_families(pod) for pod in door.pods)


def _is_published(ctx: Context, door: FrontDoor, doors: tuple[FrontDoor, ...], family: Family) -> bool:
    """Whether another Service of the same proxies, or the load balancer, publishes the family anyway."""
    mine = {pod.key for pod in door.pods}
    entries = door.service.load_balancer_ingress
    if family in families_of(tuple(entry.ip for entry in entries if entry.ip)):
        return True
    # Only a load balancer that terminates connections has an address of another family. A hidden one may be that.
    if any(is_redacted(e.ip) and terminates_connections(door.service, ctx.profile, e.ip_mode) for e in entries):
        return True
    return any(
        sibling.service.key != door.service.key
        and family in sibling.service.families
        and (
            bool(mine & {pod.key for pod in sibling.pods})
            or (door.gateway is not None and sibling.gateway == door.gateway)
        )
        for sibling in doors
    )
