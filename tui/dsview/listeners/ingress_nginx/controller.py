"""The controller ingress-nginx."""

from __future__ import annotations

from collections.abc import Sequence

from dsview.core.address import V6, Family
from dsview.core.listen import ProxyListeners, sockets
from dsview.kinds.container import Container
from dsview.kinds.ingress import Ingress
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Controller, DoorServices, Opening, Switch, Vocabulary
from dsview.listeners.ingress_nginx.pods import (
    BINARY,
    DEFAULT_CONFIG_MAP,
    IMAGES,
    INGRESS_CONTROLLER,
    argument,
    config_map_key,
    controller_container,
    controller_services,
    controllers_of,
    has_ssl_passthrough,
    is_controller,
    public_ports,
    publish_service_key,
    published_services,
    switch,
)
from dsview.listeners.ingress_nginx.sockets import (
    closed_nginx_ports,
    config_map,
    enable_ipv6,
    is_ipv6_disabled,
    missing_listen,
    nginx_conf,
)
from dsview.listeners.ports import target_port

_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_IMAGE = "registry.k8s.io/ingress-nginx/controller"


class IngressNginx(Controller):
    """ingress-nginx: nginx.conf as read, otherwise predicted from the ConfigMap and the pod's addresses."""

    name = "ingress-nginx"
    config_map_name = DEFAULT_CONFIG_MAP
    reaches_every_endpoint = True
    conf_commands = (
        ("cat", "/etc/nginx/nginx.conf"),
        ("cat", "/chroot/etc/nginx/nginx.conf"),
        ("/dbg", "conf"),
    )
    vocabulary = Vocabulary(
        placeholder_images=dict.fromkeys(IMAGES, _IMAGE),
        containers=("controller",),
        binaries=(BINARY,),
        label_values=("controller", "ingress-nginx"),
        # The class of a controller that does not name one.
        classes=("nginx",),
        controllers=(INGRESS_CONTROLLER,),
        annotation_prefixes=("nginx.ingress.kubernetes.io",),
    )
    notice = "ingress-nginx is retired: best-effort maintenance ended in March 2026."

    def is_proxy(self, pod: Pod) -> bool:
        """By labels, otherwise by the binary, otherwise by the image."""
        return is_controller(pod)

    def container_to_read(self, pod: Pod) -> Container | None:
        """The container with nginx.conf."""
        return controller_container(pod)

    def config_map_key(self, pod: Pod) -> Key | None:
        """`--configmap`."""
        return config_map_key(pod)

    def listeners(self, cluster: ClusterReader, pod: Pod) -> ProxyListeners:
        """Those of nginx.conf if it was read, otherwise the predicted ones."""
        return nginx_conf(cluster, pod)

    def traffic_ports(self, cluster: ClusterReader, pod: Pod, service: Service | None) -> set[int]:
        """The ports of nginx that receive traffic. With ssl-passthrough, the controller itself has the https port."""
        public = set(public_ports(pod).values())
        if service is None:
            return public
        known = {port for _, port in sockets(nginx_conf(cluster, pod))} | public
        passed_through = public_ports(pod)["https"] if has_ssl_passthrough(pod) else None
        found = {number for port in service.ports if (number := target_port(port, pod)) in known}
        return {number for number in found if number is not None and number != passed_through}

    def closed_ports(self, cluster: ClusterReader, service: Service, pod: Pod, family: Family) -> list[int]:
        """Only ports of nginx. A port without a listener in either family belongs to another program or to none."""
        return closed_nginx_ports(cluster, service, pod, family)

    def services(self, cluster: ClusterReader) -> DoorServices:
        """The Services that `--publish-service` names, otherwise those that select the pods."""
        return controller_services(cluster)

    def published(self, cluster: ClusterReader, service: Key) -> Sequence[Pod]:
        """The pods whose `--publish-service` names the Service."""
        return published_services(cluster).get(service, ())

    def published_by(self, pod: Pod) -> Key | None:
        """`--publish-service`."""
        return publish_service_key(pod)

    def proxies_of(self, ingress: Ingress, cluster: ClusterReader) -> list[Pod]:
        """By the class of the Ingress."""
        return controllers_of(ingress, cluster)

    def status_service(self, pod: Pod) -> Key | None:
        """`--publish-service`, unless a flag disables status updates (internal/ingress/status/status.go)."""
        copies = not argument(pod, "publish-status-address") and switch(pod, "update-status") not in _FALSE
        return publish_service_key(pod) if copies else None

    def opening(self, cluster: ClusterReader, pod: Pod, ports: Sequence[int], family: Family) -> Opening:
        """If no port has IPv6, a restart helps, because the process decides for all ports when it starts."""
        switch = self.switched_off(cluster, pod, family)
        if switch is not None:
            return Opening(switch=switch)
        if family == V6 and not any(V6 in has for has in sockets(nginx_conf(cluster, pod)).values()):
            return Opening()
        return missing_listen(config_map_key(pod), map(str, ports), family)

    def switched_off(self, cluster: ClusterReader, pod: Pod, family: Family) -> Switch | None:
        """`disable-ipv6` of the ConfigMap."""
        settings = config_map(cluster, pod)
        if family != V6 or settings is None or not is_ipv6_disabled(cluster, pod):
            return None
        return enable_ipv6(settings)
