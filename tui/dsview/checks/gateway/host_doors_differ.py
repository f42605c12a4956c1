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
from dsview.checks.engine.remediation import kubectl, look_at, make_listen, names
from dsview.checks.listener.shared import PODS, USES, give_service_family
from dsview.checks.service.shared import add_family
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.listeners.front_doors import door_of_service
from dsview.listeners.host_doors import HostDoor, Lack, Offer, hosts_with_two_doors
from dsview.listeners.proxies import closed_ports, proxies_behind
from dsview.listeners.registry import label_of

check = Check(
    code="DS-GW-003",
    slug="host-doors-differ",
    severity=Severity.NOTE,
    needs=(Kind.SERVICE,),
    uses=(*USES, Kind.INGRESS, Kind.POD),
    of_pods=PODS,
    layer=LayerName.LOAD_BALANCERS,
)

_LOOK = "# look at what writes the addresses of its status"


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a family that one front door offers and another does not."""
    differences: dict[tuple[ObjectRef, Family], tuple[HostDoor, HostDoor, list[str]]] = {}
    for host, doors in hosts_with_two_doors(ctx.state).items():
        for family in FAMILIES:
            having = next((door for door in doors if door.offers[family].offer is Offer.YES), None)
            for door in doors if having is not None else ():
                if door.offers[family].offer is Offer.NO and having is not None:
                    _, _, hosts = differences.setdefault((door.route, family), (door, having, []))
                    hosts.append(host)
    for (route, family), (door, having, hosts) in differences.items():
        why = door.offers[family].why
        are, them = ("is", "it") if len(hosts) == 1 else ("are", "them")
        yield Problem(
            message=f"{names(hosts)} {are} served by two front doors. {_describe(having)} offers {them} over {family}, "
            f"{_describe(door)} does not: {why}.",
            object=route,
            family=family,
            observed=why,
            expected=f"{family} at both front doors",
            fix=_fix(ctx, door, family),
            related=tuple(ref for ref in (door.door, door.service, having.door) if ref is not None and ref != route),
            causes=tuple(_causes(door, family)),
        )


def _describe(door: HostDoor) -> str:
    return f"{label_of(door.controller)} ({door.door.kind} {door.door.namespace}/{door.door.name})"


def _fix(ctx: Context, door: HostDoor, family: Family) -> str:
    """What the door needs, by where it lacks the family."""
    of_service = door.service
    service = ctx.state.services.get((of_service.namespace or "", of_service.name)) if of_service is not None else None
    front = door_of_service(ctx.state, service.key) if service is not None else None
    match door.offers[family].lack:
        case Lack.SERVICE if service is not None:
            return give_service_family(ctx, front, family) if front is not None else add_family(ctx, service)
        case Lack.SOCKETS if service is not None and front is not None:
            return front.controller.open_fix(ctx.state, service, family)
        case Lack.SOCKETS if service is not None:
            deaf = [
                (pod, ports)
                for pod in proxies_behind(ctx.state, service.key) or ()
                if pod.ready and (ports := closed_ports(ctx.state, service, pod, family))
            ]
            return make_listen(ctx.state, [pod for pod, _ in deaf], deaf[0][1], family) if deaf else ""
        case Lack.STATUS if front is not None:
            is_ingress = door.route.kind == Kind.INGRESS.value
            own = front.controller.ingress_status_fix if is_ingress else front.controller.status_fix
            return own or _LOOK
        case Lack.BALANCER if service is not None:
            return look_at(kubectl(service.namespace, "describe", "service", service.name))
        case _:
            return _LOOK


def _causes(door: HostDoor, family: Family) -> Iterator[Cause]:
    """The findings about the front door that may be the reason."""
    for code in ("DS-LSN-001", "DS-LSN-003", "DS-NGX-003", "DS-NGX-005", "DS-SVC-001", "DS-LB-001"):
        if door.service is not None:
            yield Cause(code, door.service, family)
    is_ingress = door.route.kind == Kind.INGRESS.value
    yield Cause("DS-NET-003", door.route, family) if is_ingress else Cause("DS-GW-001", door.door, family)
