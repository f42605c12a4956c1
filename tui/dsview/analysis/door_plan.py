"""What each front door needs to serve both families, and the hosts that two front doors serve."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.remediation import patch_service, ref
from dsview.checks.listener.shared import port_words
from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource
from dsview.kinds.service import Service
from dsview.listeners.front_doors import FrontDoor, door_of_service, front_doors, reach, service_fix
from dsview.listeners.host_doors import HostDoor, hosts_with_two_doors


class DoorNeed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a front door needs for a family. `steps` are shell commands and comments, one a line."""

    family: Family
    message: str
    steps: tuple[str, ...]


class DoorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A front door and what it needs.

    `confidence` says how its sockets are known, and `unknown` which of them were not read.
    """

    service: ObjectRef
    controller: str
    confidence: ListenSource
    needs: tuple[DoorNeed, ...]
    unknown: str = ""


def plan_doors(view: ClusterView) -> tuple[DoorPlan, ...]:
    """The plans of all front doors, sorted by Service."""
    plans = [_plan(view, door) for door in front_doors(view.state)]
    return tuple(sorted(plans, key=lambda plan: (plan.service.namespace or "", plan.service.name)))


def plan_hosts(view: ClusterView) -> dict[str, tuple[HostDoor, ...]]:
    """The hosts that two front doors serve, with these front doors."""
    return hosts_with_two_doors(view.state)


def service_steps(view: ClusterView, door: FrontDoor, missing: Family) -> str:
    """How to give the Service of a front door both families: the controller's fix or, if it has none, a patch."""
    fix = service_fix(view.state, door, missing)
    return fix or patch_service(door.service, ipFamilyPolicy="PreferDualStack", ipFamilies=_both(door.service))


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
    least = min((found.source for found in sources), key=_LEAST_CERTAIN_FIRST.index, default=ListenSource.UNREAD)
    return DoorPlan(
        service=ref("Service", door.service),
        controller=door.controller.name,
        confidence=least,
        needs=tuple(_needs(view, door)),
        unknown=unread.reason if unread is not None else "" if sources else "none of its proxies is ready",
    )


_LEAST_CERTAIN_FIRST = (ListenSource.UNREAD, ListenSource.PREDICTED, ListenSource.DECLARED, ListenSource.READ)


def _needs(view: ClusterView, door: FrontDoor) -> Iterator[DoorNeed]:
    has = families_of(tuple(ip for pod in door.pods if pod.ready for ip in pod.ips))
    for family in FAMILIES:
        if door.pods and family not in has:
            yield DoorNeed(
                family=family,
                message=f"None of its {door.controller.name} pods has an {family} address.",
                steps=("# recreate them once their nodes can assign one",),
            )
            continue
        found = reach(view.state, door, family)
        open_fix = ""
        if found.unserved_ports:
            open_fix = door.controller.open_fix(view.state, door.service, family)
            likely = " likely" if found.source is ListenSource.PREDICTED else ""
            why = f" ({found.reason})" if found.reason else ""
            message = f"Its proxies{likely} do not listen on {family} {port_words(found.unserved_ports)}{why}."
            yield DoorNeed(family=family, message=message, steps=tuple(open_fix.split("\n")))
        fix = service_steps(view, door, family)
        if family not in door.service.families and not door.service.is_headless and fix != open_fix:
            yield DoorNeed(family=family, message=f"Its Service has no {family}.", steps=tuple(fix.split("\n")))
