"""What each front door needs for both families, in the terms of its controller, and the hosts that two doors serve."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.remediation import names, patch_service, ref
from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource
from dsview.kinds.service import Service
from dsview.listeners.front_doors import FrontDoor, door_of_service, front_doors, reach
from dsview.listeners.host_doors import HostDoor, hosts_with_two_doors


class DoorNeed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a door needs for a family. `words` say how to do it, one step a line, comments with a `#`."""

    family: Family
    message: str
    words: tuple[str, ...]


class DoorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A front door: its controller, how its sockets are known, and what it needs. `unknown` names what was not read."""

    service: ObjectRef
    controller: str
    confidence: ListenSource
    needs: tuple[DoorNeed, ...]
    unknown: str = ""


def plan_doors(view: ClusterView) -> tuple[DoorPlan, ...]:
    """The plan of each front door, by Service."""
    found = [_plan(view, door) for door in front_doors(view.state)]
    return tuple(sorted(found, key=lambda plan: (plan.service.namespace or "", plan.service.name)))


def plan_hosts(view: ClusterView) -> dict[str, tuple[HostDoor, ...]]:
    """The hosts that two doors serve, each with its doors."""
    return hosts_with_two_doors(view.state)


def service_words(door: FrontDoor) -> str:
    """How to give the door's Service both families: the controller's own fix, else a patch."""
    own = door.controller.service_fix(door.service)
    return own or patch_service(door.service, ipFamilyPolicy="PreferDualStack", ipFamilies=_both(door.service))


def door_of(view: ClusterView, service: Service) -> FrontDoor | None:
    """The front door of a Service, if it is one."""
    return door_of_service(view.state, service.key)


def _both(service: Service) -> list[Family]:
    return [*service.families, *(family for family in FAMILIES if family not in service.families)]


def _plan(view: ClusterView, door: FrontDoor) -> DoorPlan:
    state = view.state
    sources = [door.controller.known_sockets(state, pod) for pod in door.pods if pod.ready]
    sources += [door.sockets_below] if door.sockets_below is not None else []
    unread = next((found for found in sources if not found.is_known), None)
    least = min((found.source for found in sources), key=_SURENESS.index, default=ListenSource.UNREAD)
    return DoorPlan(
        service=ref("Service", door.service),
        controller=door.controller.name,
        confidence=least,
        needs=tuple(_needs(view, door)),
        unknown=unread.reason if unread is not None else "" if sources else "none of its proxies is ready",
    )


_SURENESS = (ListenSource.UNREAD, ListenSource.PREDICTED, ListenSource.DECLARED, ListenSource.READ)


def _needs(view: ClusterView, door: FrontDoor) -> Iterator[DoorNeed]:
    has = families_of(tuple(ip for pod in door.pods if pod.ready for ip in pod.ips))
    for family in FAMILIES:
        if door.pods and family not in has:
            yield DoorNeed(
                family=family,
                message=f"None of its {door.controller.name} pods has an {family} address.",
                words=("# recreate them once their nodes can assign one",),
            )
            continue
        found = reach(view.state, door, family)
        opens = ""
        if found.dead_ports:
            opens = door.controller.open_fix(view.state, door.service, family)
            likely = " likely" if found.source is ListenSource.PREDICTED else ""
            why = f" ({found.reason})" if found.reason else ""
            ports = names(map(str, found.dead_ports))
            message = f"Its proxies{likely} do not listen on {family} at port {ports}{why}."
            yield DoorNeed(family=family, message=message, words=tuple(opens.split("\n")))
        words = service_words(door)
        if family not in door.service.families and not door.service.is_headless and words != opens:
            yield DoorNeed(family=family, message=f"Its Service has no {family}.", words=tuple(words.split("\n")))
