"""live(f): the ready endpoints of a Service in each family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from dsview.cluster.state import ClusterState
from dsview.core.address import FAMILIES, V4, V6, Family
from dsview.kinds.endpoint_slice import Endpoint, is_hidden, is_placeholder, unpack, unpack_identity
from dsview.kinds.metadata import Key


class PackedEndpoints(Mapping[str, Endpoint]):
    """Endpoints by identity, unpacked on access: most of the time they are only counted and compared."""

    __slots__ = ("_rows",)

    def __init__(self, rows: dict[str, str]) -> None:
        self._rows = rows

    def __getitem__(self, identity: str) -> Endpoint:
        return unpack(self._rows[identity])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, identity: object) -> bool:
        return identity in self._rows


class FamilyEndpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoints of a Service in one family, by identity.

    `slices` is the number of its slices, including placeholders.
    """

    slices: int = 0
    ready: PackedEndpoints
    all: PackedEndpoints


class ServiceEndpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoints of a Service in both families.

    `is_placeholder`: its only endpoint is Cilium's placeholder, which never receives traffic. The endpoints here are
    then empty, which says nothing about either family.
    """

    v4: FamilyEndpoints
    v6: FamilyEndpoints
    is_placeholder: bool = False

    def of(self, family: Family) -> FamilyEndpoints:
        """The endpoints of one family."""
        return self.v4 if family == V4 else self.v6

    def live(self, family: Family) -> int:
        """|live(f)|."""
        return len(self.of(family).ready)

    @property
    def live_families(self) -> tuple[Family, ...]:
        """The families with a ready endpoint."""
        return tuple(f for f in FAMILIES if self.live(f))

    @property
    def targets(self) -> dict[str, Endpoint]:
        """Every endpoint of either family, ready or not, by identity."""
        return {**self.v6.all, **self.v4.all}


def service_endpoints(state: ClusterState, service: Key) -> ServiceEndpoints:
    """The endpoints of a Service, from its slices."""
    ready: dict[str, dict[str, str]] = {V4: {}, V6: {}}
    every: dict[str, dict[str, str]] = {V4: {}, V6: {}}
    count = {V4: 0, V6: 0}
    has_placeholder = False
    hidden: set[str] = set()
    for endpoint_slice in state.slices.of(service):
        family = endpoint_slice.address_type
        if family not in count:
            continue
        count[family] += 1
        all_rows, ready_rows = every[family], ready[family]
        for row in endpoint_slice.packed():
            if is_placeholder(row):
                has_placeholder = True
                continue
            identity, is_ready = unpack_identity(row)
            if family == V4 and is_hidden(row):
                hidden.add(identity)
            all_rows[identity] = row
            if is_ready:
                ready_rows[identity] = row
    if len(hidden) == 1 and every[V4].keys() == hidden and not every[V6]:
        # The placeholder is the only endpoint of its Service, and has an IPv4 address.
        has_placeholder = True
        every[V4].clear()
        ready[V4].clear()
    v4, v6 = (
        FamilyEndpoints(slices=count[f], ready=PackedEndpoints(ready[f]), all=PackedEndpoints(every[f]))
        for f in FAMILIES
    )
    return ServiceEndpoints(v4=v4, v6=v6, is_placeholder=has_placeholder and not (v4.all or v6.all))
