"""live(f): the ready endpoints of a Service in each family (checks.md §3)."""

from __future__ import annotations

import msgspec

from dsview.model.address import FAMILIES, V4, V6, Family
from dsview.model.objects import Key
from dsview.model.slices import Endpoint
from dsview.state.cluster import ClusterState


class FamilyEndpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoints of a Service in one family, by identity. `slices` counts its slices, placeholders included."""

    slices: int = 0
    ready: dict[str, Endpoint]
    all: dict[str, Endpoint]


class ServiceEndpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoints of a Service in both families."""

    v4: FamilyEndpoints
    v6: FamilyEndpoints

    def of(self, family: Family) -> FamilyEndpoints:
        """Those of one family."""
        return self.v4 if family == V4 else self.v6

    def live(self, family: Family) -> int:
        """|live(f)|."""
        return len(self.of(family).ready)

    @property
    def live_families(self) -> tuple[Family, ...]:
        """The families that have a ready endpoint."""
        return tuple(f for f in FAMILIES if self.live(f))

    @property
    def targets(self) -> dict[str, Endpoint]:
        """Every endpoint of either family, ready or not, by identity."""
        return {**self.v6.all, **self.v4.all}


def service_endpoints(state: ClusterState, service: Key) -> ServiceEndpoints:
    """The endpoints of a Service, from its slices."""
    ready: dict[str, dict[str, Endpoint]] = {V4: {}, V6: {}}
    every: dict[str, dict[str, Endpoint]] = {V4: {}, V6: {}}
    count = {V4: 0, V6: 0}
    for endpoint_slice in state.slices.of(service):
        family = endpoint_slice.address_type
        if family not in count:
            continue
        count[family] += 1
        for endpoint in endpoint_slice.endpoints():
            identity = endpoint.identity
            every[family][identity] = endpoint
            if endpoint.ready:
                ready[family][identity] = endpoint
    v4, v6 = (FamilyEndpoints(slices=count[f], ready=ready[f], all=every[f]) for f in FAMILIES)
    return ServiceEndpoints(v4=v4, v6=v6)
