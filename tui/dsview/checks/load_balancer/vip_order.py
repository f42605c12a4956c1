"""Load-balancer addresses are not in the order of the families.

## Condition

The families of the load-balancer IPs are in a different order than in ipFamilies.

## Why it matters

Software that uses the first address gets the other family. kubectl get sorts the addresses and hides this.

## Fix

None is needed: Kubernetes does not promise an order.

## When it is a false alarm

Nothing uses only the first address.

## Source

kubernetes/kubernetes pkg/printers/internalversion/printers.go, loadBalancerStatusStringer: kubectl get sorts the
addresses.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import LOAD_BALANCER_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.load_balancer.shared import TYPE, has_unread_ip, vip_families
from dsview.core.address import family_of
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-LB-002",
    slug="vip-order",
    severity=Severity.NOTE,
    subjects=(Kind.SERVICE,),
    addresses=(LOAD_BALANCER_IPS,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports VIPs of both families in the reverse order."""
    has, vips = service.families, vip_families(service)
    if has_unread_ip(service):
        return
    if service.type == TYPE and len(has) == 2 and len(vips) == 2 and vips != has:
        first = next(entry.ip for entry in service.load_balancer_ingress if family_of(entry.ip))
        yield Problem(
            message=f"{vips[0]} comes first ({first}), but ipFamilies names {has[0]} first.",
            family=has[0],
            field="status.loadBalancer.ingress",
            observed=", ".join(vips),
            expected=", ".join(has),
        )
