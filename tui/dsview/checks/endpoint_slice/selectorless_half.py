"""Manual endpoints in one family only.

## Condition

The Service has no selector, and one of its families has no ready endpoint while the other one has. A note for
headless Services.

## Why it matters

Only the author of the slices can add the missing ones. Until then the family's cluster IP leads nowhere.

## Fix

Add an EndpointSlice of the missing family, or make the Service SingleStack.

## When it is a false alarm

The Service is default/kubernetes, whose endpoints the API servers write in one family, or it belongs to a Gateway or an
Ingress of Cilium, whose dummy endpoint does not represent a family. Both are exempt.

## Source

For default/kubernetes: kubernetes/kubernetes pkg/controlplane/controller/kubernetesservice/controller.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import make_single_stack
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, look_at
from dsview.cluster.profile import KUBERNETES
from dsview.core.address import Family, other
from dsview.core.finding import Severity
from dsview.core.plurals import count
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

SERVICE_NAME = "kubernetes.io/service-name"


check = Check(
    code="DS-EPS-005",
    slug="selectorless-half",
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
    """Reports manually written slices for one of two families."""
    if service.selector or service.is_external_name or service.is_manifest:
        return
    endpoints = ctx.endpoints(service.key)
    for family in service.families:
        rest = other(family)
        if endpoints.live(family) or not endpoints.live(rest):
            continue
        yield Problem(
            message="The Service has no selector, and its slices have "
            f"{count(endpoints.live(rest), f'{rest} endpoint')} but no {family} endpoint.",
            severity=Severity.NOTE if service.is_headless else None,
            family=family,
            observed=f"{family}: 0, {rest}: {endpoints.live(rest)}",
            expected=f"an EndpointSlice of addressType {family}",
            fix=_make_single(service, rest) if service.key == KUBERNETES else _add_by_hand(service, family),
        )


def _make_single(service: Service, family: Family) -> str:
    """How default/kubernetes returns to the family in which the API servers write endpoints."""
    return make_single_stack(service, family) or (
        f"{kubectl(service.namespace, 'delete', 'service', service.name)}\n"
        f"# the API servers recreate it within seconds, with {family} if that is the cluster's first family"
    )


def _add_by_hand(service: Service, family: Family) -> str:
    """How to add a slice to the manual ones, and what to do if one family is enough."""
    options = ("-l", f"{SERVICE_NAME}={service.name}", "-o", "yaml")
    mine = kubectl(service.namespace, "get", "endpointslices", options=options)
    single = make_single_stack(service, other(family))
    enough = f"\n# or, if {other(family)} is enough:\n{single}" if single else ""
    add = f"Add an EndpointSlice of addressType {family} with the label and the ports of the existing slices."
    return f"{add}\n{look_at(mine)}{enough}"
