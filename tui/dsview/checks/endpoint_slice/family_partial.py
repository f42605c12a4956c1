"""Fewer ready endpoints in one family.

## Condition

Both families have ready endpoints, but the numbers differ for 120 s.

## Why it matters

Fewer pods carry the load of that family, so it fails sooner.

## Fix

Recreate the pods that lack the family, once their nodes provide it.

## When it is a false alarm

The Service has no selector, or a rollout is in progress: the pods of one owner have several revisions and one of them
has been ready for less than ten minutes, or some pod became ready less than two minutes ago. Two Deployments behind one
Service, such as a canary, are not a rollout. Endpoints that other controllers than Kubernetes' own write are not
compared.

## Source

kubernetes/kubernetes staging/src/k8s.io/endpointslice/reconciler.go: a pod without an address of a family is in no
slice of that family.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import causes, explain, lacking, of_other_controllers
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.core.address import FAMILIES, other
from dsview.core.finding import Severity
from dsview.core.plurals import count
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

PARTIAL_GRACE = 120.0


check = Check(
    code="DS-EPS-002",
    slug="family-partial",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
    absence_of=(Kind.ENDPOINT_SLICE,),
    uses=(Kind.POD,),
    cells=("ready",),
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
    harm=Harm.PART,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports two live families, one with fewer endpoints than the other."""
    has = service.families
    if not service.selector or service.is_manifest or len(has) != 2:
        return
    endpoints = ctx.endpoints(service.key)
    v4, v6 = (endpoints.live(family) for family in FAMILIES)
    if not v4 or not v6 or v4 == v6 or ctx.is_rolling_out(ctx.endpoint_pods(service)):
        return
    if not ctx.older_than(service.created, PARTIAL_GRACE):
        return
    family = FAMILIES[0] if v4 < v6 else FAMILIES[1]
    elsewhere = of_other_controllers(ctx, service)
    missing = {i: e for i, e in lacking(ctx, service, family).items() if i not in elsewhere}
    if not missing:
        return
    why, fix, related = explain(ctx, service, missing, family)
    yield Problem(
        message=f"{family}: {min(v4, v6)} of {count(max(v4, v6), 'ready endpoint')}; {why}.",
        family=family,
        observed=f"{family}: {min(v4, v6)} ready, {other(family)}: {max(v4, v6)} ready",
        expected=f"{family}: {max(v4, v6)} ready",
        fix=fix,
        related=related,
        grace=PARTIAL_GRACE,
        causes=causes(ctx, service, missing, family),
    )
