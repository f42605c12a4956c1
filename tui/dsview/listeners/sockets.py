"""The sockets of a proxy pod according to its controller, and how programs interpret a bind address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from dsview.core.address import FAMILIES, V4, V6, Family, families_of, family_of, packed
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource

BOTH: tuple[Family, ...] = FAMILIES


class Sockets(msgspec.Struct, frozen=True, kw_only=True):
    """The TCP sockets of a proxy pod.

    Attributes:
        source: How the sockets are known.
        families: The families of every traffic port that is not in `by_port`; None if such a port belongs to another
            program.
        by_port: The families of single ports.
        reason: What the result is based on.
        holder: The object with the setting that disables the families in `closes`.
        setting: That setting.
        closes: The families that it disables.
    """

    source: ListenSource
    families: tuple[Family, ...] | None = None
    by_port: Mapping[int, tuple[Family, ...]] = {}
    reason: str = ""
    holder: ObjectRef | None = None
    setting: str = ""
    closes: tuple[Family, ...] = ()

    def on(self, port: int) -> tuple[Family, ...] | None:
        """The families of a port; None if it is not a port of the proxy."""
        return self.by_port.get(port, self.families)

    @property
    def is_known(self) -> bool:
        """Whether anything is known."""
        return self.source is not ListenSource.UNREAD


def unknown(reason: str) -> Sockets:
    """Unknown sockets, with the reason."""
    return Sockets(source=ListenSource.UNREAD, reason=reason)


def predicted(families: tuple[Family, ...], reason: str) -> Sockets:
    """Sockets according to the default of a program. `reason` names the default."""
    return Sockets(source=ListenSource.PREDICTED, families=families, reason=reason)


def declared(families: tuple[Family, ...], reason: str, holder: ObjectRef | None = None, setting: str = "") -> Sockets:
    """Sockets according to a setting. `holder` is the object that contains it."""
    return Sockets(
        source=ListenSource.DECLARED,
        families=families,
        reason=reason,
        holder=holder,
        setting=setting,
        closes=tuple(family for family in FAMILIES if family not in families) if holder is not None else (),
    )


def is_loopback(host: str) -> bool:
    """Whether a bind address is unreachable from outside the pod."""
    raw = packed(host)
    if raw is None:
        return host == "localhost"
    return raw[0] == 127 if len(raw) == 4 else raw == b"\0" * 15 + b"\1"


def is_wildcard(host: str, family: Family) -> bool:
    """Whether a bind address means every address of a family, in whatever spelling, such as `0:0:0:0:0:0:0:0`."""
    raw = packed(host)
    return raw is not None and not any(raw) and len(raw) == (4 if family == V4 else 16)


def is_unread_host(host: str) -> bool:
    """Whether the family of a bind address is unknown, because it is a host name or redacted."""
    return bool(host) and family_of(host) is None and not is_loopback(host)


def go_families(host: str) -> tuple[Family, ...]:
    """Go's net.Listen: the wildcard of either family, or an empty host, accepts both (net/ipsock_posix.go)."""
    if not host or is_wildcard(host, V4) or is_wildcard(host, V6):
        return BOTH
    return () if is_loopback(host) else families_of((host,))


def envoy_families(host: str, *, ipv4_compat: bool = True) -> tuple[Family, ...]:
    """Envoy: `0.0.0.0` is IPv4, and `::` is both with ipv4_compat."""
    if is_wildcard(host, V6):
        return BOTH if ipv4_compat else (V6,)
    return () if is_loopback(host) else families_of((host,))


def by_port(pairs: Iterable[tuple[int, tuple[Family, ...]]]) -> dict[int, tuple[Family, ...]]:
    """The families of each port, merged if it has several sockets."""
    found: dict[int, set[Family]] = {}
    for port, families in pairs:
        found.setdefault(port, set()).update(families)
    return {port: tuple(f for f in FAMILIES if f in families) for port, families in found.items()}
