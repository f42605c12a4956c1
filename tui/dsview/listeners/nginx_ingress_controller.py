"""F5 NGINX Ingress Controller: IPv4 always, IPv6 unless `-disable-ipv6`. It is not ingress-nginx."""

from __future__ import annotations

from dsview.core.address import V4, Family
from dsview.core.command_flags import flag_value, switch_value
from dsview.kinds.container import Container
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.nginx_files import PRINT_CONF, read_sockets, with_setting
from dsview.listeners.proxy_controller import ProxyController, exec_line, owner_ref
from dsview.listeners.sockets import BOTH, Sockets, declared, predicted, unknown

_IMAGES = ("nginx/nginx-ingress:", "nginx/nginx-ingress@", "nginx/kubernetes-ingress", "nginx-plus-ingress")
_NAMES = frozenset({"nginx-ingress", "nginx-plus-ingress"})
_OWN_PORTS = frozenset({8081, 9113})
_OWN_FLAG = "nginx-configmaps"
"""A flag of this controller only, which its chart and its manifests always set."""

_FLAG = "disable-ipv6"


class NginxIngressController(ProxyController):
    """F5 NGINX Ingress Controller."""

    name = "nginx-ingress-controller"
    title = "F5's NGINX Ingress Controller"
    ingress_controllers = ("nginx.org/ingress-controller",)
    conf_commands = PRINT_CONF
    vocabulary = Vocabulary(
        images=("nginx/nginx-ingress", "nginx/kubernetes-ingress", "nginx-plus-ingress"),
        containers=("nginx-ingress", "nginx-plus-ingress"),
        label_values=("nginx-ingress",),
        flags={_FLAG: Value.SWITCH, _OWN_FLAG: Value.PRESENCE},
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By the image, otherwise by the container's name with the chart's label or a flag of its own."""
        return _container(pod) is not None

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """Those that were read, otherwise by the flag."""
        return with_setting(read_sockets(cluster, pod, _OWN_PORTS), _by_flag(pod))

    def container_to_read(self, pod: Pod) -> Container | None:
        """The controller's container, in which nginx runs."""
        return _container(pod)

    def proof(self, pod: Pod) -> str:
        """The configuration that nginx prints."""
        found = self.container_to_read(pod)
        return exec_line(pod, found.name if found is not None else "", *PRINT_CONF[0])

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """The chart's value."""
        return "# set controller.disableIPV6: false in the chart's values"

    def service_fix(self, cluster: ClusterReader, service: Service) -> str:
        """The chart's values."""
        return (
            "# set in the chart's values: controller.service.ipFamilyPolicy: PreferDualStack and\n"
            "#   controller.service.ipFamilies: [IPv4, IPv6]"
        )


def _by_flag(pod: Pod) -> Sockets:
    container = _container(pod)
    value = switch_value(container.command_line, _FLAG) if container is not None else ""
    if not value:
        return predicted(BOTH, "predicted from the default of -disable-ipv6, which is not given")
    if value.lower() in {"true", "t", "1"}:
        return declared((V4,), "-disable-ipv6 is given", owner_ref(pod), "arg -disable-ipv6")
    if value.lower() in {"false", "f", "0"}:
        return declared(BOTH, "-disable-ipv6=false")
    return unknown(f"-disable-ipv6={value[:30]} could not be parsed")


def _container(pod: Pod) -> Container | None:
    for container in pod.containers:
        if "nginx" in container.image and any(image in container.image + ":" for image in _IMAGES):
            return container
    named = next((c for c in pod.containers if c.name in _NAMES), None)
    if named is None:
        return None
    is_labelled = "nginx-ingress" in (pod.labels.get("app.kubernetes.io/name"), pod.labels.get("app"))
    return named if is_labelled or flag_value(named.command_line, _OWN_FLAG) else None
