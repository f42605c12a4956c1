"""Policy, families and cluster IPs of a Service disagree.

## Condition

clusterIPs and ipFamilies differ in number or in family, a SingleStack Service has two families, or a
RequireDualStack Service with a cluster IP has one.

## Why it matters

Different components read different fields, so one family works only in some places.

## Fix

Recreate the Service; an update cannot correct these fields.

## When it is a false alarm

ipFamilies is empty, which a watch may deliver; then it is inferred from clusterIPs. A manifest may name one family and
require both, or have fewer cluster IPs than families, because the API server adds what is missing.

## Source

kubernetes/kubernetes pkg/apis/core/validation/validation.go, ValidateServiceClusterIPsRelatedFields
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import CLUSTER_IPS
from dsview.checks.engine.check import Check, HopName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import FAMILY_FIELDS, families, recreate_service
from dsview.core.address import (
    FAMILIES,
    family_of,
    other,
)
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-API-002",
    slug="policy-families-ips-disagree",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE,),
    addresses=(CLUSTER_IPS,),
    cells=("cluster_ip", "policy"),
    hop=HopName.SERVICE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports contradictions between the three fields that contain a Service's families."""
    if service.is_external_name:
        return
    ips = service.real_cluster_ips
    named = service.families
    if ips and not service.is_headless and not any_redacted(ips):
        ip_families = [family_of(ip) for ip in ips]
        wanted = list(service.ip_families or named)
        # For a manifest, the API server adds the missing addresses or families when the Service is created.
        compared = min(len(ip_families), len(wanted)) if service.is_manifest else None
        if wanted[:compared] != ip_families[:compared]:
            differing = [family for family in FAMILIES if (family in named) != (family in ip_families)]
            shown = [f"{ip} ({family or 'no address'})" for ip, family in zip(ips, ip_families, strict=True)]
            yield Problem(
                message=f"ipFamilies has {families(named)}, but clusterIPs has {', '.join(shown)}.",
                family=differing[0] if len(differing) == 1 else None,
                field="spec.clusterIPs",
                observed=", ".join(ips),
                expected=", ".join(f"an {family} address" for family in named),
                fix=_with_agreeing_fields(service, ctx),
            )
    if service.ip_family_policy == "SingleStack" and len(named) == 2:
        yield Problem(
            message=f"ipFamilyPolicy is SingleStack, but the Service has {families(named)}.",
            family=named[1],
            field="spec.ipFamilyPolicy",
            observed=", ".join(named),
            expected=named[0],
            fix=_with_agreeing_fields(service, ctx),
        )
    # For a manifest, the API server adds the other family when the Service is created.
    if service.ip_family_policy == "RequireDualStack" and len(named) == 1 and ips and not service.is_manifest:
        yield Problem(
            message=f"ipFamilyPolicy is RequireDualStack, but the Service has {named[0]} only.",
            family=other(named[0]),
            field="spec.ipFamilyPolicy",
            observed=named[0],
            expected="IPv4 and IPv6",
            fix=_with_agreeing_fields(service, ctx),
        )


def _with_agreeing_fields(service: Service, ctx: Context) -> str:
    """Commands that recreate the Service with the families it names, as far as the API server accepts them."""
    served = ctx.profile.service_families
    if len(served) == 1 and (service.ip_family_policy == "RequireDualStack" or set(service.families) - set(served)):
        return recreate_service(service, FAMILY_FIELDS)
    is_cut = service.ip_family_policy == "SingleStack" and len(service.ip_families) > 1
    return recreate_service(service, (".spec.ipFamilies[1:]",) if is_cut else ())
