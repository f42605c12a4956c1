"""Listen sockets of proxies."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from dsview.core.address import Family

Transport = Literal["tcp", "udp", "quic", "unix"]


class ListenSource(StrEnum):
    """Where the listeners of a proxy pod come from.

    `READ`: its own configuration was read. `DECLARED`: the setting that decides is set, and was read. `PREDICTED`: it
    is not set, and the default is known. `UNREAD`: not known.
    """

    READ = "read"
    DECLARED = "declared"
    PREDICTED = "predicted"
    UNREAD = "unread"


class Likelihood(StrEnum):
    """How sure a predicted family is; what was read is `YES`."""

    YES = "yes"
    LIKELY = "likely"
    UNKNOWN = "unknown"


class Listener(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One socket: (transport, address, port), with what all servers that share it set.

    `families` is empty for unix sockets and for hosts that only the controller could resolve. `options` are
    the options of the directive (`ssl`, `proxy_protocol`, `ipv6only=off`…). `internal` is true for loopback and unix
    targets, which DS-NGX-001/003/007 ignore. An empty name is that of a server that has none; where none has any,
    there are no names at all. `context` is the block: `http` or `stream`.
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
        """The server names for people: those of servers that have one."""
        return tuple(filter(None, self.server_names))

    @property
    def is_wildcard(self) -> bool:
        """Whether the socket accepts on every address of its family."""
        return self.address in {"*", "0.0.0.0", "[::]"}  # noqa: S104  (compared, not bound)


class ProxyListeners(msgspec.Struct, frozen=True, gc=False):
    """The listeners of one proxy pod and how they are known.

    `reason` says in a sentence why they are predicted or unknown; `digest` changes when the file that was read does,
    and `text` is that file. `namespace` and `name` are the pod's.
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
"""Transport (`tcp` or `udp`) and port."""


def sockets(conf: ProxyListeners) -> dict[Socket, set[Family]]:
    """The families of each public (transport, port)."""
    found: dict[Socket, set[Family]] = {}
    for listener in conf.listeners:
        if not listener.internal and listener.transport != "unix":
            found.setdefault(protocol_of(listener), set()).update(listener.families)
    return found


def protocol_of(listener: Listener) -> Socket:
    """The port with the protocol in a Service's words: QUIC comes in datagrams."""
    return ("udp" if listener.transport == "quic" else listener.transport, listener.port)


def ports_of_host_names(conf: ProxyListeners) -> set[Socket]:
    """Where a host name is the listen target, which may be of any family: that is not held against the proxy."""
    return {protocol_of(x) for x in conf.listeners if not (x.families or x.internal)}
