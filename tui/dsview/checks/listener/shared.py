"""Code shared by the checks of listeners."""

from __future__ import annotations

from collections.abc import Sequence

from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import keep_first_family, names
from dsview.checks.load_balancer.shared import ranges_to_add
from dsview.checks.service.shared import add_family
from dsview.cluster.relations import PodFacet
from dsview.core.address import Family
from dsview.core.finding import ObjectRef, Severity
from dsview.core.listen import ListenSource
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.registry import GATEWAY_KINDS
from dsview.kinds.service import Service
from dsview.listeners.front_doors import FrontDoor, reach, service_fix
from dsview.listeners.sockets import Sockets

PODS = (PodFacet.CONTROLLERS,)
USES = (Kind.ENDPOINT_SLICE, Kind.CONFIG_MAP, Kind.PROXY_LISTENERS, Kind.INGRESS_CLASS, *GATEWAY_KINDS)
"""The kinds that may determine the sockets of a controller."""


def severity_of(source: ListenSource) -> Severity:
    """Error if the sockets were read or are declared; otherwise warning, because a default is no proof."""
    return Severity.ERROR if source in {ListenSource.READ, ListenSource.DECLARED} else Severity.WARNING


def is_live(ctx: Context, door: FrontDoor, family: Family) -> bool:
    """Whether the Service has a ready endpoint of the family.

    Always true if the nodes accept the traffic before it reaches the Service.
    """
    return door.sockets_below is not None or ctx.endpoints(door.service.key).live(family) > 0


def give_service_family(ctx: Context, door: FrontDoor, missing: Family) -> str:
    """How to give a door's Service a family that it lacks: in the controller's words, after what its proxies need."""
    own = service_fix(ctx.state, door, missing)
    found = reach(ctx.state, door, missing)
    if not own:
        pods = found.closed[found.unserved_ports[0]] if found.unserved_ports else ()
        return prove_first(door, found.source, pods, add_family(ctx, door.service))
    first = ""
    if found.unserved_ports:
        opens = door.controller.open_fix(ctx.state, door.service, missing)
        pods = found.closed[found.unserved_ports[0]]
        first = prove_first(door, found.source, pods, "" if opens == own else opens)
    return "\n".join(filter(None, (first, own, ranges_to_add(door.service, missing))))


def prove_first(door: FrontDoor, source: ListenSource, pods: Sequence[Pod], fix: str) -> str:
    """A fix, after the command that shows what the first pod listens on if this is only predicted."""
    proof = door.controller.proof(pods[0]) if pods and source is ListenSource.PREDICTED else ""
    return "\n".join(filter(None, (f"# see what it listens on: {proof}" if proof else "", fix)))


def or_without(service: Service, family: Family) -> str:
    """How to remove a family that is not wanted from a Service, as a comment; empty if it is the only or first one."""
    if family not in service.families[1:]:
        return ""
    return f"# or, where {family} is not wanted: {keep_first_family(service)}"


def port_words(ports: list[int]) -> str:
    """`port 80`, `ports 80 and 443`, `ports 80, 443 and 8443`."""
    return f"port{'' if len(ports) == 1 else 's'} {names(map(str, ports), limit=6)}"


def may_close(ctx: Context, door: FrontDoor) -> bool:
    """Whether a setting closes a family of the door's first ready proxy, or of the nodes that accept its traffic."""
    if door.sockets_below is not None:
        return bool(door.sockets_below.closes)
    first = next((pod for pod in door.pods if pod.ready), None)
    return first is not None and bool(door.controller.known_sockets(ctx.state, first).closes)


def closing(ctx: Context, door: FrontDoor, family: Family) -> tuple[Sockets, ...]:
    """The settings that together disable the family on every ready proxy of the front door; empty if they do not.

    There are several if the proxies have several owners with the same setting, as during a rollout.
    """
    if door.sockets_below is not None:
        return (door.sockets_below,) if family in door.sockets_below.closes else ()
    pods = [pod for pod in door.pods if pod.ready]
    # Usually all proxies listen, and one that does decides.
    if not pods or family not in door.controller.known_sockets(ctx.state, pods[0]).closes:
        return ()
    found = door.controller.sockets_of(ctx.state, pods)
    if any(family not in sockets.closes or sockets.holder is None for sockets in found):
        return ()
    # An address of one family on a port that the Service does not lead to has no effect here.
    if not all(door.controller.closed_ports(ctx.state, door.service, pod, family) for pod in pods):
        return ()
    return tuple({(sockets.holder, sockets.setting): sockets for sockets in found}.values())


def holder_ref(sockets: Sockets) -> ObjectRef:
    """The object that contains the setting."""
    if sockets.holder is None:
        raise ValueError("the sockets have no setting that disables a family")
    return sockets.holder
