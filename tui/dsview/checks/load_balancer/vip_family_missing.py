"""Load balancer has only one of two families.

## Condition

The Service has two families, its load-balancer IPs have one, and it is at least five minutes old. An error for
RequireDualStack.

## Why it matters

Clients of the missing family cannot reach the load balancer.

## Fix

Give the load balancer a pool or a subnet of the missing family.

## When it is a false alarm

The load balancer has a host name, which may resolve to both families.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#type-loadbalancer: the provider must support both
families.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import LOAD_BALANCER_IPS
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, look_at, names, ref
from dsview.checks.load_balancer.shared import SETTLES, TYPE, has_hostname, has_unread_ip, vip_families
from dsview.core.address import other
from dsview.core.finding import Cause, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-LB-001",
    slug="vip-family-missing",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    addresses=(LOAD_BALANCER_IPS,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
    harm=Harm.PART,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports one VIP family for two Service families."""
    has, vips = service.families, vip_families(service)
    if service.is_manifest or has_unread_ip(service):
        return
    if service.type != TYPE or len(has) != 2 or len(vips) != 1 or has_hostname(service):
        return
    if not ctx.older_than(service.created, SETTLES):
        return
    missing = other(vips[0])
    look = kubectl(service.namespace, "describe", "service", service.name)
    assigned = names(entry.ip for entry in service.load_balancer_ingress if entry.ip)
    yield Problem(
        message=f"No {missing} address: the load balancer has {assigned} only.",
        severity=Severity.ERROR if service.ip_family_policy == "RequireDualStack" else None,
        family=missing,
        field="status.loadBalancer.ingress",
        observed=assigned,
        expected="an address of each family",
        fix=f"Give the load balancer an {missing} pool or subnet. Some providers assign the address to new Services "
        f"only.\n{look_at(look)}",
        grace=60,
        causes=(Cause("DS-LB-006", ref("Service", service)),),
    )
