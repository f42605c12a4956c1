"""The usage of the Service ranges: how many IPAddress objects are in the ranges of allocating ServiceCIDRs."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from dsview.cluster.state import ClusterState
from dsview.core.address import Family, packed
from dsview.core.cidr import Cidr, parse_cidr
from dsview.kinds.kind import Kind
from dsview.kinds.service_cidr import ServiceCIDR


class _Range(NamedTuple):
    """A Service range: its ServiceCIDR, and its position in it."""

    item: ServiceCIDR
    position: int
    cidr: Cidr


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
        _Range(item, index, cidr)
        for item in sorted(state.service_cidrs, key=lambda c: (c.name != "kubernetes", c.name))
        for index, text in enumerate(item.cidrs)
        if _allocates(item) and (cidr := parse_cidr(text)) is not None
    ]
    uses: list[RangeUse] = []
    for family in dict.fromkeys(each.cidr.family for each in ranges):
        of_family = _disjoint([each for each in ranges if each.cidr.family == family])
        total = sum(each.cidr.usable_addresses for each in of_family)
        if total > _SPARSE * len(state.ip_addresses) or not total:
            continue
        used = [raw for a in state.ip_addresses if (raw := packed(a.name)) is not None]
        inside = {raw for raw in used if any(each.cidr.contains(raw) for each in of_family)}
        fullest = max(of_family, key=lambda each: _used_share(each.cidr, inside))
        uses.append(RangeUse(family=family, used=len(inside), total=total, item=fullest.item, index=fullest.position))
    return tuple(uses)


def _allocates(item: ServiceCIDR) -> bool:
    """Whether new Services get addresses from the ServiceCIDR (kubernetes pkg/registry/core/service/ipallocator)."""
    return not item.deleted and not any(c.type == "Ready" and c.status == "False" for c in item.conditions)


def _disjoint(ranges: list[_Range]) -> list[_Range]:
    """The ranges without those inside another range, so that each address counts once. CIDRs only overlap this way."""
    outermost: list[_Range] = []
    for each in sorted(ranges, key=lambda each: each.cidr.prefix_length):
        if not any(wider.cidr.covers(each.cidr) for wider in outermost):
            outermost.append(each)
    return [each for each in ranges if each in outermost]


def _used_share(cidr: Cidr, used: set[bytes]) -> float:
    return sum(cidr.contains(raw) for raw in used) / max(1, cidr.usable_addresses)
