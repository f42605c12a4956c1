"""All known controllers. A pod belongs to the first one that recognises it."""

from __future__ import annotations

from typing import NamedTuple

from dsview.kinds.container import Container
from dsview.kinds.gateway import Gateway
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Labels
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.wire import Interner
from dsview.listeners.cilium import Cilium
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.contour import Contour
from dsview.listeners.controller import Controller
from dsview.listeners.envoy_gateway import EnvoyGateway
from dsview.listeners.gateway_api import controller_name_of
from dsview.listeners.haproxy import HAProxy
from dsview.listeners.ingress_nginx.controller import IngressNginx
from dsview.listeners.istio import Istio
from dsview.listeners.kgateway import KGateway
from dsview.listeners.kong import Kong
from dsview.listeners.nginx_gateway_fabric import NginxGatewayFabric
from dsview.listeners.nginx_ingress_controller import NginxIngressController
from dsview.listeners.openshift_router import OpenShiftRouter
from dsview.listeners.proxy_controller import ProxyController
from dsview.listeners.traefik import Traefik

CONTROLLERS: tuple[Controller, ...] = (
    NginxIngressController(),
    IngressNginx(),
    Istio(),
    Traefik(),
    EnvoyGateway(),
    Cilium(),
    NginxGatewayFabric(),
    OpenShiftRouter(),
    HAProxy(),
    Contour(),
    Kong(),
    KGateway(),
)

PROXY_CONTROLLERS: tuple[ProxyController, ...] = tuple(c for c in CONTROLLERS if isinstance(c, ProxyController))


FILES_READ = "nginx.conf"
"""The name of the configuration files that are read in proxy pods."""

FOLDER_READ = "nginx"
"""The directory in which `--from` looks for copies of these files, as <namespace>/<pod>.conf, and their snapshot field.
"""

CONF_COMMANDS: tuple[tuple[str, ...], ...] = tuple(
    dict.fromkeys(command for c in sorted(CONTROLLERS, key=lambda c: c.name) for command in c.conf_commands)
)
"""Every command that may be run in a proxy pod."""

READ_IN_PODS: tuple[str, ...] = tuple(c.label for c in sorted(CONTROLLERS, key=lambda c: c.name) if c.conf_commands)
"""The controllers whose pods are read, by their usual names."""

_LABELS = {c.name: c.label for c in CONTROLLERS}


def label_of(name: str) -> str:
    """How a controller is called in a sentence; a name that is not one of `CONTROLLERS` as it is."""
    return _LABELS.get(name, name)


CONF_KINDS: tuple[Kind, ...] = tuple(dict.fromkeys(kind for c in CONTROLLERS for kind in c.conf_kinds))
"""The kinds from which controllers write the configuration that is read."""

CONFIG_MAP_NAMES: tuple[str, ...] = tuple(c.config_map_name for c in CONTROLLERS if c.config_map_name)
"""The ConfigMaps of controllers that are read by default."""


def plural_of(kind: Kind) -> str:
    """The plural name of a kind: that of the API, or the name of the files that are read in pods.

    If two kinds have the same plural, the name includes the group.
    """
    resource = RESOURCES.get(kind)
    if resource is None:
        return FILES_READ
    return resource.rbac_name if resource.served_as else resource.plural


class Roles(NamedTuple):
    """The roles of a pod: the controller whose proxy it is, if any, and whether it configures proxies."""

    controller: Controller | None
    is_control_plane: bool


_roles = Interner()


def roles_of(pod: Pod) -> Roles:
    """The roles of a pod, computed once for all pods with the same namespace, labels and containers.

    Decoding shares equal labels and containers, so the key uses their ids. The cached value refers to them, so that
    their ids are not reused.
    """

    def find() -> tuple[Labels, tuple[Container, ...], Roles]:
        controller = next((c for c in CONTROLLERS if c.is_proxy(pod)), None)
        return pod.labels, pod.containers, Roles(controller, any(c.is_control_plane(pod) for c in PROXY_CONTROLLERS))

    _, _, roles = _roles.get((pod.namespace, id(pod.labels), id(pod.containers)), find)
    return roles


def controller_of(pod: Pod) -> Controller | None:
    """The controller of which the pod is a proxy, or None."""
    return roles_of(pod).controller


def is_proxy(pod: Pod) -> bool:
    """Whether the pod is a proxy of any controller."""
    return roles_of(pod).controller is not None


def is_control_plane(pod: Pod) -> bool:
    """Whether the pod configures the proxies of any controller."""
    return roles_of(pod).is_control_plane


def has_front_door(pod: Pod) -> bool:
    """Whether the sockets of a proxy pod are those of a front door. The other controllers have checks of their own."""
    return isinstance(controller_of(pod), ProxyController)


def is_front_door(cluster: ClusterReader, gateway: Gateway) -> bool:
    """Whether traffic from outside enters by a Gateway; False for waypoints and the like."""
    return controller_name_of(cluster, gateway) not in _INNER


_INNER = frozenset(name for c in PROXY_CONTROLLERS for name in c.inner_gateway_controllers)


def controller_of_gateway(cluster: ClusterReader, gateway: Gateway) -> ProxyController | None:
    """The controller that serves a Gateway; None if it is unknown or has no sockets in the cluster."""
    cache: dict[str, ProxyController | None] = cluster.cached(
        "controllers by class", cluster.epochs[Kind.GATEWAY_CLASS], dict
    )
    name = gateway.class_name
    if name not in cache:
        cache[name] = next((c for c in PROXY_CONTROLLERS if c.serves_gateway(cluster, gateway)), None)
    return cache[name]
