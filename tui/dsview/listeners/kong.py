"""Kong: KONG_PROXY_LISTEN, a list of nginx listen targets (docs.konghq.com, proxy_listen)."""

from __future__ import annotations

import re

from dsview.core.address import V4, Family
from dsview.core.listen import ListenSource
from dsview.kinds.container import Container
from dsview.kinds.gateway import Gateway
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.nginx_conf.grammar import UnreadConf
from dsview.listeners.nginx_conf.listen_address import parse_target
from dsview.listeners.proxy_controller import ProxyController, environment, exec_line, owner_ref
from dsview.listeners.sockets import BOTH, Sockets, by_port, predicted, unknown

_IMAGE = re.compile(r"(?:^|/)kong(?![a-z0-9])")
"""Kong as a whole part of an image's name, such as `kong:3.9` and `kong/kong-gateway`, but not `hongkong/proxy`."""

_VARIABLE = "KONG_PROXY_LISTEN"


class Kong(ProxyController):
    """Kong, by its chart or its operator."""

    name = "kong"
    title = "Kong"
    gateway_controllers = ("konghq.com/kic-gateway-controller", "konghq.com/gateway-operator")
    ingress_controllers = ("ingress-controllers.konghq.com/kong",)
    vocabulary = Vocabulary(
        images=("kong",),
        containers=("proxy",),
        variables={_VARIABLE: Value.LISTEN},
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By a container `proxy` that runs Kong."""
        return _container(pod) is not None

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the variable, port by port."""
        variable = environment(pod, _VARIABLE, "proxy")
        value = variable.value
        if variable.unread:
            return unknown(variable.unread)
        if not variable.is_set:
            return predicted((V4,), f"predicted from the default of {_VARIABLE}, 0.0.0.0")
        try:
            ports = by_port(_targets(value))
        except UnreadConf:
            return unknown(f"{_VARIABLE} could not be parsed")
        closes = tuple(f for f in BOTH if any(f not in families for families in ports.values()))
        return Sockets(
            source=ListenSource.DECLARED,
            by_port=ports,
            reason=f"{_VARIABLE} is {value[:120]}",
            holder=owner_ref(pod) if closes else None,
            setting=f"env {_VARIABLE}",
            closes=closes,
        )

    def sends_to_cluster_ip(self, cluster: ClusterReader, gateway: Gateway, backend: Service) -> bool:
        """By the annotation of the Service."""
        return dict(backend.annotations).get("ingress.kubernetes.io/service-upstream", "").lower() == "true"

    def proof(self, pod: Pod) -> str:
        """The listen lines of Kong's nginx."""
        return exec_line(pod, "proxy", "sh", "-c", "grep listen ${KONG_PREFIX:-/usr/local/kong}/nginx-kong.conf")

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """The chart writes both families; the operator has a flag."""
        return (
            "# use a chart that writes both families (Kong/charts#986), or its value env.proxy_listen;\n"
            "# with Kong Operator: --ip-family=dual"
        )


def _targets(value: str) -> list[tuple[int, tuple[Family, ...]]]:
    found: list[tuple[int, tuple[Family, ...]]] = []
    for part in value.split(","):
        words = part.split()
        if not words or words == ["off"]:
            continue
        target = parse_target(words[0], None)
        if target.form == "host" and not target.internal:
            raise UnreadConf("the families of a host name are unknown")
        if not target.internal:
            families = target.families(ipv6only="ipv6only=off" not in words)
            found += [(port, families) for port in target.ports]
    return found


def _container(pod: Pod) -> Container | None:
    return next(
        (c for c in pod.containers if c.name == "proxy" and (_IMAGE.search(c.image) or _listens(c))),
        None,
    )


def _listens(container: Container) -> bool:
    return any(name == _VARIABLE for name, _ in container.environment)
