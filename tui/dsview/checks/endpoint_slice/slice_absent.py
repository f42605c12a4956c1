"""No EndpointSlice of a family.

## Condition

The Service has a selector and a family, but no EndpointSlice of that address type, not even an empty one.

## Why it matters

Nothing maintains endpoints for that family, so its cluster IP leads nowhere.

## Fix

Read the log of kube-controller-manager, then restart it: its endpointslice controller creates a slice for each family.

## When it is a false alarm

The Service is a manifest or younger than 60 s, or only some namespaces are read.

## Source

kubernetes/kubernetes staging/src/k8s.io/endpointslice/reconciler.go: a family without endpoints keeps an empty
slice.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import GRACE, RESTART_CONTROLLER_MANAGER
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-EPS-003",
    slug="slice-absent",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
    absence_of=(Kind.ENDPOINT_SLICE,),
    cells=("ready",),
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
    harm=Harm.WHOLE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a family for which no slice was created."""
    if not service.selector or not ctx.reads(Kind.ENDPOINT_SLICE, service.namespace):
        return
    if service.is_external_name or service.is_manifest or not ctx.older_than(service.created, GRACE):
        return
    endpoints = ctx.endpoints(service.key)
    for family in service.families:
        if endpoints.of(family).slices == 0:
            yield Problem(
                message=f"The Service has {family}, but there is no EndpointSlice of addressType {family} for it.",
                family=family,
                observed="no slice",
                expected=f"a slice of addressType {family}, with or without endpoints",
                fix=RESTART_CONTROLLER_MANAGER,
                grace=GRACE,
            )
