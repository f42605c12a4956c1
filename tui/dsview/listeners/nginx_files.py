"""The TCP sockets of controllers whose nginx configuration is read."""

from __future__ import annotations

from dsview.core.listen import ListenSource, ports_of_host_names
from dsview.kinds.pod import Pod
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.sockets import Sockets, by_port

PRINT_CONF = (("nginx", "-T"),)
"""nginx tests its configuration and prints it with every included file; the running nginx is not affected."""


def read_sockets(cluster: ClusterReader, pod: Pod, own_ports: frozenset[int] = frozenset()) -> Sockets | None:
    """The sockets that were read in the pod, without those of the controller on `own_ports`; None if none were read.

    A file without ports does not count as read, because its includes are missing. The families of a port with a
    host name are unknown, so it is left out.
    """
    read = cluster.proxy_listeners.get(pod.key)
    if read is None or read.source is not ListenSource.READ:
        return None
    left_out = own_ports | {port for transport, port in ports_of_host_names(read) if transport == "tcp"}
    pairs = [
        (x.port, x.families)
        for x in read.listeners
        if x.transport == "tcp" and not x.internal and x.families and x.port is not None and x.port not in left_out
    ]
    if not pairs:
        return None
    return Sockets(source=ListenSource.READ, by_port=by_port(pairs), reason="read from the configuration of nginx")


def with_setting(read: Sockets | None, by_setting: Sockets) -> Sockets:
    """The sockets that were read, with the setting that explains them. A setting that contradicts them is ignored."""
    if read is None:
        return by_setting
    effective = tuple(
        family for family in by_setting.closes if all(family not in families for families in read.by_port.values())
    )
    if by_setting.holder is None or not effective:
        return read
    return Sockets(
        source=ListenSource.READ,
        by_port=read.by_port,
        reason=f"{by_setting.reason}, and the configuration of nginx agrees",
        holder=by_setting.holder,
        setting=by_setting.setting,
        closes=effective,
    )
