"""Front doors: a Service and the proxy pods that it leads to, or the Service of a Gateway without proxy pods."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping

import msgspec

from dsview.core.address import FAMILIES, Family
from dsview.core.listen import ListenSource
from dsview.kinds.gateway import Gateway
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.gateway_api import gateway_of, owner_of
from dsview.listeners.proxy_controller import ProxyController, pod_families, sockets_version, traffic_ports_of
from dsview.listeners.registry import PROXY_CONTROLLERS, controller_of_gateway
from dsview.listeners.sockets import Sockets

_LEAST_CERTAIN_FIRST = (ListenSource.UNREAD, ListenSource.PREDICTED, ListenSource.DECLARED, ListenSource.READ)


class FrontDoor(msgspec.Struct, frozen=True, kw_only=True):
    """A Service that leads to a controller's proxies.

    `pods` are the running proxy pods. If nodes accept the traffic instead, `sockets_below` are their sockets.
    """

    controller: ProxyController
    service: Service
    pods: tuple[Pod, ...] = ()
    gateway: Key | None = None
    sockets_below: Sockets | None = None


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """The ready proxies of a door in one family.

    `source` is the least certain one of those pods, and `known_source` that of those whose sockets are known.
    `closed` are, by port, the pods that do not listen, and `listening` how many do on these ports. The ports on which
    all listen are in neither.
    """

    source: ListenSource
    known_source: ListenSource = ListenSource.UNREAD
    listening: Mapping[int, int] = {}
    closed: Mapping[int, tuple[Pod, ...]] = {}
    reason: str = ""

    @property
    def unserved_ports(self) -> list[int]:
        """The ports on which no pod listens; empty if the sockets of a pod are unknown."""
        if self.source is ListenSource.UNREAD:
            return []
        return [port for port in sorted(self.closed) if not self.listening.get(port)]

    @property
    def uneven_ports(self) -> list[int]:
        """The ports on which some pods listen and others do not."""
        return [port for port in sorted(self.closed) if self.listening.get(port)]


def front_doors(cluster: ClusterReader) -> tuple[FrontDoor, ...]:
    """The front doors of every `ProxyController`, one for each Service."""
    return cluster.cached("front doors", _versions(cluster), lambda: tuple(_doors(cluster)))


def door_of_service(cluster: ClusterReader, service: Key) -> FrontDoor | None:
    """The front door of a Service, or None."""

    def find() -> dict[Key, FrontDoor]:
        return {door.service.key: door for door in front_doors(cluster)}

    return cluster.cached("front doors by Service", _versions(cluster), find).get(service)


def _versions(cluster: ClusterReader) -> Hashable:
    """A value that changes if the front doors may have changed."""
    kinds = (Kind.SERVICE, Kind.CONFIG_MAP, Kind.GATEWAY, Kind.GATEWAY_CLASS, Kind.INGRESS_CLASS)
    return (cluster.proxies_version, *(cluster.epochs[kind] for kind in kinds))


def _doors(cluster: ClusterReader) -> Iterable[FrontDoor]:
    for controller in PROXY_CONTROLLERS:
        node_sockets = controller.node_sockets(cluster)
        for service, pods in controller.services(cluster).values():
            gateway = gateway_of(service.labels, service.namespace) if not controller.is_shared else None
            if gateway is None and not controller.is_shared and pods:
                gateway = gateway_of(pods[0].labels, pods[0].namespace)
            yield FrontDoor(
                controller=controller, service=service, pods=pods, gateway=gateway, sockets_below=node_sockets
            )


def reach(cluster: ClusterReader, door: FrontDoor, family: Family) -> Reach:
    """Which ready proxies of a front door that have an address of the family listen on it.

    If nodes accept the traffic, the ports have no pods.
    """
    return _reach_in(cluster, _reaches(cluster), door)[family]


def reaches_of_doors(cluster: ClusterReader) -> Iterator[tuple[FrontDoor, Mapping[Family, Reach]]]:
    """Every front door with its reach in each family."""
    cache = _reaches(cluster)
    for door in front_doors(cluster):
        yield door, _reach_in(cluster, cache, door)


_Reaches = dict[tuple[str, Key], dict[Family, Reach]]


def _reaches(cluster: ClusterReader) -> _Reaches:
    """The results so far, by controller and Service, until something that may affect them changes."""
    return cluster.cached("reach of front doors", (_versions(cluster), sockets_version(cluster)), dict)


def _reach_in(cluster: ClusterReader, cache: _Reaches, door: FrontDoor) -> dict[Family, Reach]:
    key = (door.controller.name, door.service.key)
    found = cache.get(key)
    if found is None:
        found = cache[key] = _reach(cluster, door)
    return found


class _Tally:
    """The proxies with an address of one family, counted by port."""

    def __init__(self) -> None:
        self.listening: dict[int, int] = {}
        self.closed: dict[int, list[Pod]] = {}
        self.sources: set[ListenSource] = set()
        self.reasons: dict[str, None] = {}

    def reach(self, node_sockets: Sockets | None) -> Reach:
        """The result. `node_sockets` are the sockets of the nodes, if they accept the traffic."""
        source = next(
            (s for s in _LEAST_CERTAIN_FIRST if s in self.sources),
            node_sockets.source if node_sockets is not None else ListenSource.UNREAD,
        )
        known = next((s for s in _LEAST_CERTAIN_FIRST[1:] if s in self.sources), source)
        reason = ", ".join(self.reasons) or (node_sockets.reason if node_sockets is not None else "")
        if not self.closed:
            return Reach(source=source, reason=reason)
        return Reach(
            source=source,
            known_source=known,
            listening={port: self.listening[port] for port in self.closed if port in self.listening},
            closed={port: tuple(pods) for port, pods in self.closed.items()},
            reason=reason,
        )


def _reach(cluster: ClusterReader, door: FrontDoor) -> dict[Family, Reach]:
    """The reach of a door in each family: all of its proxies are looked at once."""
    tallies: dict[Family, _Tally] = {family: _Tally() for family in FAMILIES}
    targets: dict[int, dict[int, int]] = {}
    ready = [pod for pod in door.pods if pod.ready]
    for pod, sockets in zip(ready, door.controller.sockets_of(cluster, ready), strict=True):
        families = pod_families(pod)
        for family in families:
            tallies[family].sources.add(sockets.source)
            tallies[family].reasons[sockets.reason] = None
        if not sockets.is_known:
            continue
        # Pods of one workload share their containers, so their ports are equal.
        if id(pod.containers) not in targets:
            targets[id(pod.containers)] = door.controller.service_ports(cluster, door.service, pod)
        for port, target in targets[id(pod.containers)].items():
            has = sockets.on(target)
            if has is None:
                continue
            for family in families:
                tally = tallies[family]
                if family in has:
                    tally.listening[port] = tally.listening.get(port, 0) + 1
                else:
                    tally.closed.setdefault(port, []).append(pod)
    node_sockets = door.sockets_below
    if node_sockets is not None and node_sockets.is_known and node_sockets.families is not None:
        for family, tally in tallies.items():
            if family not in node_sockets.families:
                tally.closed = {port.port: [] for port in traffic_ports_of(cluster, door.service)}
    return {family: tally.reach(node_sockets) for family, tally in tallies.items()}


def service_fix(cluster: ClusterReader, door: FrontDoor, missing: Family) -> str:
    """How to add a family to the Service, with the settings of the controller; empty if it is to be patched.

    A setting that also opens the sockets is left out if they are open: it already has the value.
    """
    own = door.controller.service_fix(cluster, door.service)
    if own != door.controller.open_fix(cluster, door.service, missing):
        return own
    found = reach(cluster, door, missing)
    return "" if found.source is not ListenSource.UNREAD and not found.closed else own


def front_doors_of_unknown_sockets(cluster: ClusterReader) -> tuple[tuple[Service, str], ...]:
    """The Services whose ready proxies, or the nodes behind them, have unknown sockets, each with the reason."""

    def find() -> Iterator[tuple[Service, str]]:
        for door in front_doors(cluster):
            ready = [pod for pod in door.pods if pod.ready]
            found = door.controller.sockets_of(cluster, ready)
            found += [door.sockets_below] if door.sockets_below is not None else []
            reason = next((sockets.reason for sockets in found if not sockets.is_known), "")
            if reason:
                yield door.service, reason

    versions = (_versions(cluster), sockets_version(cluster))
    return cluster.cached("front doors of unknown sockets", versions, lambda: tuple(find()))


def proxies_of_gateway(cluster: ClusterReader, gateway: Gateway) -> tuple[ProxyController | None, tuple[Pod, ...]]:
    """The controller of a Gateway, and its running proxy pods."""
    controller = controller_of_gateway(cluster, gateway)
    if controller is None:
        return None, ()
    pods = _proxies_by_gateway(cluster, controller)
    found = pods.get(gateway.key) or pods.get(("", gateway.class_name))
    is_shared = controller.is_shared or controller.shares_unlabelled
    return controller, found or (pods.get(None, ()) if is_shared else ())


def _proxies_by_gateway(cluster: ClusterReader, controller: ProxyController) -> dict[Key | None, tuple[Pod, ...]]:
    """The running proxy pods of a controller, by the Gateway or class for which they were created; None for neither."""

    def find() -> dict[Key | None, tuple[Pod, ...]]:
        found: dict[Key | None, list[Pod]] = {}
        for pod in controller.proxies(cluster):
            found.setdefault(owner_of(pod.labels, pod.namespace), []).append(pod)
        return {key: tuple(pods) for key, pods in found.items()}

    return cluster.cached(f"proxies of {controller.name} by Gateway", cluster.proxies_version, find)


def services_of_gateway(cluster: ClusterReader, gateway: Gateway) -> tuple[Service, ...]:
    """The Services that were created for a Gateway, or those that all Gateways of its controller share."""
    created = _services_by_gateway(cluster).get(gateway.key, ())
    controller = controller_of_gateway(cluster, gateway)
    if created or controller is None:
        return created
    doors = _services_by_controller(cluster).get(controller.name, {})
    found = doors.get(gateway.key) or doors.get(("", gateway.class_name))
    if found or not controller.is_shared:
        return found or (doors.get(None, ()) if controller.shares_unlabelled else ())
    return tuple(s for of in doors.values() for s in of)


def _services_by_gateway(cluster: ClusterReader) -> dict[Key, tuple[Service, ...]]:
    """The Services in the namespaces of Gateways with the label of a Gateway."""

    def find() -> dict[Key, tuple[Service, ...]]:
        found: dict[Key, list[Service]] = {}
        for namespace in sorted({gateway.namespace for gateway in cluster.gateways}):
            for service in cluster.services.in_namespace(namespace):
                key = gateway_of(service.labels, service.namespace)
                if key is not None:
                    found.setdefault(key, []).append(service)
        return {key: tuple(services) for key, services in found.items()}

    versions = (cluster.epochs[Kind.SERVICE], cluster.epochs[Kind.GATEWAY])
    return cluster.cached("Services by Gateway", versions, find)


def _services_by_controller(cluster: ClusterReader) -> dict[str, dict[Key | None, tuple[Service, ...]]]:
    """The Services of the front doors, by controller and the Gateway or class that they belong to; None for neither."""

    def find() -> dict[str, dict[Key | None, tuple[Service, ...]]]:
        found: dict[str, dict[Key | None, tuple[Service, ...]]] = {}
        for door in front_doors(cluster):
            of = found.setdefault(door.controller.name, {})
            owner = door.gateway or owner_of(door.service.labels, door.service.namespace)
            of[owner] = (*of.get(owner, ()), door.service)
        return found

    return cluster.cached("Services by controller", _versions(cluster), find)
