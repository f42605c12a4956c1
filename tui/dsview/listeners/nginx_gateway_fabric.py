"""NGINX Gateway Fabric: its nginx configuration is read. NginxProxy.spec.ipFamily sets the families."""

from __future__ import annotations

import re

from dsview.core.address import V4, V6, Family
from dsview.kinds.container import Container
from dsview.kinds.gateway import GatewayClass
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Labels
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Vocabulary
from dsview.listeners.gateway_api import GATEWAY_NAME, class_of, gateway_of, how_to_set, settings_of
from dsview.listeners.ip_family_setting import sockets_by_setting
from dsview.listeners.nginx_files import PRINT_CONF, read_sockets, with_setting
from dsview.listeners.proxy_controller import ProxyController, exec_line
from dsview.listeners.sockets import BOTH, Sockets, predicted, unknown

_FAMILIES: dict[str, tuple[Family, ...]] = {"dual": BOTH, "ipv4": (V4,), "ipv6": (V6,)}
_LAST_DUAL = (2, 6, 7)
"""The last version that defaults to both families; later ones use those of Service default/kubernetes."""

_FIRST_DUAL = (1, 4, 0)
"""The first version that listens on IPv6 and has ipFamily."""

_MANAGED_BY, _MANAGED = "app.kubernetes.io/managed-by", "ngf-nginx"
_VERSION = re.compile(r"v?([0-9]+)\.([0-9]+)\.([0-9]+)(?:[-+].*)?")
_CONTROLLER = "gateway.nginx.org/nginx-gateway-controller"
_OWN_PORTS = frozenset({8081, 9113})
_NAME, _NGINX = "nginx-gateway", "nginx"
"""The names of the containers of the controller and of nginx, in its chart and its manifests."""


class NginxGatewayFabric(ProxyController):
    """NGINX Gateway Fabric, from 1.x."""

    name = "nginx-gateway-fabric"
    title = "NGINX Gateway Fabric"
    gateway_controllers = (_CONTROLLER,)
    is_shared = False
    shares_unlabelled = True
    conf_commands = PRINT_CONF
    conf_kinds = (Kind.NGINX_PROXY,)
    vocabulary = Vocabulary(
        images=("nginx-gateway-fabric/nginx", "nginx-gateway-fabric"),
        containers=(_NAME, _NGINX),
        label_values=(_MANAGED,),
        setting_words=tuple(_FAMILIES),
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By the labels of its Deployments, otherwise by nginx, which in 1.x runs next to the controller."""
        names = {c.name for c in pod.containers}
        is_nginx = any("nginx-gateway-fabric/nginx" in c.image for c in pod.containers)
        return _is_labelled(pod) or is_nginx or {_NAME, _NGINX} <= names

    def known_labels(self, labels: Labels) -> Labels:
        """The value of managed-by that a release has by default."""
        return {**labels, _MANAGED_BY: _MANAGED} if _names_gateway(labels) else labels

    def is_control_plane(self, pod: Pod) -> bool:
        """The controller, by its image, otherwise by the name of its container."""
        return any(_is_controller(c) for c in pod.containers)

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """Those that were read, otherwise by NginxProxy, otherwise by the default of the controller's version."""
        return with_setting(read_sockets(cluster, pod, _OWN_PORTS), self._by_setting(cluster, pod))

    def _by_setting(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        key = gateway_of(pod.labels, pod.namespace)
        gateway = cluster.gateways.get(key) if key is not None else None
        gateway_class = class_of(cluster, gateway) if gateway is not None else None
        if key is None:
            gateway_class = _only_class(cluster)
        if gateway_class is None:
            return unknown("the Gateway or its class was not read")
        found = settings_of(cluster, gateway, gateway_class, Kind.NGINX_PROXY)
        decided = sockets_by_setting(found, Kind.NGINX_PROXY, _FAMILIES)
        if decided is not None:
            return decided
        versions = {_version(c) for p in self.control_planes(cluster) for c in p.containers if _is_controller(c)}
        if not versions or None in versions:
            return unknown("ipFamily is not set, and the version of the controller is unknown")
        known = [version for version in versions if version is not None]
        if max(known) > _LAST_DUAL:
            return unknown("ipFamily is not set: this version takes the family of Service default/kubernetes")
        if max(known) < _FIRST_DUAL:
            return predicted((V4,), "predicted from the default of this version, which does not support ipFamily")
        if min(known) < _FIRST_DUAL:
            return unknown("ipFamily is not set, and controllers of several versions run")
        return predicted(BOTH, "predicted from the default of NginxProxy spec.ipFamily, which is not set")

    def container_to_read(self, pod: Pod) -> Container | None:
        """The container of nginx."""
        by_image = (c for c in pod.containers if "nginx-gateway-fabric/nginx" in c.image)
        return next((c for c in pod.containers if c.name == _NGINX), None) or next(by_image, None)

    def proof(self, pod: Pod) -> str:
        """The configuration that nginx prints."""
        found = self.container_to_read(pod)
        return exec_line(pod, found.name if found is not None else "", *PRINT_CONF[0])

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """The field of NginxProxy."""
        return how_to_set(cluster, service, _only_class(cluster), Kind.NGINX_PROXY, "spec.ipFamily: dual")

    def service_fix(self, cluster: ClusterReader, service: Service) -> str:
        """The same field: from 2.3 the controller sets the families of the Services that it creates by it."""
        if gateway_of(service.labels, service.namespace) is None:
            return ""
        return self.open_fix(cluster, service, V6)


def _only_class(cluster: ClusterReader) -> GatewayClass | None:
    """The only class of the controller: in 1.x, one nginx serves it."""
    classes = [item for item in cluster.gateway_classes if item.controller == _CONTROLLER]
    return classes[0] if len(classes) == 1 else None


def _is_labelled(pod: Pod) -> bool:
    """Whether the labels are those of a Deployment that the controller creates for a Gateway.

    managed-by is `<instance>-<class>` and name `<gateway>-<class>` (internal/controller/provisioner/objects.go).
    """
    if pod.labels.get(_MANAGED_BY) == _MANAGED:
        return True
    return _names_gateway(pod.labels) and any(c.name == _NGINX for c in pod.containers)


def _names_gateway(labels: Labels) -> bool:
    """Whether labels of any release agree with each other as those of such a Deployment do."""
    managed, gateway = labels.get(_MANAGED_BY, ""), labels.get(GATEWAY_NAME, "")
    instance, name = labels.get("app.kubernetes.io/instance", ""), labels.get("app.kubernetes.io/name", "")
    if not (instance and gateway and managed.startswith(f"{instance}-") and name.startswith(f"{gateway}-")):
        return False
    class_name = managed.removeprefix(f"{instance}-")
    return name == f"{gateway}-{class_name}"


def _is_controller(container: Container) -> bool:
    is_nginx = "nginx-gateway-fabric/nginx" in container.image
    return not is_nginx and ("nginx-gateway-fabric" in container.image or container.name == _NAME)


def _version(container: Container) -> tuple[int, int, int] | None:
    found = _VERSION.fullmatch(container.image.partition("@")[0].rpartition(":")[2])
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
