"""The controller pods, their nginx.conf and their ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.core.address import V6, families_of
from dsview.core.listen import Likelihood, Listener, ListenSource, ProxyListeners
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.listeners.ingress_nginx.pods import live_controllers
from dsview.listeners.ingress_nginx.sockets import config_map, nginx_conf, predict


def ready(ctx: Context) -> list[Pod]:
    """The ready controller pods."""
    return [pod for pod in live_controllers(ctx.state) if pod.ready]


def read(ctx: Context) -> Iterator[tuple[Pod, ProxyListeners]]:
    """The ready controller pods whose nginx.conf was read."""
    for pod in ready(ctx):
        conf = nginx_conf(ctx.state, pod)
        if conf.source is ListenSource.READ:
            yield pod, conf


def by_config_map(ctx: Context) -> dict[Key, tuple[ConfigMap, list[Pod]]]:
    """The controllers' ConfigMaps that were read, each with its running pods."""
    by_key: dict[Key, tuple[ConfigMap, list[Pod]]] = {}
    for pod in live_controllers(ctx.state):
        settings = config_map(ctx.state, pod)
        if settings is not None:
            _, pods = by_key.setdefault(settings.key, (settings, []))
            pods.append(pod)
    return by_key


def has_v6_clients(ctx: Context, pods: list[Pod], *, needs_conf: bool) -> bool:
    """Whether a pod has a reachable IPv6 listener. If its nginx.conf could not be parsed, listeners are predicted."""
    for pod in pods:
        conf = nginx_conf(ctx.state, pod)
        if conf.source is ListenSource.UNREAD and not needs_conf:
            conf = predict(ctx.state, pod, conf.reason)
        reachable = V6 in families_of(pod.ips)
        if reachable and any(V6 in s.families and not s.internal for s in conf.listeners if is_sure(s)):
            return True
    return False


def is_sure(listener: Listener) -> bool:
    """Whether a listener is certain and not only likely."""
    return listener.likelihood is Likelihood.YES
