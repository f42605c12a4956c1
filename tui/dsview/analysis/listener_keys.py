"""The keys of rows in the listeners pane: a proxy pod or a Gateway without one, a transport, and a port."""

from __future__ import annotations

import msgspec

from dsview.core.listen import Listener
from dsview.kinds.gateway import Gateway, GatewayListener
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod

_SEPARATOR = "|"
_GATEWAY = "gateway/"


class ListenerKey(msgspec.Struct, frozen=True, gc=False):
    """The listeners of a pod that share a transport and a port.

    Panes use keys of two strings, a namespace and a name; `row_key` is this key in that form. Row keys sort by pod,
    transport and port.

    Attributes:
        pod: The name of the proxy pod, or `gateway/NAME` for a Gateway that no pod of the cluster serves.
        transport: `tcp`, `udp` or `unix`; empty if the listeners of the pod are not known.
        where: The port, or the path if the transport is `unix`.
    """

    namespace: str
    pod: str
    transport: str = ""
    is_internal: bool = False
    where: str = ""

    @classmethod
    def of(cls, pod: Pod, listener: Listener | None) -> ListenerKey:
        """The key of a listener of a pod. `listener` is None if the listeners of the pod are not known."""
        if listener is None:
            return cls(pod.namespace, pod.name)
        where = listener.address.replace(_SEPARATOR, "/") if listener.transport == "unix" else str(listener.port or 0)
        return cls(pod.namespace, pod.name, listener.transport, listener.internal, where)

    @classmethod
    def of_gateway(cls, gateway: Gateway, listener: GatewayListener) -> ListenerKey:
        """The key of a Gateway's listener."""
        transport = "udp" if listener.protocol == "UDP" else "tcp"
        return cls(gateway.namespace, _GATEWAY + gateway.name, transport, where=str(listener.port))

    @classmethod
    def parse(cls, key: Key) -> ListenerKey:
        """The inverse of `row_key`."""
        # Split from the right, because a file may give a pod any name.
        pod, transport, where = (*key[1].rsplit(_SEPARATOR, 2), "", "")[:3]
        name, internal, _ = transport.partition("internal")
        return cls(key[0], pod, name, bool(internal), where.lstrip("0") if where.isdigit() else where)

    @property
    def row_key(self) -> Key:
        """The key in tables."""
        # Padded, so that ports sort by number.
        where = self.where.rjust(5, "0") if self.port is not None else self.where
        transport = f"{self.transport}internal" if self.is_internal else self.transport
        return (self.namespace, _SEPARATOR.join((self.pod, transport, where)))

    @property
    def pod_key(self) -> Key:
        """The proxy pod."""
        return (self.namespace, self.pod)

    @property
    def gateway_key(self) -> Key | None:
        """The Gateway, if the listeners belong to one."""
        return (self.namespace, self.pod.removeprefix(_GATEWAY)) if self.pod.startswith(_GATEWAY) else None

    @property
    def port(self) -> int | None:
        """The port; None for a unix socket and if listeners are not known."""
        return int(self.where) if self.where.isdigit() and self.transport != "unix" else None
