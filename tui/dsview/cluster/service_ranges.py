"""The usage of the Service ranges: how many IPAddress objects are in the ranges of allocating ServiceCIDRs."""

from __future__ import annotations

import msgspec

from dsview.cluster.state import ClusterState
from dsview.core.address import Family, packed
from dsview.core.cidr import Cidr, parse_cidr
from dsview.kinds.kind import Kind
from dsview.kinds.service_cidr import ServiceCIDR

_Range = tuple[ServiceCIDR, int, Cidr]
"""A ServiceCIDR, the index of one of its ranges, and that range."""

_SPARSE = 100
"""The usage is not computed if there are more addresses than this for each IPAddress: it is 1 % or less."""


class RangeUse(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The ranges of one family together: `used` of `total` addresses. The fullest one is range `index` of `item`."""

    family: Family
    used: int
    total: int
    item: ServiceCIDR
    index: int

    @property
    def share(self) -> float:
        """The used share, from 0 to 1."""
        return self.used / self.total

    @property
    def left(self) -> int:
        """The number of addresses that can still be allocated."""
        return max(0, self.total - self.used)


def service_range_uses(state: ClusterState) -> tuple[RangeUse, ...]:
    """The usage of each family that uses more than a negligible share; empty if it is unknown."""
    if not (state.is_known(Kind.SERVICE_CIDR) and state.is_known(Kind.IP_ADDRESS)):
        return ()
    versions = (state.epochs[Kind.SERVICE_CIDR], state.epochs[Kind.IP_ADDRESS])
    return state.cached("use of Service ranges", versions, lambda: _uses(state))


def _uses(state: ClusterState) -> tuple[RangeUse, ...]:
    ranges = [
        (item, i, cidr)
        for item in sorted(state.service_cidrs, key=lambda c: (c.name != "kubernetes", c.name))
        for i, text in enumerate(item.cidrs)
        if _allocates(item) and (cidr := parse_cidr(text)) is not None
    ]
    found: list[RangeUse] = []
    for family in dict.fromkeys(cidr.family for _, _, cidr in ranges):
        of_family = _disjoint([row for row in ranges if row[2].family == family])
        total = sum(cidr.usable_addresses for _, _, cidr in of_family)
        if total > _SPARSE * len(state.ip_addresses) or not total:
            continue
        used = [raw for a in state.ip_addresses if (raw := packed(a.name)) is not None]
        inside = {raw for raw in used if any(cidr.contains(raw) for _, _, cidr in of_family)}
        item, i, _ = max(of_family, key=lambda row: _used_share(row[2], inside))
        found.append(RangeUse(family=family, used=len(inside), total=total, item=item, index=i))
    return tuple(found)


def _allocates(item: ServiceCIDR) -> bool:
    """Whether new Services get addresses from the ServiceCIDR (kubernetes pkg/registry/core/service/ipallocator)."""
    return not item.deleted and not any(c.type == "Ready" and c.status == "False" for c in item.conditions)


def _disjoint(rows: list[_Range]) -> list[_Range]:
    """The ranges without those inside another range, so that each address counts once. CIDRs only overlap this way."""
    kept: list[_Range] = []
    for row in sorted(rows, key=lambda row: row[2].prefix_length):
        if not any(wider.covers(row[2]) for _, _, wider in kept):
            kept.append(row)
    return [row for row in rows if row in kept]


def _used_share(cidr: Cidr, used: set[bytes]) -> float:
    return sum(cidr.contains(raw) for raw in used) / max(1, cidr.usable_addresses)
