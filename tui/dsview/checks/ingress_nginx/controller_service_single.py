"""Controller Service is SingleStack in a dual-stack cluster.

## Condition

The cluster is dual-stack and the controller's Service is SingleStack, which is the chart's default.

## Why it matters

Everything behind the controller is published over one family only.

## Fix

Set both ipFamilyPolicy and ipFamilies; the chart ignores one without the other. Where nginx or its pods lack the
family, they need it first.

## When it is a false alarm

The sites are meant to be published over one family.

## Source

kubernetes/ingress-nginx#11068
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import ref
from dsview.checks.service.shared import add_family
from dsview.cluster.relations import PodFacet
from dsview.core.address import other
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.listeners.ingress_nginx.pods import controller_services

check = Check(
    code="DS-NGX-005",
    slug="controller-service-single",
    severity=Severity.WARNING,
    needs=(Kind.SERVICE, Kind.POD),
    uses=(Kind.ENDPOINT_SLICE, Kind.CONFIG_MAP, Kind.NODE),
    of_pods=(PodFacet.CONTROLLERS,),
    of_service_families=True,
    cells=("policy",),
    layer=LayerName.LISTENERS,
    hop=HopName.SERVICE,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """The chart's default in a cluster that could do more."""
    if not ctx.is_dual():
        return
    for service, pods in controller_services(ctx.state).values():
        has = service.families
        if service.ip_family_policy == "SingleStack" and len(has) == 1:
            yield Problem(
                message=f"The controller's Service is SingleStack with {has[0]}: nothing behind it is published over "
                f"{other(has[0])}.",
                object=ref("Service", service),
                family=other(has[0]),
                field="spec.ipFamilyPolicy",
                observed="SingleStack",
                expected="PreferDualStack with both ipFamilies",
                fix=add_family(ctx, service),
                related=tuple(ref("Pod", pod) for pod in pods[:20]),
            )
