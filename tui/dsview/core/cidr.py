"""CIDRs, parsed once by netaddr and then compared as byte ranges (netaddr objects are 17 times slower)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
import netaddr

from dsview.core.address import V4, V6, Family, complete_pair, packed


class Cidr(msgspec.Struct, frozen=True, gc=False):
    """A range of addresses. `first` and `last` are packed and inclusive; `canonical` has no host bits."""

    text: str
    family: Family
    first: bytes
    last: bytes
    prefix_length: int
    canonical: str

    def contains(self, raw: bytes | None) -> bool:
        """Whether a packed address (see `address.packed`) is in the range."""
        return raw is not None and len(raw) == len(self.first) and self.first <= raw <= self.last

    def overlaps(self, other: Cidr) -> bool:
        """Whether the two ranges share an address."""
        return self.family == other.family and self.first <= other.last and other.first <= self.last

    def covers(self, other: Cidr) -> bool:
        """Whether the range contains the other one."""
        return self.family == other.family and self.first <= other.first and other.last <= self.last

    @property
    def has_host_bits(self) -> bool:
        """Whether the text has host bits set."""
        return packed(self.text.partition("/")[0]) != self.first

    @property
    def usable_addresses(self) -> int:
        """The number of addresses that Kubernetes' allocator can assign: not the first, and for IPv4 not the last.

        Source: kubernetes/kubernetes pkg/registry/core/service/ipallocator/cidrallocator.go; IPv6 ranges are capped at
        2^64.
        """
        size = int.from_bytes(self.last, "big") - int.from_bytes(self.first, "big") + 1
        return max(0, min(size, 2**64) - (2 if self.family == V4 else 1))


@lru_cache(maxsize=65536)
def parse_cidr(text: str) -> Cidr | None:
    """The range in a text; a single address is a range of one. None if the text is neither.

    An IPv4-mapped prefix of at least 96 bits is an IPv4 range.
    """
    address, slash, length = text.strip().partition("/")
    raw = packed(address)
    if raw is None or (slash and not (length.isascii() and length.isdigit())) or len(length) > 3:
        return None
    bits = len(raw) * 8
    prefix = int(length) if slash else bits
    if slash and ":" in address and bits == 32:
        prefix -= 96
    if not 0 <= prefix <= bits:
        return None
    network = netaddr.IPNetwork((int.from_bytes(raw, "big"), prefix), version=4 if bits == 32 else 6)
    size = len(raw)
    return Cidr(
        text=text,
        family=V4 if size == 4 else V6,
        first=int(network.first).to_bytes(size, "big"),
        last=int(network.last).to_bytes(size, "big"),
        prefix_length=prefix,
        canonical=str(network.cidr),
    )


def parse_cidrs(texts: Iterable[str]) -> tuple[Cidr, ...]:
    """The ranges among the texts; other texts are skipped."""
    return tuple(cidr for text in texts if (cidr := parse_cidr(text)) is not None)


def are_ranges(texts: Sequence[str]) -> bool:
    """Whether every text is a range. Anything else, such as a masked range, is unknown."""
    return len(parse_cidrs(texts)) == len(texts)


def cidr_families(texts: Iterable[str]) -> tuple[Family, ...]:
    """The distinct families of the ranges, in order of first occurrence; both for a pair with one hidden range."""
    ranges = tuple(texts)
    families = tuple(dict.fromkeys(cidr.family for cidr in parse_cidrs(ranges)))
    return complete_pair(ranges, families) if len(ranges) == 2 and len(families) == 1 else families
