"""No ready endpoint in one family.

## Condition

A family of the Service has no ready endpoint while the other family has some, for 60 s.

## Why it matters

Connections to the cluster IP of that family are refused or time out. Clients that prefer the family fail or are slow.

## Fix

Recreate the pods that lack the family, once their nodes provide it, or make the Service SingleStack.

## When it is a false alarm

The Service has no selector; DS-EPS-005 checks these. Manifests are not checked, because they have no slices.

## Source

kubernetes/kubernetes staging/src/k8s.io/endpointslice/reconciler.go: each family of the Service has its own slices,
with the pods that have an address of that family.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import GRACE, causes, endpoint_pods, explain, lacking, make_single_stack
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import FAMILY_FIELDS, recreate_service
from dsview.cluster.profile import Confidence
from dsview.core.address import other
from dsview.core.finding import Severity
from dsview.core.plurals import count
from dsview.kinds.endpoint_slice import Endpoint
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-EPS-001",
    slug="family-empty",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
    absence_of=(Kind.ENDPOINT_SLICE,),
    uses=(Kind.POD,),
    cells=("ready",),
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
    harm=Harm.WHOLE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a family without ready endpoints."""
    if not service.selector or service.is_external_name or service.is_manifest:
        return
    endpoints = ctx.endpoints(service.key)
    for family in service.families:
        rest = other(family)
        ready = endpoints.live(rest)
        if endpoints.live(family) or not ready:
            continue
        missing = lacking(ctx, service, family)
        if not _may_be_older_than(ctx, service, missing, GRACE):
            continue
        why, fix, related = explain(ctx, service, missing, family)
        # If the cluster does not serve the family, recreating pods does not help.
        if ctx.profile.confidence is Confidence.DECLARED and not ctx.serves(family):
            fix = make_single_stack(service, rest) or recreate_service(service, FAMILY_FIELDS)
        yield Problem(
            message=f"{family}: 0 of {count(ready, 'ready endpoint')}; {why}.",
            family=family,
            observed=f"{family}: 0 ready, {rest}: {ready} ready",
            expected=f"{family}: {ready} ready",
            fix=fix or make_single_stack(service, rest),
            related=related,
            grace=GRACE,
            causes=causes(ctx, service, missing, family),
        )


def _may_be_older_than(ctx: Context, service: Service, endpoints: dict[str, Endpoint], seconds: float) -> bool:
    """Whether the gap may have existed for this long, according to the timestamps of the objects."""
    if not ctx.older_than(service.created, seconds):
        return False
    pods = endpoint_pods(ctx, service, endpoints)
    has_unknown = len(pods) < len(endpoints)
    return has_unknown or any(ctx.older_than(pod.ready_since, seconds) for pod in pods)
