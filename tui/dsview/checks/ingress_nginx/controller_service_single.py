"""Controller Service is SingleStack in a dual-stack cluster.

## Condition

The cluster is dual-stack and the controller's Service is SingleStack, which is the chart's default.

## Why it matters

Everything behind the controller is published over only one family.

## Fix

Set both ipFamilyPolicy and ipFamilies; the chart ignores one without the other. If nginx or its pods lack the family,
give it to them first.

## When it is a false alarm

The sites are intended for one family. The check does not fire if another Service of the controller publishes the other
family, or if a terminating load balancer has an address of it.

## Source

kubernetes/ingress-nginx#11068
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsview.checks.engine.address_fields import LOAD_BALANCER_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import ref
from dsview.checks.load_balancer.shared import terminates_connections
from dsview.checks.service.shared import add_family
from dsview.cluster.relations import PodFacet
from dsview.core.address import Family, family_of, other
from dsview.core.finding import Severity
from dsview.core.redacted import is_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.ingress_nginx.pods import controller_services

check = Check(
    code="DS-NGX-005",
    slug="controller-service-single",
    severity=Severity.WARNING,
    needs=(Kind.SERVICE, Kind.POD),
    uses=(Kind.ENDPOINT_SLICE, Kind.CONFIG_MAP, Kind.NODE),
    of_pods=(PodFacet.CONTROLLERS,),
    of_service_families=True,
    addresses=(LOAD_BALANCER_IPS,),
    cells=("policy",),
    layer=LayerName.LISTENERS,
    hop=HopName.SERVICE,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports the chart's default in a dual-stack cluster."""
    if not ctx.is_dual():
        return
    for service, pods in controller_services(ctx.state).values():
        has = service.families
        if service.ip_family_policy == "SingleStack" and len(has) == 1:
            if _is_published(ctx, service, pods, other(has[0])):
                continue
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


def _is_published(ctx: Context, service: Service, pods: Sequence[Pod], family: Family) -> bool:
    """Whether the family is published anyway, by another Service or by a load balancer that terminates connections."""
    # A hidden address may be of the family.
    if any(
        (family_of(entry.ip) == family or is_redacted(entry.ip))
        and terminates_connections(service, ctx.profile, entry.ip_mode)
        for entry in service.load_balancer_ingress
        if entry.ip
    ):
        return True
    return any(
        sibling.key != service.key and sibling.type in {"LoadBalancer", "NodePort"} and family in sibling.families
        for pod in pods
        for sibling in ctx.state.selectors.selecting(pod)
    )
