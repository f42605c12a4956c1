"""The proxy pods of all controllers, queried through the controller protocol. Other pods return empty results."""

from __future__ import annotations

from collections.abc import Sequence

from dsview.core.address import Family
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.kinds.container import Container
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import DoorServices, Opening, Switch
from dsview.listeners.registry import CONTROLLERS, PROXY_CONTROLLERS, controller_of


def live_proxies(cluster: ClusterReader) -> tuple[Pod, ...]:
    """The running proxy pods, by namespace and name."""
    return cluster.cached(
        "live proxies",
        cluster.proxies_version,
        lambda: tuple(
            pod for _, pod in sorted(cluster.controllers.items()) if pod.phase == "Running" and not pod.deleted
        ),
    )


def proxies_to_follow(cluster: ClusterReader) -> tuple[Pod, ...]:
    """The running proxy pods with a configuration to read, or with a ConfigMap that determines their listeners."""
    return cluster.cached(
        "proxies to follow",
        cluster.proxies_version,
        lambda: _to_follow(live_proxies(cluster)),
    )


def _to_follow(pods: Sequence[Pod]) -> tuple[Pod, ...]:
    # Pods of one workload share their labels and containers, from which alone this is known.
    alike = {(pod.namespace, id(pod.labels), id(pod.containers)): pod for pod in pods}
    chosen = {
        key for key, pod in alike.items() if container_to_read(pod) is not None or config_map_key(pod) is not None
    }
    return tuple(pod for pod in pods if (pod.namespace, id(pod.labels), id(pod.containers)) in chosen)


def listeners_of(cluster: ClusterReader, pod: Pod) -> ProxyListeners:
    """The sockets of a proxy pod, and how they are known."""
    controller = controller_of(pod)
    if controller is None:
        return ProxyListeners(
            namespace=pod.namespace, name=pod.name, source=ListenSource.UNREAD, reason="It is not a proxy."
        )
    return controller.listeners(cluster, pod)


def traffic_ports(cluster: ClusterReader, pod: Pod, service: Service | None = None) -> set[int]:
    """The ports of a proxy pod that receive connections: those that a Service leads to, or all."""
    controller = controller_of(pod)
    return controller.traffic_ports(cluster, pod, service) if controller is not None else set()


def closed_ports(cluster: ClusterReader, service: Service, pod: Pod, family: Family) -> list[int]:
    """The ports that the Service leads to and on which the proxy pod is known not to have a listener of the family."""
    controller = controller_of(pod)
    return controller.closed_ports(cluster, service, pod, family) if controller is not None else []


def container_to_read(pod: Pod) -> Container | None:
    """The container whose configuration file is read; None if there is nothing to read."""
    controller = controller_of(pod)
    return controller.container_to_read(pod) if controller is not None else None


def conf_commands(pod: Pod) -> tuple[tuple[str, ...], ...]:
    """The commands that print a proxy's configuration; empty if there is nothing to read."""
    controller = controller_of(pod)
    return controller.conf_commands if controller is not None else ()


def config_map_key(pod: Pod) -> Key | None:
    """The ConfigMap that determines what a proxy pod listens on, if any."""
    controller = controller_of(pod)
    return controller.config_map_key(pod) if controller is not None else None


def door_services(cluster: ClusterReader) -> DoorServices:
    """The Services that lead to proxy pods of any controller."""

    def find() -> DoorServices:
        found: dict[Key, tuple[Service, tuple[Pod, ...]]] = {}
        for controller in reversed(CONTROLLERS):
            found.update(controller.services(cluster))
        return found

    kinds = (Kind.SERVICE, Kind.GATEWAY, Kind.GATEWAY_CLASS, Kind.INGRESS_CLASS)
    versions = (cluster.proxies_version, *[cluster.epochs[kind] for kind in kinds])
    return cluster.cached("door Services", versions, find)


def proxies_behind(cluster: ClusterReader, service: Key) -> tuple[Pod, ...] | None:
    """The running proxy pods behind one of `door_services`; None for another Service."""
    service_and_pods = door_services(cluster).get(service)
    return service_and_pods[1] if service_and_pods is not None else None


def services_of_proxy(cluster: ClusterReader, pod: Pod) -> Sequence[Service]:
    """The Services of `door_services` that lead to a proxy pod."""

    def find() -> dict[Key, list[Service]]:
        found: dict[Key, list[Service]] = {}
        for service, pods in door_services(cluster).values():
            for one in pods:
                found.setdefault(one.key, []).append(service)
        return found

    kinds = (Kind.SERVICE, Kind.GATEWAY, Kind.GATEWAY_CLASS, Kind.INGRESS_CLASS)
    versions = (cluster.proxies_version, *[cluster.epochs[kind] for kind in kinds])
    return cluster.cached("door Services by proxy", versions, find).get(pod.key, ())


def published(cluster: ClusterReader, service: Key) -> Sequence[Pod]:
    """The proxy pods that name the Service as the one that publishes them."""
    return [pod for controller in CONTROLLERS for pod in controller.published(cluster, service)]


def published_by(pod: Pod) -> Key | None:
    """The Service that a proxy pod names as the one that publishes it."""
    controller = controller_of(pod)
    return controller.published_by(pod) if controller is not None else None


def proxies_of(ingress: Ingress, cluster: ClusterReader) -> list[Pod]:
    """The running proxy pods of any controller that serve an Ingress."""
    return [pod for controller in CONTROLLERS for pod in controller.proxies_of(ingress, cluster)]


def status_service(pod: Pod) -> Key | None:
    """The Service whose addresses a proxy pod copies into the status of Ingresses; None if unknown."""
    controller = controller_of(pod)
    return controller.status_service(pod) if controller is not None else None


def opening(cluster: ClusterReader, pod: Pod, ports: Sequence[int], family: Family) -> Opening:
    """How to make a proxy pod listen on `ports` over a family that it does not listen on."""
    controller = controller_of(pod)
    return controller.opening(cluster, pod, ports, family) if controller is not None else Opening()


def switched_off(cluster: ClusterReader, pod: Pod, family: Family) -> Switch | None:
    """The setting that disables the family for a proxy pod, if one was read."""
    controller = controller_of(pod)
    return controller.switched_off(cluster, pod, family) if controller is not None else None


def controller_notices(cluster: ClusterReader) -> list[str]:
    """The header's notices about the running controllers."""
    running = {id(controller): controller for pod in cluster.controllers.values() if (controller := controller_of(pod))}
    return list(dict.fromkeys(controller.notice for controller in running.values() if controller.notice))


def config_maps_in_use(cluster: ClusterReader) -> tuple[Key, ...]:
    """The ConfigMaps of controllers without proxy pods, if a Gateway or an IngressClass belongs to them."""

    def find() -> tuple[Key, ...]:
        found: dict[Key, None] = {}
        for controller in PROXY_CONTROLLERS:
            keys = controller.cluster_config_maps()
            if not keys:
                continue
            if controller.has_ingress_class(cluster) or any(
                controller.serves_gateway(cluster, gateway) for gateway in cluster.gateways
            ):
                found.update(dict.fromkeys(keys))
        return tuple(found)

    kinds = (Kind.GATEWAY, Kind.GATEWAY_CLASS, Kind.INGRESS_CLASS)
    return cluster.cached("ConfigMaps in use", tuple(cluster.epochs[kind] for kind in kinds), find)


def reaches_every_endpoint(pod: Pod) -> bool:
    """Whether a proxy pod sends requests to the endpoints of all slices of a backend, regardless of family."""
    controller = controller_of(pod)
    return controller is not None and controller.reaches_every_endpoint


def controller_name(pod: Pod) -> str:
    """The name of a proxy pod's controller; empty for a pod that is not a proxy."""
    controller = controller_of(pod)
    return controller.name if controller is not None else ""
