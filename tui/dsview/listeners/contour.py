"""Contour: its own arguments determine what its Envoys listen on, by default `0.0.0.0` (cmd/contour/serve.go)."""

from __future__ import annotations

from dsview.core.address import FAMILIES, V4, Family
from dsview.core.command_flags import flag_value
from dsview.core.listen import ListenSource
from dsview.kinds.container import Container
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.gateway_api import gateway_of
from dsview.listeners.proxy_controller import ProxyController, admin_line, owner_ref
from dsview.listeners.sockets import Sockets, envoy_families, is_unread_host, predicted, unknown

_HTTP = "envoy-service-http-address"
_HTTPS = "envoy-service-https-address"
_CONFIG = "contour-config-name"
_PORTS = {_HTTP: ("envoy-service-http-port", 8080), _HTTPS: ("envoy-service-https-port", 8443)}


class Contour(ProxyController):
    """Contour."""

    name = "contour"
    title = "Contour"
    gateway_controllers = ("projectcontour.io/*",)
    ingress_controllers = ("projectcontour.io/*",)
    vocabulary = Vocabulary(
        images=("contour",),
        subcommands=("contour", "serve"),
        label_values=("contour", "envoy"),
        flags={
            **dict.fromkeys(_PORTS, Value.ADDRESS),
            **{port: Value.NUMBER for port, _ in _PORTS.values()},
            _CONFIG: Value.PRESENCE,
        },
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By the label of its Envoys, with Contour's shutdown manager next to Envoy."""
        labels = pod.labels
        is_envoy = (
            labels.get("app") == "envoy"
            or labels.get("app.kubernetes.io/component") == "envoy"
            or "projectcontour.io/owning-gateway-name" in labels
        )
        is_contours = any("contour" in "\0".join((c.image, *c.command_line)) for c in pod.containers)
        # The contour pods of a Gateway have its label, too.
        return is_envoy and is_contours and not self.is_control_plane(pod)

    def is_control_plane(self, pod: Pod) -> bool:
        """`contour serve`."""
        return _container(pod) is not None

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the flags of the contour pods in the same namespace and of the same Gateway, by port."""
        gateway: Key | None = gateway_of(pod.labels, pod.namespace)
        pods = [
            p
            for p in self.control_planes(cluster)
            if p.namespace == pod.namespace and gateway_of(p.labels, p.namespace) == gateway
        ]
        containers = [found for p in pods if (found := _container(p)) is not None]
        if not containers:
            return unknown("no contour pod is visible: its arguments decide")
        if any(flag_value(c.command_line, _CONFIG) for c in containers):
            return unknown("a ContourConfiguration decides, which is not read")
        addresses = {(flag_value(c.command_line, _HTTP), flag_value(c.command_line, _HTTPS)) for c in containers}
        if len(addresses) > 1:
            return unknown("the contour pods differ in their arguments")
        http, https = addresses.pop()
        if is_unread_host(http) or is_unread_host(https):
            return unknown("an address in contour's arguments could not be parsed")
        if not http and not https:
            return predicted((V4,), f"predicted from the default of --{_HTTP}, 0.0.0.0")
        by_port = {
            _port(containers[0], _HTTP): envoy_families(http),
            _port(containers[0], _HTTPS): envoy_families(https),
        }
        if not (http and https):
            by_port = {port: families or (V4,) for port, families in by_port.items()}
        closes = tuple(f for f in FAMILIES if any(f not in families for families in by_port.values()))
        flags = {_HTTP: http, _HTTPS: https}
        given = [f"--{name}={value}" for name, value in flags.items() if value]
        defaults = [f"predicted from the default of --{name}, 0.0.0.0" for name, value in flags.items() if not value]
        return Sockets(
            source=ListenSource.DECLARED if http and https else ListenSource.PREDICTED,
            by_port=by_port,
            reason="; ".join((f"Contour is started with {' and '.join(given)}", *defaults)),
            holder=owner_ref(pods[0]) if closes and http and https else None,
            setting=f"arg {' '.join(given)}",
            closes=closes if http and https else (),
        )

    def proof(self, pod: Pod) -> str:
        """The listeners of Envoy, through the read-only part of its admin port (internal/envoy/v3/stats.go)."""
        return admin_line(pod, 9001)

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """Contour's arguments."""
        return f"# start contour with --{_HTTP}=:: and --{_HTTPS}=::"


def _port(container: Container, address: str) -> int:
    name, default = _PORTS[address]
    text = flag_value(container.command_line, name)
    return int(text) if text.isdigit() else default


def _container(pod: Pod) -> Container | None:
    for container in pod.containers:
        words = container.command_line
        if "serve" in words[:2] and ("contour" in container.image or words[0].endswith("contour")):
            return container
    return None
