"""The listeners of Gateways without proxy pods: the nodes or a cloud load balancer accept the traffic."""

from __future__ import annotations

from dsview.kinds.gateway import Gateway
from dsview.kinds.kind import Kind
from dsview.listeners.clouds import CLOUD_CONTROLLERS
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.front_doors import proxies_of_gateway
from dsview.listeners.gateway_api import controller_name_of
from dsview.listeners.registry import controller_of_gateway, is_front_door
from dsview.listeners.sockets import Sockets, unknown

BY_CLOUD = "the cloud's load balancer"


def gateways_without_pods(cluster: ClusterReader) -> tuple[Gateway, ...]:
    """The Gateways without a proxy pod, by namespace and name. Those that are no front doors are left out."""
    versions = (cluster.proxies_version, cluster.epochs[Kind.GATEWAY], cluster.epochs[Kind.GATEWAY_CLASS])
    return cluster.cached("Gateways without pods", versions, lambda: tuple(_find(cluster)))


def _find(cluster: ClusterReader) -> list[Gateway]:
    doors = (gateway for gateway in cluster.gateways if is_front_door(cluster, gateway))
    found = [gateway for gateway in doors if not proxies_of_gateway(cluster, gateway)[1]]
    return sorted(found, key=lambda gateway: gateway.key)


def gateway_controller_name(cluster: ClusterReader, gateway: Gateway) -> str:
    """The short name of the controller; for an unknown one, the name in its class, or an empty string."""
    controller = controller_of_gateway(cluster, gateway)
    if controller is not None:
        return controller.name
    name = controller_name_of(cluster, gateway)
    return CLOUD_CONTROLLERS.get(name, name)


def gateway_sockets(cluster: ClusterReader, gateway: Gateway) -> Sockets:
    """The sockets of a Gateway without pods; unknown unless the nodes accept the traffic."""
    controller = controller_of_gateway(cluster, gateway)
    if controller is not None:
        return controller.node_sockets(cluster) or unknown("none of its proxy pods was found")
    if controller_name_of(cluster, gateway) in CLOUD_CONTROLLERS:
        return unknown(BY_CLOUD)
    return unknown("what its controller listens on is not known")
