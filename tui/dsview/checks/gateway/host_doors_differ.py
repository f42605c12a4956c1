"""Two front doors of a host offer different families.

## Condition

Two front doors serve a host, such as an Ingress and an HTTPRoute, or Gateways of two controllers, and one of them
offers a family that the other does not, according to its Service, its load balancer, its listeners, or the addresses in
its status. The finding is about the Ingress or HTTPRoute of the front door that lacks the family.

## Why it matters

During a migration, both front doors run side by side until DNS is moved from one to the other. Then the clients of the
missing family lose their connection.

## Fix

Make both front doors offer the family before you change DNS. `dsview plan` shows what each of them needs.

## When it is a false alarm

The front door that lacks the family is the old one, or is intended for one family. The check does not fire if it is
unknown what a front door offers.

## Source

https://gateway-api.sigs.k8s.io/guides/migrating-from-ingress/
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.listener.shared import PODS, USES
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.listeners.host_doors import HostDoor, Offer, hosts_with_two_doors

check = Check(
    code="DS-GW-003",
    slug="host-doors-differ",
    severity=Severity.NOTE,
    needs=(Kind.SERVICE,),
    uses=(*USES, Kind.INGRESS, Kind.POD),
    of_pods=PODS,
    layer=LayerName.LOAD_BALANCERS,
)

_SHOWN = 3


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a family that one front door offers and another does not."""
    found: dict[tuple[ObjectRef, Family], tuple[HostDoor, HostDoor, str, list[str]]] = {}
    for host, doors in hosts_with_two_doors(ctx.state).items():
        for family in FAMILIES:
            having = next((door for door in doors if door.offers[family][0] is Offer.YES), None)
            for door in doors if having is not None else ():
                offer, why = door.offers[family]
                if offer is Offer.NO and having is not None:
                    found.setdefault((door.route, family), (door, having, why, []))[3].append(host)
    for (route, family), (door, having, why, hosts) in found.items():
        more = f" and {len(hosts) - _SHOWN} more" if len(hosts) > _SHOWN else ""
        yield Problem(
            message=f"{', '.join(hosts[:_SHOWN])}{more}: the front door of {door.controller} ({_describe(door.door)}) "
            f"does not offer {family}, but that of {having.controller} ({_describe(having.door)}) does: {why}.",
            object=route,
            family=family,
            observed=why,
            expected=f"{family} at both front doors",
            related=tuple(ref for ref in (door.door, door.service, having.door) if ref is not None and ref != route),
            causes=tuple(_causes(door, family)),
        )


def _describe(ref: ObjectRef) -> str:
    return f"{ref.kind} {ref.namespace}/{ref.name}"


def _causes(door: HostDoor, family: Family) -> Iterator[Cause]:
    """The findings about the front door that may be the reason."""
    for code in ("DS-LSN-001", "DS-LSN-003", "DS-NGX-003", "DS-NGX-005", "DS-SVC-001", "DS-LB-001"):
        if door.service is not None:
            yield Cause(code, door.service, family)
    yield Cause("DS-GW-001", door.door, family)
