"""The controller pods, their nginx.conf and their ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, names, recreate_pods, switch_on
from dsview.cluster.state import ClusterState
from dsview.core.address import V4, V6, Family, families_of
from dsview.core.listen import Likelihood, Listener, ListenSource, ProxyListeners, sockets
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.listeners.ingress_nginx.pods import config_map_key, live_controllers
from dsview.listeners.ingress_nginx.sockets import config_map, enable_ipv6, is_ipv6_disabled, nginx_conf, predict


def ready(ctx: Context) -> list[Pod]:
    """The controller pods that are ready."""
    return [pod for pod in live_controllers(ctx.state) if pod.ready]


def read(ctx: Context) -> Iterator[tuple[Pod, ProxyListeners]]:
    """The ready controller pods whose nginx.conf was read."""
    for pod in ready(ctx):
        conf = nginx_conf(ctx.state, pod)
        if conf.source is ListenSource.READ:
            yield pod, conf


def by_config_map(ctx: Context) -> dict[Key, tuple[ConfigMap, list[Pod]]]:
    """The controllers' ConfigMaps that were read, each with its running pods."""
    found: dict[Key, tuple[ConfigMap, list[Pod]]] = {}
    for pod in live_controllers(ctx.state):
        settings = config_map(ctx.state, pod)
        if settings is not None:
            found.setdefault(settings.key, (settings, []))[1].append(pod)
    return found


def has_v6_clients(ctx: Context, pods: list[Pod], *, needs_conf: bool) -> bool:
    """Whether some pod has an IPv6 listener that somebody can reach; predicted where its file was not understood."""
    for pod in pods:
        conf = nginx_conf(ctx.state, pod)
        if conf.source is ListenSource.UNREAD and not needs_conf:
            conf = predict(ctx.state, pod, conf.reason)
        reachable = V6 in families_of(pod.ips)
        if reachable and any(V6 in x.families and not x.internal for x in conf.listeners if is_sure(x)):
            return True
    return False


def correct_template(settings: Key, ports: Iterable[str], family: Family) -> str:
    """How a port gets its listen of a family where a template or a snippet left it out: a restart would not help."""
    target = "0.0.0.0:PORT" if family == V4 else "[::]:PORT"
    edit = kubectl(settings[0], "edit", "configmap", settings[1])
    return f"{edit}\n# add listen {target} beside the listen of {names(ports)}, or do so in the custom template"


def make_listen(state: ClusterState, pods: Sequence[Pod], ports: Sequence[int], family: Family) -> str:
    """What makes nginx of these pods listen on ports with a family that it leaves out.

    It decides for all ports at once when it starts: a restart helps where none has IPv6 and the ConfigMap allows it.
    """
    first = pods[0]
    settings = config_map(state, first)
    if family == V6 and settings is not None and is_ipv6_disabled(state, first):
        return switch_on(enable_ipv6(settings), pods)
    if family == V6 and not any(V6 in has for has in sockets(nginx_conf(state, first)).values()):
        return recreate_pods(pods)
    return correct_template(config_map_key(first), map(str, ports), family)


def is_sure(listener: Listener) -> bool:
    """Whether a listener exists, and is not only likely."""
    return listener.likelihood is Likelihood.YES
