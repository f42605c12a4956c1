"""Ingress controller shares no family with a backend.

## Condition

The ready endpoints of a backend Service have no family in common with the controller's pods.

## Why it matters

Every request to the backend fails. Client and backend may have different families, because nginx connects them, but
nginx and backend may not.

## Fix

Recreate the controller's pods with the family of the backend, once their nodes provide it.

## When it is a false alarm

None is known. Ingresses of other controllers' classes and ExternalName backends are not checked.

## Source

kubernetes/ingress-nginx internal/ingress/controller/endpointslices.go: the endpoints of all slices of the backend are
used.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import POD_IPS
from dsview.checks.engine.check import Check, HopName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, give_family, ref
from dsview.checks.ingress.shared import live_backends
from dsview.core.address import FAMILIES, are_addresses, families_of
from dsview.core.finding import Severity
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.listeners.proxies import proxies_of

check = Check(
    code="DS-NET-004",
    slug="backend-disjoint",
    severity=Severity.ERROR,
    subjects=(Kind.INGRESS,),
    needs=(Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD),
    absence_of=(Kind.ENDPOINT_SLICE, Kind.POD),
    uses=(Kind.INGRESS_CLASS, Kind.NODE),
    addresses=(POD_IPS,),
    hop=HopName.BACKEND,
)


def decide(ingress: Ingress, ctx: Context) -> Iterator[Problem]:
    """Reports a controller and a backend without a common family."""
    pods = proxies_of(ingress, ctx.state)
    if not all(are_addresses(pod.ips) or len(families_of(pod.ips)) == len(FAMILIES) for pod in pods):
        # An address that is hidden may be of the family of the backend.
        return
    having = {family for pod in pods for family in families_of(pod.ips)}
    has = tuple(family for family in FAMILIES if family in having)
    for service, live in live_backends(ingress, ctx) if has else ():
        if not set(live) & set(has):
            yield Problem(
                message=f"Backend {service.name} has {families(live)} endpoints only, but the controller's pods have "
                f"{families(has)} only.",
                family=live[0],
                field=f"spec.rules[{service.name}]",
                observed=f"backend {families(live)}, controller {families(has)}",
                expected="a family in common",
                fix=give_family(ctx, pods, live[0]),
                related=(ref("Service", service), *(ref("Pod", pod) for pod in pods[:20])),
                grace=60,
            )
