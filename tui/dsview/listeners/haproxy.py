"""HAProxy Kubernetes Ingress Controller of haproxytech: flags that switch a family off, or bind it elsewhere."""

from __future__ import annotations

from dsview.core.address import FAMILIES, V4, V6, Family
from dsview.core.command_flags import flag_value
from dsview.core.listen import ListenSource
from dsview.kinds.container import Container
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.proxy_controller import ProxyController, owner_ref
from dsview.listeners.sockets import BOTH, Sockets, is_loopback, predicted, unknown

_FLAGS = ("disable-ipv4", "disable-ipv6", "ipv4-bind-address", "ipv6-bind-address")
_FALSE = frozenset({"", "false", "0", "f"})


class HAProxy(ProxyController):
    """HAProxy Kubernetes Ingress Controller (haproxytech)."""

    name = "haproxy"
    ingress_controllers = ("haproxy.org/ingress-controller/*",)

    def is_proxy(self, pod: Pod) -> bool:
        """By the image, else by the chart's label with its container."""
        return _container(pod) is not None

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the flags. The IPv6 socket is opened with `v4v6`, so it takes IPv4 too."""
        container = _container(pod)
        if container is None:
            return unknown("its container was not found")
        flags = {name: flag_value(container.command_line, name) for name in _FLAGS}
        if not any(flags.values()):
            return predicted(
                BOTH, "predicted from the default of --disable-ipv4 and --disable-ipv6, which are not given"
            )
        v4 = flags["disable-ipv4"].lower() in _FALSE and not is_loopback(flags["ipv4-bind-address"] or "0.0.0.0")  # noqa: S104  (read, not bound)
        v6 = flags["disable-ipv6"].lower() in _FALSE and not is_loopback(flags["ipv6-bind-address"] or "::")
        takes_both = v6 and flags["ipv6-bind-address"] in {"", "::"}
        open_now: dict[Family, bool] = {V4: v4 or takes_both, V6: v6}
        families = tuple(family for family, is_open in open_now.items() if is_open)
        closes = tuple(f for f in FAMILIES if f not in families)
        given = [f"--{name}" for name, value in flags.items() if value]
        return Sockets(
            source=ListenSource.DECLARED,
            families=families,
            reason=f"{', '.join(given)} is given",
            holder=owner_ref(pod) if closes else None,
            setting=f"arg {', '.join(given)}",
            closes=closes,
        )

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """The chart's extra arguments."""
        return f"# take --disable-{family.lower()} out of controller.extraArgs in the chart's values"


def _container(pod: Pod) -> Container | None:
    for container in pod.containers:
        if "haproxytech/kubernetes-ingress" in container.image:
            return container
    if pod.labels.get("app.kubernetes.io/name") == "kubernetes-ingress":
        return next((c for c in pod.containers if c.name == "kubernetes-ingress-controller"), None)
    return None
