"""The plan: what each single-stack Service needs to become dual-stack, in waves.

It only proposes; it applies nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.door_plan import DoorPlan, plan_doors, plan_hosts
from dsview.analysis.plan_step import Step, Wave
from dsview.analysis.service_plan import is_movable, make_step
from dsview.checks.engine.availability import why_unknown
from dsview.core.address import FAMILIES
from dsview.kinds.kind import Kind
from dsview.listeners.host_doors import HostDoor


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All steps, by wave, then by namespace and name.

    Attributes:
        dual: The number of Services that have both families.
        without: The number of Services that have no family (ExternalName) or may not change (default/kubernetes).
        unread: Why there are no steps, if Services were not read.
        doors: The front doors.
        hosts: The hosts that two front doors serve.
    """

    steps: tuple[Step, ...]
    dual: int
    without: int
    unread: str = ""
    doors: tuple[DoorPlan, ...] = ()
    hosts: dict[str, tuple[HostDoor, ...]] = {}

    def waves(self) -> Iterator[tuple[Wave, list[Step]]]:
        """Each wave that has steps, the soonest first."""
        for wave in Wave:
            steps = [step for step in self.steps if step.wave is wave]
            if steps:
                yield wave, steps


def make_plan(view: ClusterView) -> Plan:
    """The plan of a whole cluster."""
    state = view.state
    if not state.is_known(Kind.SERVICE):
        return Plan(steps=(), dual=0, without=0, unread=f"Services are not known ({why_unknown(state, Kind.SERVICE)}).")
    steps = [make_step(view, service) for service in state.services if is_movable(service)]
    dual = sum(len(service.families) == len(FAMILIES) for service in state.services)
    return Plan(
        steps=tuple(sorted(steps, key=lambda s: (s.wave.depth, s.service.namespace or "", s.service.name))),
        dual=dual,
        without=len(state.services) - dual - len(steps),
        doors=plan_doors(view),
        hosts=plan_hosts(view),
    )
