"""Traefik: a Go program, so an entry point without a host, or with either wildcard, accepts both families."""

from __future__ import annotations

import re

from dsview.core.address import Family
from dsview.core.listen import ListenSource
from dsview.kinds.container import Container
from dsview.kinds.gateway import Gateway
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.proxy_controller import ProxyController, owner_ref
from dsview.listeners.sockets import BOTH, Sockets, by_port, go_families, is_unread_host, unknown

_ADDRESS = re.compile(r"--?entrypoints\.([^.=]+)\.address(?:=(.*))?", re.IGNORECASE | re.DOTALL)
_BIND = re.compile(
    r"(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^:]*)):(?P<port>[0-9]{1,5})(?:/(?P<protocol>tcp|udp))?", re.IGNORECASE
)

_NATIVE_LB = "traefik.ingress.kubernetes.io/service.nativelb"
_NATIVE_BY_DEFAULT = re.compile(r"--?providers\.kubernetesgateway\.nativelbbydefault(?:=true)?", re.IGNORECASE)


class Traefik(ProxyController):
    """Traefik, by its arguments."""

    name = "traefik"
    title = "Traefik"
    gateway_controllers = ("traefik.io/gateway-controller",)
    ingress_controllers = ("traefik.io/ingress-controller",)
    vocabulary = Vocabulary(
        images=("traefik",),
        label_values=("traefik",),
        flags={
            "entryPoints.*.address": Value.TARGET,
            "providers.kubernetesgateway.nativelbbydefault": Value.SWITCH,
            "configfile": Value.PRESENCE,
        },
    )

    status_fix = (
        "# set providers.kubernetesGateway.statusAddress.service.name and .namespace in place of statusAddress.ip:\n"
        "# it copies every address of the Service"
    )

    ingress_status_fix = (
        "# set providers.kubernetesIngress.ingressEndpoint.publishedService in place of ingressEndpoint.ip:\n"
        "# it copies every address of the Service"
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By an entry point in the arguments, otherwise by the chart's label with the image."""
        container = _container(pod)
        if container is None:
            return False
        return pod.labels.get("app.kubernetes.io/name") == "traefik" or bool(_entry_points(container))

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """The entry points' addresses."""
        container = _container(pod)
        if container is not None and _has_file(container):
            return unknown("a file configures Traefik, which then reads no entry points from its arguments")
        addresses = _entry_points(container) if container is not None else {}
        if not addresses:
            return unknown("no entry point is in the arguments: a file or the environment configures Traefik")
        pairs = []
        for address in addresses.values():
            bind = _BIND.fullmatch(address)
            host = (bind["v6"] or bind["host"] or "") if bind is not None else ""
            if bind is None or is_unread_host(host):
                return unknown(f"entry point address {address[:60]} could not be parsed")
            if (bind["protocol"] or "tcp").lower() == "tcp":
                pairs.append((int(bind["port"]), go_families(host)))
        ports = by_port(pairs)
        closing = {port: families for port, families in ports.items() if families and families != BOTH}
        closes = tuple(f for f in BOTH if any(f not in families for families in closing.values()))
        return Sockets(
            source=ListenSource.DECLARED,
            by_port=ports,
            reason="an entry point has an address of one family"
            if closes
            else "the entry points have addresses of both families",
            holder=owner_ref(pod) if closes else None,
            setting="entry point address",
            closes=closes,
        )

    def sends_to_cluster_ip(self, cluster: ClusterReader, gateway: Gateway, backend: Service) -> bool:
        """By the annotation of the Service, otherwise by the argument that sets the default."""
        annotation = dict(backend.annotations).get(_NATIVE_LB, "").lower()
        return annotation == "true" if annotation else any(map(_is_native, self.proxies(cluster)))

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """An address without a host."""
        return "# give the entry point an address without a host, such as --entryPoints.web.address=:8000"

    def service_fix(self, cluster: ClusterReader, service: Service) -> str:
        """The chart's values, which k3s accepts in a HelmChartConfig.

        Every version of the chart has service.spec. The values directly under service came with 10.13 and went with 40.
        """
        return (
            "# in the chart's values (k3s: HelmChartConfig traefik in kube-system):\n"
            "#   service: {spec: {ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv4, IPv6]}}\n"
            "# before version 40 of the chart, these two also work directly under service"
        )


def _container(pod: Pod) -> Container | None:
    """The container with entry points, regardless of its image, otherwise that of Traefik's image or name."""
    with_entry_points = (c for c in pod.containers if _entry_points(c))
    by_name = (c for c in pod.containers if "traefik" in c.image or c.name == "traefik")
    return next(with_entry_points, None) or next(by_name, None)


def _is_native(pod: Pod) -> bool:
    container = _container(pod)
    return container is not None and any(map(_NATIVE_BY_DEFAULT.fullmatch, container.command_line))


def _has_file(container: Container) -> bool:
    """Whether the arguments name a file. Traefik uses only the first of file, arguments and environment."""
    return any(word.lower().partition("=")[0] in {"--configfile", "-configfile"} for word in container.command_line)


def _entry_points(container: Container) -> dict[str, str]:
    found: dict[str, str] = {}
    words = container.command_line
    for index, word in enumerate(words):
        match = _ADDRESS.fullmatch(word)
        if match is not None:
            following = words[index + 1] if index + 1 < len(words) else ""
            found[match[1].lower()] = match[2] if match[2] is not None else following
    return found
