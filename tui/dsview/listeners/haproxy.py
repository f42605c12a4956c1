"""HAProxy Kubernetes Ingress Controller of haproxytech: flags that disable a family, or bind it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from dsview.core.address import FAMILIES, V6, Family, families_of
from dsview.core.command_flags import flag_value, switch_value
from dsview.core.listen import ListenSource
from dsview.kinds.container import Container
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.proxy_controller import ProxyController, exec_line, owner_ref
from dsview.listeners.sockets import BOTH, Sockets, is_loopback, is_unread_host, is_wildcard, predicted, unknown

_SWITCHES = ("disable-ipv4", "disable-ipv6")
_ADDRESSES = ("ipv4-bind-address", "ipv6-bind-address")
_FALSE = frozenset({"", "false", "0", "f"})
_NAMES = ("kubernetes-ingress-controller", "haproxy-ingress")
"""The names of the container in the chart and in the project's manifests (deploy/haproxy-ingress.yaml)."""

_OWN_FLAGS = (*_SWITCHES, *_ADDRESSES, "http-bind-port", "https-bind-port", "ingress.class", "configmap-tcp-services")
"""Flags that the other HAProxy controller (haproxy-ingress.github.io) does not have."""


class HAProxy(ProxyController):
    """HAProxy Kubernetes Ingress Controller (haproxytech)."""

    name = "haproxy"
    title = "HAProxy"
    gateway_controllers = ("haproxy.org/gateway-controller",)
    ingress_controllers = ("haproxy.org/ingress-controller", "haproxy.org/ingress-controller/*")
    vocabulary = Vocabulary(
        images=("haproxytech/kubernetes-ingress",),
        containers=_NAMES,
        label_values=("kubernetes-ingress",),
        flags={
            **dict.fromkeys(_OWN_FLAGS, Value.PRESENCE),
            **dict.fromkeys(_SWITCHES, Value.SWITCH),
            **dict.fromkeys(_ADDRESSES, Value.ADDRESS),
        },
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By the image, otherwise by the container's name with the chart's label or a flag of its own."""
        return _container(pod) is not None

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the flags. The IPv6 socket is opened with `v4v6`, so it accepts IPv4 too."""
        container = _container(pod)
        if container is None:
            return unknown("its container was not found")
        words = container.command_line
        flags = {name: switch_value(words, name) for name in _SWITCHES}
        flags |= {name: flag_value(words, name) for name in _ADDRESSES}
        if not any(flags.values()):
            return predicted(
                BOTH, "predicted from the default of --disable-ipv4 and --disable-ipv6, which are not given"
            )
        if any(is_unread_host(flags[name]) for name in _ADDRESSES):
            return unknown("a bind address could not be parsed")
        opened: set[Family] = set()
        if flags["disable-ipv4"].lower() in _FALSE:
            opened.update(_bound(flags["ipv4-bind-address"] or "0.0.0.0"))  # noqa: S104  (read, not bound)
        if flags["disable-ipv6"].lower() in _FALSE:
            opened.update(_bound(flags["ipv6-bind-address"] or "::"))
        families = tuple(family for family in FAMILIES if family in opened)
        closes = tuple(f for f in FAMILIES if f not in families)
        given = [f"--{name}" for name, value in flags.items() if value and (not closes or _is_about(name, closes))]
        return Sockets(
            source=ListenSource.DECLARED,
            families=families,
            reason=f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} given",
            holder=owner_ref(pod) if closes else None,
            setting=f"arg {', '.join(given)}",
            closes=closes,
        )

    def proof(self, pod: Pod) -> str:
        """The bind lines of HAProxy."""
        found = _container(pod)
        return exec_line(pod, found.name if found is not None else "", "grep", "bind ", "/etc/haproxy/haproxy.cfg")

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """The chart's extra arguments."""
        word = family.lower()
        return f"# remove --disable-{word} (and --{word}-bind-address) from controller.extraArgs in the chart's values"


def _is_about(flag: str, families: Sequence[Family]) -> bool:
    return any(family.lower() in flag for family in families)


def _bound(address: str) -> tuple[Family, ...]:
    """HAProxy on Linux: `::` accepts both families unless `v6only` is set."""
    if is_wildcard(address, V6):
        return BOTH
    return () if is_loopback(address) else families_of((address,))


def _container(pod: Pod) -> Container | None:
    for container in pod.containers:
        if "haproxytech/kubernetes-ingress" in container.image:
            return container
    named = next((c for c in pod.containers if c.name in _NAMES), None)
    if named is None:
        return None
    if pod.labels.get("app.kubernetes.io/name") == "kubernetes-ingress" and named.name == _NAMES[0]:
        return named
    return named if any(flag_value(named.command_line, flag) for flag in _OWN_FLAGS) else None
