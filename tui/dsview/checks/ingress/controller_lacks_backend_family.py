"""Ingress controller lacks a family of its backends.

## Condition

A backend Service has ready endpoints of a family that a controller pod has no address of.

## Why it matters

ingress-nginx uses the endpoints of all slices, so the requests that it sends to the missing family fail.

## Fix

Recreate the controller's pods that lack the family, once their nodes provide it, or make the backend SingleStack.

## When it is a false alarm

The controller's pods are being replaced, and the new ones have the family. An Ingress with the annotation
service-upstream is left out: its requests go to the cluster IP, not to the endpoints.

## Source

kubernetes/ingress-nginx internal/ingress/controller/endpointslices.go: the endpoints of all slices of the backend are
used.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import POD_IPS
from dsview.checks.engine.check import Check, Harm, HopName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import give_family, names, ref
from dsview.checks.ingress.shared import live_backends, sends_to_cluster_ips
from dsview.core.address import FAMILIES, are_addresses, families_of
from dsview.core.finding import ObjectRef, Severity
from dsview.core.plurals import count
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.listeners.proxies import proxies_of, reaches_every_endpoint

check = Check(
    code="DS-NET-005",
    slug="controller-lacks-backend-family",
    severity=Severity.WARNING,
    subjects=(Kind.INGRESS,),
    needs=(Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD),
    uses=(Kind.INGRESS_CLASS, Kind.NODE),
    addresses=(POD_IPS,),
    hop=HopName.BACKEND,
    harm=Harm.PART,
)


def decide(ingress: Ingress, ctx: Context) -> Iterator[Problem]:
    """Reports a controller pod that cannot reach some endpoints."""
    if sends_to_cluster_ips(ingress):
        return
    reaching = (pod for pod in proxies_of(ingress, ctx.state) if reaches_every_endpoint(pod) and ctx.is_eligible(pod))
    pods = [pod for pod in reaching if are_addresses(pod.ips)]
    backends = live_backends(ingress, ctx) if pods else []
    for family in FAMILIES:
        without = [pod for pod in pods if family not in families_of(pod.ips)]
        # If a pod has no family in common with the backend, DS-NET-004 or a similar check reports it.
        having = [service for service, live in backends if family in live and len(live) == 2]
        only = [service for service, live in backends if live == (family,) and len(without) < len(pods)]
        found = having + only
        if not without or not found:
            continue
        yield Problem(
            message=f"{names(s.name for s in found)} {'has' if len(found) == 1 else 'have'} {family} endpoints, but "
            f"{count(len(without), 'controller pod')} ({names(p.name for p in without)}) cannot reach them.",
            family=family,
            observed=f"{len(without)} of {len(pods)} controller pods without {family}",
            expected=f"{family} on every controller pod",
            fix=give_family(ctx, without, family),
            related=(
                *(ref("Service", s) for s in found),
                *(ObjectRef("Pod", p.namespace, p.name) for p in without[:20]),
            ),
            grace=60,
        )
