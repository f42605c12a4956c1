"""Two doors of one host do not offer the same families.

## Condition

A host is served by two doors, such as an Ingress and an HTTPRoute, or Gateways of two controllers, and one of them is
known to offer a family that the other does not: by its Service, its load balancer, its listeners, or the addresses that
its status names. The finding is about the Ingress or HTTPRoute of the door that lacks the family.

## Why it matters

During a migration both doors stand side by side, and DNS is moved from one to the other. Clients of the family that
only one of them offers are cut off when it moves.

## Fix

Have the second door offer the family, before DNS names it alone. `dsview plan` says what each door needs.

## When it is a false alarm

The door that lacks the family is the old one, or is meant to serve one family. It is not raised where what a door
offers was not read.

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
    """Reports a family that one door offers and another does not."""
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
            message=f"{', '.join(hosts[:_SHOWN])}{more}: the door of {door.controller} ({_words(door.door)}) does not "
            f"offer {family}, which that of {having.controller} ({_words(having.door)}) does: {why}.",
            object=route,
            family=family,
            observed=why,
            expected=f"{family} at both doors",
            related=tuple(ref for ref in (door.door, door.service, having.door) if ref is not None and ref != route),
            causes=tuple(_causes(door, family)),
        )


def _words(ref: ObjectRef) -> str:
    return f"{ref.kind} {ref.namespace}/{ref.name}"


def _causes(door: HostDoor, family: Family) -> Iterator[Cause]:
    """The findings about the door itself, if they are the reason."""
    for code in ("DS-LSN-001", "DS-LSN-003", "DS-NGX-003", "DS-NGX-005", "DS-SVC-001", "DS-LB-001"):
        if door.service is not None:
            yield Cause(code, door.service, family)
    yield Cause("DS-GW-001", door.door, family)
