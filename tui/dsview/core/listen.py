"""Listen sockets of proxies."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from dsview.core.address import Family

Transport = Literal["tcp", "udp", "quic", "unix"]


class ListenSource(StrEnum):
    """How the listeners of a proxy pod are known.

    `READ`: from its own configuration. `DECLARED`: from a setting that was read. `PREDICTED`: the setting is not set,
    and its default is known. `UNREAD`: unknown.
    """

    READ = "read"
    DECLARED = "declared"
    PREDICTED = "predicted"
    UNREAD = "unread"


class Likelihood(StrEnum):
    """How certain a predicted family is; a family that was read is `YES`."""

    YES = "yes"
    LIKELY = "likely"
    UNKNOWN = "unknown"


class Listener(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One socket: (transport, address, port), with the settings that all servers on it share.

    `families` is empty for unix sockets and for hosts that only the controller can resolve. `options` are the options
    of the directive (`ssl`, `proxy_protocol`, `ipv6only=off`…). `internal` is true for loopback and unix sockets, which
    DS-NGX-001, 003 and 007 ignore. `server_names` has an empty name for a server without one; it is empty if no server
    has a name. `context` is the block: `http` or `stream`.
    """

    transport: Transport
    address: str
    port: int | None
    families: tuple[Family, ...]
    options: tuple[str, ...] = ()
    server_names: tuple[str, ...] = ()
    internal: bool = False
    context: Literal["http", "stream"] = "http"
    likelihood: Likelihood = Likelihood.YES

    @property
    def given_names(self) -> tuple[str, ...]:
        """The server names for display, without those of servers that have none."""
        return tuple(filter(None, self.server_names))


class ProxyListeners(msgspec.Struct, frozen=True, gc=False):
    """The listeners of one proxy pod, and how they are known.

    `namespace` and `name` are those of the pod. `reason` is a sentence that says why the listeners are predicted or
    unknown. `text` is the file that was read, and `digest` changes with it.
    """

    namespace: str
    name: str
    source: ListenSource
    listeners: tuple[Listener, ...] = ()
    reason: str = ""
    digest: str = ""
    text: bytes = b""

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name of the pod."""
        return (self.namespace, self.name)


Socket = tuple[str, int | None]
"""The transport (`tcp` or `udp`) and the port."""


def sockets(conf: ProxyListeners) -> dict[Socket, set[Family]]:
    """The families of each public socket."""
    families_by_socket: dict[Socket, set[Family]] = {}
    for listener in conf.listeners:
        if not listener.internal and listener.transport != "unix":
            families_by_socket.setdefault(protocol_of(listener), set()).update(listener.families)
    return families_by_socket


def protocol_of(listener: Listener) -> Socket:
    """The socket of a listener, with the protocol that a Service would name: QUIC uses UDP."""
    return ("udp" if listener.transport == "quic" else listener.transport, listener.port)


def ports_of_host_names(conf: ProxyListeners) -> set[Socket]:
    """The sockets that listen on a host name, which may have any family. Checks do not report them."""
    return {protocol_of(x) for x in conf.listeners if not (x.families or x.internal)}
