"""The controllers whose nginx configuration files are read: their TCP sockets."""

from __future__ import annotations

from dsview.core.listen import ListenSource
from dsview.kinds.pod import Pod
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.sockets import Sockets, by_port

PRINT_CONF = (("nginx", "-T"),)
"""nginx tests its configuration and prints it with every included file; the running nginx is not affected."""


def read_sockets(cluster: ClusterReader, pod: Pod, own_ports: frozenset[int] = frozenset()) -> Sockets | None:
    """The sockets that were read in the pod, without the controller's `own_ports`; None if none were read.

    If a file opens no port, its includes were not read.
    """
    read = cluster.proxy_listeners.get(pod.key)
    if read is None or read.source is not ListenSource.READ:
        return None
    pairs = [
        (x.port, x.families)
        for x in read.listeners
        if x.transport == "tcp" and not x.internal and x.families and x.port is not None and x.port not in own_ports
    ]
    if not pairs:
        return None
    return Sockets(source=ListenSource.READ, by_port=by_port(pairs), reason="read from the configuration of nginx")


def agreeing(read: Sockets | None, said: Sockets) -> Sockets:
    """The sockets that were read, with the setting that explains them.

    A setting that contradicts them is not in effect.
    """
    if read is None:
        return said
    in_force = tuple(
        family for family in said.closes if all(family not in families for families in read.by_port.values())
    )
    if said.holder is None or not in_force:
        return read
    return Sockets(
        source=ListenSource.READ,
        by_port=read.by_port,
        reason=f"{said.reason}, and the configuration of nginx agrees",
        holder=said.holder,
        setting=said.setting,
        closes=in_force,
    )
