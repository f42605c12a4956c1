"""Webhook Service whose family the API server may lack.

## Condition

The first family of the Service of a webhook or APIService differs from that of the endpoints of default/kubernetes, and
the control-plane nodes, if visible, lack it.

## Why it matters

The API server calls only the first cluster IP of the Service. These calls time out, and API requests hang or fail.

## Fix

Recreate the Service with the other family first.

## When it is a false alarm

The API server reaches Services through a proxy such as Konnectivity, or runs on nodes that the API does not show.

## Source

kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/util/proxy/proxy.go, ResolveCluster: spec.clusterIP is
called.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import NODE_ADDRESSES
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.invalidation import CONTROL_PLANE_LABELS
from dsview.checks.engine.remediation import recreate_service, ref
from dsview.cluster.profile import KUBERNETES
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import ObjectRef, Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.webhook_configuration import WebhookConfiguration

check = Check(
    code="DS-NET-006",
    slug="webhook-odd-family",
    severity=Severity.WARNING,
    subjects=(Kind.VALIDATING_WEBHOOK, Kind.MUTATING_WEBHOOK, Kind.API_SERVICE),
    needs=(Kind.SERVICE, Kind.ENDPOINT_SLICE),
    absence_of=(Kind.ENDPOINT_SLICE, Kind.NODE),
    uses=(Kind.NODE,),
    addresses=(NODE_ADDRESSES,),
)


def decide(item: WebhookConfiguration, ctx: Context) -> Iterator[Problem]:
    """Reports a webhook that requires a family that the API server may lack."""
    family = _api_server_family(ctx)
    nodes = _control_plane_families(ctx)
    if family is None:
        return
    for key in item.services:
        service = ctx.state.services.get(key)
        if service is None or not service.families or service.families[0] == family:
            continue
        first = service.families[0]
        if nodes is not None and first in nodes:
            continue
        where = "" if nodes is None else f", and the control-plane nodes have no {first} address"
        yield Problem(
            message=f"Service {'/'.join(key)} has {first} first, but default/kubernetes has {family} endpoints "
            f"only{where}.",
            object=ObjectRef(item.kind, None, item.name),
            family=first,
            field=f"service {'/'.join(key)}",
            observed=first,
            expected=family,
            fix=recreate_service(service),
            related=(ref("Service", service),),
        )


def _api_server_family(ctx: Context) -> Family | None:
    """The only family of the endpoints of default/kubernetes; None if it is unknown, or if there are both."""
    endpoints = ctx.endpoints(KUBERNETES)
    has = [family for family in FAMILIES if endpoints.of(family).all]
    return has[0] if len(has) == 1 else None


def _control_plane_families(ctx: Context) -> set[Family] | None:
    """The families of the visible control-plane nodes, or None if none is visible.

    A hidden address may be of either family.
    """
    nodes = [node for node in ctx.state.nodes if any(label in node.labels for label in CONTROL_PLANE_LABELS)]
    if any(any_redacted(node.addresses_of("InternalIP")) for node in nodes):
        return set(FAMILIES)
    control_plane = [facts for node in nodes if (facts := ctx.node(node.name)) is not None]
    return {family for facts in control_plane for family in facts.internal} if control_plane else None
