"""Load-balancer address of a family that the Service has not.

## Condition

A load-balancer IP is of none of the Service's families. A note where ipMode is Proxy.

## Why it matters

kube-proxy programs nothing for the address: packets to it are dropped at the nodes.

## Fix

Make the Service dual-stack, or take the address out of the load balancer.

## When it is a false alarm

The load balancer translates between the families before packets reach a node; ipMode Proxy says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, patch_service
from dsview.checks.load_balancer.shared import TYPE
from dsview.core.address import family_of
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Service

check = Check(
    code="DS-LB-003",
    slug="vip-foreign-family",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """A VIP that no node accepts."""
    has = service.families
    if service.type != TYPE or not has:
        return
    for i, entry in enumerate(service.load_balancer_ingress):
        family = family_of(entry.ip) if entry.ip else None
        if family is None or family in has:
            continue
        is_proxy = entry.ip_mode == "Proxy"
        yield Problem(
            message=f"{entry.ip} is {family}, but the Service has {families(has)} only"
            + ("; the load balancer proxies, so it may work." if is_proxy else ": kube-proxy programs nothing for it."),
            severity=Severity.NOTE if is_proxy else None,
            family=family,
            field=f"status.loadBalancer.ingress[{i}].ip",
            observed=entry.ip,
            expected=f"an {has[0]} address",
            fix=patch_service(service, ipFamilyPolicy="RequireDualStack", ipFamilies=[has[0], family])
            if ctx.is_dual()
            else None,
        )
