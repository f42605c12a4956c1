"""IP addresses as Kubernetes treats them: family, canonical text, packed bytes, class.

Everything uses `packed`: 4 bytes are IPv4 and 16 bytes are IPv6, so family, equality, sort order and containment are
byte operations. An IPv4-mapped address is IPv4, as in Go's `To4`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, Literal

from dsview.core.redacted import is_redacted

Family = Literal["IPv4", "IPv6"]
V4: Final = "IPv4"
V6: Final = "IPv6"
FAMILIES: Final[tuple[Family, Family]] = (V4, V6)

_MAPPED = b"\0" * 10 + b"\xff\xff"


class AddressClass(StrEnum):
    """The kind of range that contains an address, as the RFCs name them."""

    UNSPECIFIED = "unspecified"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    MULTICAST = "multicast"
    SITE_LOCAL = "site-local"
    V4_MAPPED = "v4-mapped"
    PRIVATE = "private"
    SHARED = "shared"
    UNIQUE_LOCAL = "unique local"
    DOCUMENTATION = "documentation"
    GLOBAL = "global"


UNUSABLE: Final = frozenset(
    {
        AddressClass.UNSPECIFIED,
        AddressClass.LOOPBACK,
        AddressClass.LINK_LOCAL,
        AddressClass.MULTICAST,
        AddressClass.SITE_LOCAL,
        AddressClass.V4_MAPPED,
    }
)
"""Classes of addresses that other machines cannot reach."""


def other(family: Family) -> Family:
    """The other family."""
    return V6 if family == V4 else V4


def packed(text: str) -> bytes | None:
    """The address in network byte order, 4 or 16 bytes, or None if the text is not an address.

    A zone (`%eth0`) is dropped, IPv4 octets with leading zeros are read as decimal, and an IPv4-mapped address becomes
    its 4 bytes.
    """
    if ":" in text:
        try:
            raw = socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
        except (OSError, ValueError):
            return None
        return raw[12:] if raw.startswith(_MAPPED) else raw
    try:
        return socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return _packed_with_leading_zeros(text)


def _packed_with_leading_zeros(text: str) -> bytes | None:
    octets = text.split(".")
    if len(octets) != 4 or not all(o.isascii() and o.isdigit() and len(o) <= 4 for o in octets):
        return None
    numbers = [int(o) for o in octets]
    return bytes(numbers) if max(numbers) <= 255 else None


def family_of(text: str) -> Family | None:
    """The family of an address as Kubernetes sees it; None if the text is not an address."""
    # This runs for every address of every object, so common forms are recognised without `packed`.
    try:
        if ":" not in text:
            socket.inet_pton(socket.AF_INET, text)
            return V4
        if not socket.inet_pton(socket.AF_INET6, text).startswith(_MAPPED):
            return V6
    except (OSError, ValueError):
        pass
    raw = packed(text)
    if raw is None:
        return None
    return V4 if len(raw) == 4 else V6


def families_of(texts: tuple[str, ...]) -> tuple[Family, ...]:
    """The distinct families of the texts that are addresses, in order of first occurrence.

    If one address of a pair is hidden, both families are returned, because Kubernetes' lists of two have one address of
    each family.
    """
    if len(texts) == 2 and _is_plain_pair(*texts):
        return FAMILIES
    families: tuple[Family, ...] = ()
    are_all_valid = True
    for text in texts:
        family = family_of(text)
        if family is None:
            are_all_valid = False
        elif family not in families:
            families = (*families, family)
    return families if are_all_valid else complete_pair(texts, families)


def _is_plain_pair(first: str, second: str) -> bool:
    """Whether these are an ordinary IPv4 and an ordinary IPv6 address, as in most lists of a dual-stack cluster."""
    if ":" in first or ":" not in second:
        return False
    try:
        socket.inet_pton(socket.AF_INET, first)
        return not socket.inet_pton(socket.AF_INET6, second).startswith(_MAPPED)
    except (OSError, ValueError):
        return False


def complete_pair(texts: Sequence[str], known: tuple[Family, ...]) -> tuple[Family, ...]:
    """The known families of a list, or both families if it is a pair with one hidden entry."""
    if len(texts) != 2 or len(known) != 1:
        return known
    hidden = [is_redacted(text) for text in texts]
    if hidden == [True, False]:
        return (other(known[0]), known[0])
    return (known[0], other(known[0])) if hidden == [False, True] else known


def are_addresses(texts: Iterable[str]) -> bool:
    """Whether every text is an address. The family of anything else, such as a masked address, is unknown."""
    return all(family_of(text) is not None for text in texts)


def first_of(texts: tuple[str, ...], family: Family) -> str:
    """The first address of a family, or an empty string."""
    return next((text for text in texts if family_of(text) == family), "")


def same_address(a: str, b: str) -> bool:
    """Whether two texts are the same address. Texts that are not addresses are compared as text."""
    if a == b:
        return True
    raw = packed(a)
    return raw is not None and raw == packed(b)


def is_mapped(text: str) -> bool:
    """Whether the text is an IPv4-mapped IPv6 address, `::ffff:a.b.c.d` in any spelling."""
    if ":" not in text:
        return False
    raw = packed(text)
    return raw is not None and len(raw) == 4


def canonical(text: str) -> str | None:
    """The text in the form of RFC 5952 (IPv6) or without leading zeros (IPv4); None if it is not an address.

    An IPv4-mapped address becomes IPv4, which is how the API server stores it from 1.36 on.
    """
    raw = packed(text)
    if raw is None:
        return None
    if len(raw) == 4:
        return socket.inet_ntop(socket.AF_INET, raw)
    # Not inet_ntop, which writes ::a.b.c.d for the deprecated v4-compatible range; Go, and so Kubernetes, does not.
    return str(ipaddress.IPv6Address(raw))


def is_canonical(text: str) -> bool:
    """Whether the text is in the form of RFC 5952. True for text that is not an address."""
    try:
        socket_family = socket.AF_INET6 if ":" in text else socket.AF_INET
        has_embedded_v4 = socket_family is socket.AF_INET6 and "." in text
        if not has_embedded_v4 and socket.inet_ntop(socket_family, socket.inet_pton(socket_family, text)) == text:
            return True
    except (OSError, ValueError):
        pass
    expected = canonical(text)
    return expected is None or expected == text or is_mapped(text)


def _ranges(*rows: tuple[str, AddressClass]) -> list[tuple[bytes, bytes, AddressClass]]:
    # Not netaddr, which handles CIDRs elsewhere, because this module is imported before the first frame.
    networks = [(ipaddress.ip_network(cidr), cls) for cidr, cls in rows]
    return [(net.network_address.packed, net.broadcast_address.packed, cls) for net, cls in networks]


_CLASSES: Final = _ranges(
    ("0.0.0.0/32", AddressClass.UNSPECIFIED),
    ("::/128", AddressClass.UNSPECIFIED),
    ("127.0.0.0/8", AddressClass.LOOPBACK),
    ("::1/128", AddressClass.LOOPBACK),
    ("169.254.0.0/16", AddressClass.LINK_LOCAL),
    ("fe80::/10", AddressClass.LINK_LOCAL),
    ("224.0.0.0/4", AddressClass.MULTICAST),
    ("ff00::/8", AddressClass.MULTICAST),
    ("fec0::/10", AddressClass.SITE_LOCAL),
    ("10.0.0.0/8", AddressClass.PRIVATE),
    ("172.16.0.0/12", AddressClass.PRIVATE),
    ("192.168.0.0/16", AddressClass.PRIVATE),
    ("100.64.0.0/10", AddressClass.SHARED),
    ("fc00::/7", AddressClass.UNIQUE_LOCAL),
    ("192.0.2.0/24", AddressClass.DOCUMENTATION),
    ("198.51.100.0/24", AddressClass.DOCUMENTATION),
    ("203.0.113.0/24", AddressClass.DOCUMENTATION),
    ("2001:db8::/32", AddressClass.DOCUMENTATION),
    ("3fff::/20", AddressClass.DOCUMENTATION),
)


def classify(text: str) -> AddressClass | None:
    """The class of an address (RFC 1918, 4193, 4291, 5737, 6598…); None if the text is not an address."""
    raw = packed(text)
    if raw is None:
        return None
    if is_mapped(text):
        return AddressClass.V4_MAPPED
    for first, last, cls in _CLASSES:
        if len(first) == len(raw) and first <= raw <= last:
            return cls
    return AddressClass.GLOBAL


def is_usable(text: str) -> bool:
    """Whether other machines can reach the address in principle. Kubernetes takes a v4-mapped one as IPv4."""
    cls = classify(canonical(text) or text if is_mapped(text) else text)
    return cls is not None and cls not in UNUSABLE


def sort_key(text: str) -> bytes:
    """A sort key: IPv4 before IPv6, each numerically, then text that is not an address."""
    raw = packed(text)
    if raw is None:
        return b"\x7f" + text.encode("utf-8", "replace")
    return (b"\x04" if len(raw) == 4 else b"\x06") + raw


def by_family(texts: Iterable[str]) -> dict[Family, list[str]]:
    """The texts that are addresses, by family."""
    groups: dict[Family, list[str]] = {family: [] for family in FAMILIES}
    for text in texts:
        family = family_of(text.partition("/")[0])
        if family is not None:
            groups[family].append(text)
    return groups
