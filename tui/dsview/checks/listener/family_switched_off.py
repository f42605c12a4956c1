"""A setting disables a family.

## Condition

The cluster is dual-stack, and a setting disables a family that the proxies' pods have, on every ready proxy. An error
if the front door's Service has the family, otherwise a note.

## Why it matters

The proxies refuse connections over the family, even if the Service has it.

## Fix

Change the setting, or make the Service SingleStack.

## When it is a false alarm

One family is intended and the Service has no other, which is a note.

## Source

tui/dsview/listeners has a module for each controller, with the sources of its rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, ref
from dsview.checks.listener.shared import PODS, USES, closing, holder_ref, may_close, or_without
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.listeners.front_doors import FrontDoor, front_doors
from dsview.listeners.proxy_controller import pod_families
from dsview.listeners.sockets import Sockets

check = Check(
    code="DS-LSN-002",
    slug="family-switched-off",
    severity=Severity.NOTE,
    needs=(Kind.SERVICE, Kind.POD),
    absence_of=(Kind.POD,),
    uses=USES,
    of_sockets=True,
    of_pods=PODS,
    of_service_families=True,
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a family that a setting disables."""
    if not ctx.is_dual():
        return
    doors_by_setting: dict[tuple[ObjectRef, Family], tuple[Sockets, list[FrontDoor]]] = {}
    for door in front_doors(ctx.state):
        if not may_close(ctx, door):
            continue
        for family in FAMILIES:
            has = door.sockets_below is not None or any(pod.ready and family in pod_families(pod) for pod in door.pods)
            for setting in closing(ctx, door, family) if has else ():
                _, doors = doors_by_setting.setdefault((holder_ref(setting), family), (setting, []))
                doors.append(door)
    for (holder, family), (setting, doors) in doors_by_setting.items():
        published = [door.service for door in doors if family in door.service.families]
        words = f"Service{'' if len(published) == 1 else 's'} " + names(f"{s.namespace}/{s.name}" for s in published)
        verb = "has" if len(published) == 1 else "have"
        yield Problem(
            message=f"{setting.reason}, so {doors[0].controller.label} does not listen on {family}."
            + (f" {words} {verb} {family}: {family} connections are refused." if published else ""),
            severity=Severity.ERROR if published else None,
            object=holder,
            family=family,
            field=setting.setting,
            expected=f"{family} enabled, or no {family} in the Service",
            fix="\n".join(
                filter(
                    None,
                    (
                        doors[0].controller.open_fix(ctx.state, doors[0].service, family),
                        *(or_without(service, family) for service in published[:3]),
                    ),
                )
            ),
            related=(
                *(ref("Service", door.service) for door in doors),
                *(ref("Pod", pod) for door in doors for pod in door.pods[:20]),
            ),
        )
