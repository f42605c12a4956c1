"""SingleStack Service in a dual-stack cluster.

## Condition

ipFamilyPolicy is SingleStack and the cluster is dual-stack.

## Why it matters

Clients of the other family cannot use the Service. SingleStack is the default, so it is often not a deliberate choice.

## Fix

Set ipFamilyPolicy to PreferDualStack and both families in ipFamilies. If the pods lack the family, give it to them
first.

## When it is a false alarm

One family is intended. default/kubernetes, the cluster DNS, and controller Services that DS-NGX-005 or DS-LSN-003
reports are exempt.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services: a Service without a policy is
SingleStack.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.service.shared import add_family, is_cluster_dns
from dsview.cluster.profile import KUBERNETES
from dsview.core.address import other
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service
from dsview.listeners.front_doors import door_of_service
from dsview.listeners.proxies import proxies_behind

check = Check(
    code="DS-SVC-002",
    slug="single-in-dual",
    severity=Severity.NOTE,
    subjects=(Kind.SERVICE,),
    uses=(Kind.ENDPOINT_SLICE, Kind.POD),
    of_service_families=True,
    cells=("policy",),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports one family by policy if two are available."""
    has = service.families
    if service.ip_family_policy != "SingleStack" or len(has) != 1 or not ctx.is_dual():
        return
    if service.key == KUBERNETES or is_cluster_dns(service) or _is_front_door(service, ctx):
        return
    yield Problem(
        message=f"SingleStack with {has[0]}: clients that have only {other(has[0])} cannot reach it.",
        family=other(has[0]),
        field="spec.ipFamilyPolicy",
        observed="SingleStack",
        expected="PreferDualStack, unless one family is intended",
        fix=add_family(ctx, service),
    )


def _is_front_door(service: Service, ctx: Context) -> bool:
    """Whether DS-NGX-005 or DS-LSN-003 reports the controller's Service. The latter only reports public ones."""
    if proxies_behind(ctx.state, service.key) is None:
        return False
    return service.type != "ClusterIP" or door_of_service(ctx.state, service.key) is None
