"""Replaces addresses, but preserves their family, their class, and all shared prefixes.

The mapping is that of Crypto-PAn (Xu, Fan, Ammar and Moon, 2002): whether a bit is flipped depends on a keyed function
of the bits before it. Two addresses therefore share exactly as many leading bits afterwards as before, and a range maps
to a range of the same length. Bits that lead to a range with a special meaning (RFC 1918, loopback, ULA…) are never
flipped, so an address keeps its class.
"""

from __future__ import annotations

import hashlib
import socket
from functools import lru_cache

from dsview.core.address import is_canonical, is_mapped, packed
from dsview.core.cidr import parse_cidr
from dsview.kinds.endpoint_slice import PLACEHOLDER

_WHOLE = (
    ("0.0.0.0", 32),  # noqa: S104  (compared, not bound)
    ("127.0.0.0", 8),
    (PLACEHOLDER, 32),
    ("255.255.255.255", 32),
    ("::", 96),
    ("64:ff9b::", 96),
)
"""Ranges that stay unchanged: nothing in them distinguishes one network from another."""

_PREFIXES = (
    *_WHOLE,
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.2.0", 24),
    ("192.168.0.0", 16),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    ("224.0.0.0", 4),
    ("2000::", 3),
    ("2001:db8::", 32),
    ("3fff::", 20),
    ("fc00::", 8),
    ("fd00::", 8),
    ("fe80::", 10),
    ("fec0::", 10),
    ("ff00::", 8),
)
"""Ranges whose first bits stay unchanged, so that their addresses stay in them (`core.address.classify`)."""


def _bits(raw: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in raw)


def _prefixes(rows: tuple[tuple[str, int], ...]) -> dict[int, tuple[str, ...]]:
    """The leading bits of each range, by the address length of its family in bits."""
    found: dict[int, list[str]] = {32: [], 128: []}
    for text, length in rows:
        raw = packed(text) or b""
        found[8 * len(raw)].append(_bits(raw)[:length])
    return {size: tuple(prefixes) for size, prefixes in found.items()}


_FIXED = {
    size: frozenset(p[:i] for p in prefixes for i in range(len(p))) for size, prefixes in _prefixes(_PREFIXES).items()
}
"""Prefixes after which the next bit is never flipped."""

_UNCHANGED = _prefixes(_WHOLE)


class AddressMap:
    """A mapping of addresses. The same `key` gives the same mapping; without the key it cannot be reversed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._digest = lru_cache(maxsize=1 << 16)(self._make_digest)
        self._last_byte = lru_cache(maxsize=1 << 16)(self._make_last_byte)

    def _make_digest(self, prefix: bytes, size: int) -> bytes:
        """A bit for each node of the eight levels of the address tree below a prefix of whole bytes."""
        return hashlib.blake2b(bytes([size]) + prefix, key=self._key, digest_size=32).digest()

    def _make_last_byte(self, prefix: bytes, size: int) -> int:
        """The replacement for the last byte of the prefix. Nodes are numbered as in a heap; the root is 1."""
        above, byte = prefix[:-1], prefix[-1]
        digest = self._digest(above, size)
        bits = _bits(above)
        node, mapped = 1, 0
        for i in range(8):
            bit = byte >> (7 - i) & 1
            flips = digest[node >> 3] >> (node & 7) & 1
            mapped = mapped << 1 | (bit ^ flips if bits not in _FIXED[size] else bit)
            node = node << 1 | bit
            bits += str(bit)
        return mapped

    def _mapped(self, raw: bytes) -> bytes:
        size = 8 * len(raw)
        if _bits(raw).startswith(_UNCHANGED[size]):
            return raw
        return bytes(self._last_byte(raw[:i], size) for i in range(1, len(raw) + 1))

    def address(self, text: str) -> str | None:
        """The replacement for an address, in the same notation; None if the text is not an address."""
        raw = packed(text)
        if raw is None:
            return None
        mapped = self._mapped(raw)
        return _spelt_like(text, socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, mapped))

    def range(self, text: str) -> str | None:
        """The replacement for a range or a single address; None if the text is neither."""
        found = parse_cidr(text)
        if found is None:
            return None
        address, slash, length = text.strip().partition("/")
        mapped = self.address(address)
        if not slash or mapped is None:
            return mapped
        if not found.has_host_bits:
            # The first address maps into the right range, but not to its first address.
            inside = parse_cidr(f"{mapped}/{length}")
            first = inside.canonical.partition("/")[0] if inside is not None else mapped
            mapped = _spelt_like(address, first)
        return f"{mapped}/{length}"


def _spelt_like(text: str, address: str) -> str:
    """The canonical address in the notation of the text: v4-mapped, with a zone, or not canonical."""
    plain, percent, zone = text.partition("%")
    if is_mapped(plain):
        return f"::ffff:{address}"
    if not is_canonical(plain):
        # DS-ADR-002 must still find that it is not canonical.
        raw = packed(address) or b""
        address = f"0{address}" if len(raw) == 4 else raw.hex(":", 2).upper()
    return address + percent + zone
