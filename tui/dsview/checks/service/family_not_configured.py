"""Service has a family that the cluster does not have.

## Condition

A family of the Service is none of the cluster's Service families, and these are declared.

## Why it matters

No component allocates or implements that family, so its cluster IP leads nowhere.

## Fix

Set the policy to SingleStack if the cluster has the first family; otherwise recreate the Service.

## When it is a false alarm

The Service is headless and has no selector: it gets both families on any cluster.

## Source

kubernetes/kubernetes pkg/registry/core/service/storage/alloc.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import FAMILY_FIELDS, families, keep_first_family, recreate_service
from dsview.cluster.profile import Confidence
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-SVC-003",
    slug="family-not-configured",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE,),
    of_service_families=True,
    cells=("families",),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
    harm=Harm.WHOLE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a family that is not in S."""
    profile = ctx.profile
    if profile.confidence is not Confidence.DECLARED or (service.is_headless and not service.selector):
        return
    has = service.families
    for family in has:
        if ctx.serves(family):
            continue
        is_secondary = ctx.serves(has[0])
        yield Problem(
            message=f"The Service has {family}, but the cluster serves {families(profile.service_families)} only "
            f"({profile.declared_by}).",
            family=family,
            field=f"spec.ipFamilies[{has.index(family)}]",
            observed=families(has),
            expected=families(profile.service_families),
            fix=keep_first_family(service)
            if is_secondary
            # Also drop the policy, because the API server would reject RequireDualStack.
            else recreate_service(service, FAMILY_FIELDS),
        )
