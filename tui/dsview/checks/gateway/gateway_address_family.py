"""Gateway does not publish a family of its Service.

## Condition

For two minutes, the Gateway's Service has had a load-balancer IP of a family that is missing from status.addresses; or
spec.addresses requests an IP of a family that is missing there.

## Why it matters

DNS records that are made from the Gateway lack this family.

## Fix

Check the controller that writes status.addresses. Some controllers publish the addresses of a Service that their
settings name, or a single address.

## When it is a false alarm

DNS records are made from something else. The check does not fire if the status contains a host name, or if the Gateway
has no Service or is not programmed, nor for Istio's waypoints and unmanaged Gateways.

## Source

https://gateway-api.sigs.k8s.io/reference/spec/, GatewayStatus: addresses are those that the Gateway is bound to.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names, ref
from dsview.checks.listener.shared import PODS
from dsview.core.address import FAMILIES, V4, Family, are_addresses, families_of, family_of
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.gateway import Gateway
from dsview.kinds.kind import Kind
from dsview.listeners.front_doors import services_of_gateway
from dsview.listeners.registry import controller_of_gateway, is_front_door

SETTLES = 120.0
"""Seconds that a controller may take to write the status."""

_LOOK = "# check the controller that writes status.addresses"

check = Check(
    code="DS-GW-001",
    slug="gateway-address-family",
    severity=Severity.WARNING,
    needs=(Kind.SERVICE,),
    uses=(Kind.POD, Kind.GATEWAY, Kind.GATEWAY_CLASS),
    of_pods=PODS,
    layer=LayerName.LOAD_BALANCERS,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a family that the load balancer has but the status does not show."""
    for gateway in ctx.state.gateways:
        if gateway.programmed != "True" or any(a.type != "IPAddress" for a in gateway.addresses):
            continue
        if not is_front_door(ctx.state, gateway):
            continue
        if not are_addresses(a.value for a in gateway.addresses):
            continue
        has = families_of(tuple(a.value for a in gateway.addresses))
        for family in FAMILIES:
            texts, related = _wanted(ctx, gateway, family)
            if family in has or not texts:
                continue
            if not ctx.older_than(max(gateway.created, gateway.programmed_since), SETTLES):
                continue
            source = "its Service has" if related else "it requests"
            record = "A" if family == V4 else "AAAA"
            controller = controller_of_gateway(ctx.state, gateway)
            yield Problem(
                message=f"status.addresses has no {family} address, while {source} {names(texts)}: DNS made from the "
                f"Gateway lacks {record} records.",
                object=ref("Gateway", gateway),
                family=family,
                field="status.addresses",
                observed=families(has) if has else "none",
                expected=names(texts),
                fix=(controller.status_fix if controller is not None else "") or _LOOK,
                related=related,
                grace=SETTLES,
            )


def _wanted(ctx: Context, gateway: Gateway, family: Family) -> tuple[list[str], tuple[ObjectRef, ...]]:
    """The addresses of a family that the status should have: those of its only Service or those that it requests.

    If its Service has the family but did not get an address, DS-LB-001 reports it.
    """
    gateway_services = services_of_gateway(ctx.state, gateway)
    if not gateway_services:
        return [], ()
    services = [s for s in gateway_services if s.load_balancer_ingress]
    if len(services) == 1:
        given = [entry.ip for entry in services[0].load_balancer_ingress if entry.ip]
        texts = [text for text in given if family_of(text) == family]
        if texts:
            return texts, (ref("Service", services[0]),)
        if given and family in services[0].families:
            return [], ()
    requested = (a.value for a in gateway.requested if a.type == "IPAddress")
    return [text for text in requested if family_of(text) == family], ()
