"""External IP of a family that the Service does not have.

## Condition

The family of an entry of externalIPs is none of the Service's families.

## Why it matters

kube-proxy silently ignores the entry: the address does not lead to the Service.

## Fix

Make the Service dual-stack, or remove the address.

## When it is a false alarm

A dataplane other than kube-proxy implements Services.

## Source

kubernetes/kubernetes pkg/proxy/servicechangetracker.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import EXTERNAL_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families
from dsview.checks.service.shared import add_family
from dsview.core.address import family_of
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-SVC-007",
    slug="external-ip-family",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    needs=(Kind.POD,),
    uses=(Kind.ENDPOINT_SLICE,),
    absence_of=(Kind.POD,),
    of_all_namespaces=(Kind.POD,),
    addresses=(EXTERNAL_IPS,),
    cells=("vip",),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports an external IP that is not programmed."""
    has = service.families
    if not has or not service.external_ips:
        return
    if service.is_manifest and service.ip_family_policy in {"PreferDualStack", "RequireDualStack"}:
        # The API server adds the other family when the Service is created.
        return
    if service.labels.get("service.kubernetes.io/service-proxy-name") or ctx.profile.other_dataplane:
        return
    for i, text in enumerate(service.external_ips):
        family = family_of(text)
        if family is not None and family not in has:
            yield Problem(
                message=f"External IP {text} is {family}, but the Service has {families(has)} only: kube-proxy "
                "ignores it.",
                family=family,
                field=f"spec.externalIPs[{i}]",
                observed=text,
                expected=f"an {has[0]} address, or a Service with both families",
                fix=add_family(ctx, service) if ctx.is_dual() else "Remove the address from externalIPs.",
            )
