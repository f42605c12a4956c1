"""The sockets of a proxy pod as its rows and its detail show them: those of one transport and port together."""

from __future__ import annotations

from dsview.analysis.listener_keys import ListenerKey
from dsview.core.listen import Listener, ProxyListeners
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod


def sockets_by_row(conf: ProxyListeners, pod: Pod) -> dict[Key, list[Listener]]:
    """The sockets of a pod by the key of the row that shows them."""
    found: dict[Key, list[Listener]] = {}
    for listener in conf.listeners:
        found.setdefault(ListenerKey.of(pod, listener).row_key, []).append(listener)
    return found


def is_public(listener: Listener) -> bool:
    """Whether clients outside of the pod can reach it: neither a loopback nor a unix socket."""
    return not listener.internal and listener.transport != "unix"
