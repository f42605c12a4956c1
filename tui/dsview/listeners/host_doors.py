"""Hosts that two doors serve, as during a migration: the families of each door, and why it lacks the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

import msgspec

from dsview.core.address import FAMILIES, Family, families_of, family_of
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource
from dsview.kinds.gateway import Gateway, HTTPRoute
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.registry import GATEWAY_KINDS
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.front_doors import proxies_of_gateway, services_of_gateway
from dsview.listeners.gateway_api import gateway_of, hosts_of
from dsview.listeners.gateway_listeners import gateway_controller_name, gateway_sockets
from dsview.listeners.proxies import closed_ports, controller_name, door_services, listeners_of, proxies_of
from dsview.listeners.registry import is_front_door


class Offer(Enum):
    """Whether a door offers a family; `UNKNOWN` if a deciding object was not read."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Lack(Enum):
    """Where a door lacks a family: in its Service, its load balancer, its status, or its sockets."""

    SERVICE = "service"
    BALANCER = "balancer"
    STATUS = "status"
    SOCKETS = "sockets"


class Offered(NamedTuple):
    """Whether a door offers a family. If it does not, `why` is a clause, and `lack` is the place."""

    offer: Offer
    why: str = ""
    lack: Lack | None = None


_OFFERED = Offered(Offer.YES)
_UNKNOWN = Offered(Offer.UNKNOWN)


class HostDoor(msgspec.Struct, frozen=True, kw_only=True):
    """One of the doors of a host.

    `route` is the Ingress or HTTPRoute, `door` the Gateway or the controller's Service.
    """

    route: ObjectRef
    door: ObjectRef
    controller: str
    service: ObjectRef | None
    offers: dict[Family, Offered]


def hosts_with_two_doors(cluster: ClusterReader) -> dict[str, tuple[HostDoor, ...]]:
    """The hosts that more than one door serves, by name, each with its doors."""
    kinds = (Kind.SERVICE, Kind.INGRESS, Kind.INGRESS_CLASS, Kind.CONFIG_MAP, Kind.PROXY_LISTENERS, *GATEWAY_KINDS)
    versions = (cluster.proxies_version, *(cluster.epochs[kind] for kind in kinds))
    return cluster.cached("hosts with two doors", versions, lambda: _find(cluster))


def _find(cluster: ClusterReader) -> dict[str, tuple[HostDoor, ...]]:
    published: dict[str, list[Ingress | HTTPRoute]] = {}
    for ingress in cluster.ingresses:
        for host in ingress.hosts:
            published.setdefault(host, []).append(ingress)
    takes_any = {gateway.key for gateway in cluster.gateways if not any(x.hostname for x in gateway.listeners)}
    for route in cluster.http_routes:
        # Most Gateways take any host, so that there is nothing to compare for each of thousands of routes.
        hosts: Iterable[str] = dict.fromkeys(route.hostnames)
        if not takes_any.issuperset(route.accepted):
            accepting = (gateway for key in route.accepted if (gateway := cluster.gateways.get(key)) is not None)
            hosts = dict.fromkeys(host for gateway in accepting for host in hosts_of(gateway, route))
        for host in hosts if route.accepted else ():
            published.setdefault(host, []).append(route)
    found: dict[str, tuple[HostDoor, ...]] = {}
    for host, items in sorted(published.items()):
        if host in {"", "*"} or sum(map(_most_doors, items)) < 2:
            continue
        doors = {door.door: door for item in items for door in _doors(cluster, item)}
        if len(doors) > 1:
            found[host] = tuple(doors.values())
    return found


def _most_doors(item: Ingress | HTTPRoute) -> int:
    """The maximum number of doors that publish it. This filter is cheap; computing the offers of every host is not."""
    return 1 if isinstance(item, Ingress) else len(item.accepted)


def _doors(cluster: ClusterReader, item: Ingress | HTTPRoute) -> Iterator[HostDoor]:
    if isinstance(item, Ingress):
        yield from _of_ingress(cluster, item)
        return
    for key in item.accepted:
        gateway = cluster.gateways.get(key)
        if gateway is not None and is_front_door(cluster, gateway):
            yield _of_gateway(cluster, item, gateway)


def _of_ingress(cluster: ClusterReader, ingress: Ingress) -> Iterator[HostDoor]:
    """The door of each controller that serves an Ingress; empty if unknown."""
    serving = {pod.key for pod in proxies_of(ingress, cluster)}
    chosen: dict[str, tuple[Service, tuple[Pod, ...]]] = {}
    for service, pods in sorted(door_services(cluster).values(), key=lambda d: (d[0].type != "LoadBalancer", d[0].key)):
        mine = tuple(pod for pod in pods if pod.key in serving)
        if mine:
            chosen.setdefault(controller_name(mine[0]), (service, mine))
    for controller, (service, mine) in chosen.items():
        shown = tuple(entry.ip for entry in ingress.load_balancer_ingress if entry.ip)
        named = any(entry.hostname for entry in ingress.load_balancer_ingress)
        yield HostDoor(
            route=ObjectRef(Kind.INGRESS.value, ingress.namespace, ingress.name),
            door=ObjectRef(Kind.SERVICE.value, service.namespace, service.name),
            controller=controller,
            service=ObjectRef(Kind.SERVICE.value, service.namespace, service.name),
            offers={
                family: _offer(cluster, service, mine, None if named or not shown else shown, family)
                for family in FAMILIES
            },
        )


def _of_gateway(cluster: ClusterReader, route: HTTPRoute, gateway: Gateway) -> HostDoor:
    services = services_of_gateway(cluster, gateway)
    _, pods = proxies_of_gateway(cluster, gateway)
    service = services[0] if len(services) == 1 else None
    of_gateway = ObjectRef(Kind.GATEWAY.value, gateway.namespace, gateway.name)
    of_service = ObjectRef(Kind.SERVICE.value, service.namespace, service.name) if service is not None else None
    shown: tuple[str, ...] | None = tuple(a.value for a in gateway.addresses)
    if not gateway.addresses or any(a.type != "IPAddress" for a in gateway.addresses):
        shown = None
    # A controller whose Gateways share one Service is one door, regardless of the object that publishes the host.
    is_shared = any(gateway_of(pod.labels, pod.namespace) != gateway.key for pod in pods)
    return HostDoor(
        route=ObjectRef(Kind.HTTP_ROUTE.value, route.namespace, route.name),
        door=of_service if is_shared and of_service is not None else of_gateway,
        controller=gateway_controller_name(cluster, gateway),
        service=of_service,
        offers={
            family: _offer(cluster, service, pods, shown, family)
            if service is not None and pods
            else _below(cluster, gateway, service, shown, family)
            for family in FAMILIES
        },
    )


def _offer(
    cluster: ClusterReader, service: Service, pods: Iterable[Pod], shown: tuple[str, ...] | None, family: Family
) -> Offered:
    """What a door with pods offers.

    `shown` are the addresses in the status of its route or of the door itself; None if unknown.
    """
    lacking = _lack_of_service(service, shown, family)
    if lacking is not None:
        return lacking
    ready = [pod for pod in pods if pod.ready]
    if any(listeners_of(cluster, pod).source is ListenSource.UNREAD for pod in ready) or not ready:
        return _UNKNOWN
    if all(closed_ports(cluster, service, pod, family) for pod in ready):
        is_predicted = any(listeners_of(cluster, pod).source is ListenSource.PREDICTED for pod in ready)
        return _deaf(family, is_predicted=is_predicted)
    return _OFFERED


def _below(
    cluster: ClusterReader, gateway: Gateway, service: Service | None, shown: tuple[str, ...] | None, family: Family
) -> Offered:
    """What a Gateway without pods offers."""
    sockets = gateway_sockets(cluster, gateway)
    lacking = _lack_of_service(service, shown, family) if service is not None else None
    if lacking is not None:
        return lacking
    if sockets.is_known and sockets.families is not None and family not in sockets.families:
        return _deaf(family)
    if service is None and shown is not None:
        return _OFFERED if family in families_of(shown) else _unannounced(family)
    return _OFFERED if sockets.is_known and service is not None else _UNKNOWN


def _deaf(family: Family, *, is_predicted: bool = False) -> Offered:
    doubt = " (predicted)" if is_predicted else ""
    return Offered(Offer.NO, f"its proxies do not listen on {family}{doubt}", Lack.SOCKETS)


def _unannounced(family: Family) -> Offered:
    return Offered(Offer.NO, f"its status has no {family} address", Lack.STATUS)


def _lack_of_service(service: Service, shown: tuple[str, ...] | None, family: Family) -> Offered | None:
    if family not in service.families:
        return Offered(Offer.NO, f"its Service {service.name} has no {family}", Lack.SERVICE)
    entries = service.load_balancer_ingress
    ips = [entry.ip for entry in entries if entry.ip]
    is_named = any(entry.hostname for entry in entries)
    if service.type == "LoadBalancer" and ips and not is_named and all(family_of(ip) != family for ip in ips):
        return Offered(Offer.NO, f"its load balancer has no {family} address", Lack.BALANCER)
    return _unannounced(family) if shown is not None and family not in families_of(shown) else None
