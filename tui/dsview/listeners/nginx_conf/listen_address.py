"""The target of a `listen` directive: nginx's grammar of addresses and ports, and their family.

The rules are those of `ngx_parse_url` (nginx, src/core/ngx_inet.c) with `listen` set.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

from dsview.core.address import FAMILIES, V4, V6, Family, canonical, is_mapped, packed
from dsview.core.text import safe
from dsview.listeners.nginx_conf.grammar import UnreadConf

Form = Literal["v4", "v6", "v4-mapped", "host", "unix"]

WILDCARD_V4: Final = "*"
WILDCARD_V6: Final = "[::]"

_LOOPBACK_V6: Final = b"\0" * 15 + b"\1"
_BRACKETED: Final = re.compile(r"\[([^\]%]+)\](?::(.*))?", re.DOTALL)
_PLAIN: Final = re.compile(r"([^:/?\[\]]+)(?::(.*))?", re.DOTALL)
_PORTS: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_DOTTED: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


class Target(msgspec.Struct, frozen=True, gc=False):
    """An address in the spelling that all servers on it share, and its ports (none for `unix:`).

    `*` means every IPv4 address and `[::]` every IPv6 address; other IPv6 addresses are in brackets too.
    """

    form: Form
    address: str
    ports: range
    internal: bool

    def families(self, *, ipv6only: bool) -> tuple[Family, ...]:
        """The families that reach the socket; empty for a host name, which only nginx's host can resolve."""
        if self.form == "v6":
            return FAMILIES if self.address == WILDCARD_V6 and not ipv6only else (V6,)
        return (V4,) if self.form in {"v4", "v4-mapped"} else ()


@lru_cache(maxsize=4096)
def parse_target(text: str, default_port: int | None) -> Target:
    """The target of a `listen`. `default_port` is that of the context (`http`: 80, `stream`: none).

    Raises:
        UnreadConf: nginx does not accept such a target.
    """
    if text[:5].lower() == "unix:":
        return Target("unix", text, range(0), internal=True)
    if match := _BRACKETED.fullmatch(text):
        return _v6(text, match[1], _ports(text, match[2], default_port))
    if _PORTS.fullmatch(text):
        return Target("v4", WILDCARD_V4, _ports(text, text, None), internal=False)
    if match := _PLAIN.fullmatch(text):
        return _v4_or_host(match[1], _ports(text, match[2], default_port))
    raise _refused(text)


def _v6(text: str, inside: str, ports: range) -> Target:
    raw = packed(inside) if ":" in inside else None
    if raw is None:
        raise _refused(text)
    address = canonical(inside)
    if is_mapped(inside):
        return Target("v4-mapped", f"[::ffff:{address}]", ports, internal=raw[0] == 127)
    return Target("v6", f"[{address}]", ports, internal=raw == _LOOPBACK_V6)


def _v4_or_host(host: str, ports: range) -> Target:
    raw = packed(host) if _DOTTED.fullmatch(host) else None
    if host == WILDCARD_V4 or raw == b"\0\0\0\0":
        return Target("v4", WILDCARD_V4, ports, internal=False)
    if raw is not None:
        return Target("v4", canonical(host) or host, ports, internal=raw[0] == 127)
    # RFC 6761 §6.3: these names are always loopback, but their families are unknown.
    name = host.lower().rstrip(".")
    return Target("host", host, ports, internal=name == "localhost" or name.endswith(".localhost"))


def _ports(text: str, ports: str | None, default: int | None) -> range:
    """One port or, since nginx 1.15.10, a range of them such as `8000-8010`."""
    if ports is None:
        if default is None:
            raise UnreadConf(f"listen {safe(text[:80])} leaves the choice of a port to the kernel")
        return range(default, default + 1)
    match = _PORTS.fullmatch(ports)
    if match is None:
        raise _refused(text)
    first = int(match[1])
    last = int(match[2] or first)
    if not 1 <= first <= last <= 65535:
        raise _refused(text)
    return range(first, last + 1)


def _refused(text: str) -> UnreadConf:
    return UnreadConf(f"nginx accepts no such target as listen {safe(text[:80])}")
