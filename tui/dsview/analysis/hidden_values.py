"""How many values a capture hides, and which checks could not look at the objects that they are in.

A hidden value says neither what was there nor that nothing was: no check compares it, counts it or calls it missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from dsview.cluster.state import ClusterState
from dsview.core.redacted import is_redacted
from dsview.kinds.endpoint_slice import EndpointSlice, unpack_addresses
from dsview.kinds.kind import Kind

Texts = Iterable[str]


class _Field(msgspec.Struct, frozen=True):
    """A field that holds addresses or ranges: of which kind, its name, how it is read, and the checks that need it."""

    kind: Kind
    name: str
    read: Callable[[Any], Texts]
    checks: tuple[str, ...]


def _slice_addresses(item: EndpointSlice) -> Iterator[str]:
    return (address for row in item.packed() for address in unpack_addresses(row))


_FIELDS = (
    _Field(
        Kind.SERVICE,
        "spec.clusterIPs",
        lambda item: item.real_cluster_ips,
        ("DS-ADR-001", "DS-ADR-002", "DS-API-002", "DS-CLU-006", "DS-SVC-004", "DS-SVC-005"),
    ),
    _Field(
        Kind.SERVICE, "spec.externalIPs", lambda item: item.external_ips, ("DS-ADR-001", "DS-ADR-002", "DS-SVC-007")
    ),
    _Field(
        Kind.SERVICE,
        "spec.loadBalancerSourceRanges",
        lambda item: item.load_balancer_source_ranges,
        ("DS-ADR-002", "DS-LB-005"),
    ),
    _Field(
        Kind.SERVICE,
        "status.loadBalancer",
        lambda item: [entry.ip for entry in item.load_balancer_ingress],
        ("DS-ADR-001", "DS-ADR-002", "DS-LB-001", "DS-LB-002", "DS-LB-003", "DS-LB-006"),
    ),
    _Field(
        Kind.POD,
        "status.podIPs",
        lambda item: item.ips,
        (
            "DS-ADR-001",
            "DS-ADR-002",
            "DS-CLU-006",
            "DS-POD-001",
            "DS-POD-002",
            "DS-POD-004",
            "DS-POD-005",
            "DS-POD-006",
        ),
    ),
    _Field(Kind.POD, "status.hostIPs", lambda item: item.host_addresses, ("DS-POD-002",)),
    _Field(
        Kind.NODE,
        "status.addresses",
        lambda item: [entry.address for entry in item.addresses if entry.type in ("InternalIP", "ExternalIP")],
        ("DS-ADR-001", "DS-ADR-002", "DS-CLU-002", "DS-NODE-001", "DS-NODE-004", "DS-NODE-006", "DS-POD-003"),
    ),
    _Field(
        Kind.NODE,
        "spec.podCIDRs",
        lambda item: item.cidrs,
        ("DS-ADR-002", "DS-NODE-002", "DS-NODE-003", "DS-NODE-004", "DS-NODE-005", "DS-POD-004"),
    ),
    _Field(Kind.ENDPOINT_SLICE, "endpoints", _slice_addresses, ("DS-ADR-002", "DS-EPS-004", "DS-EPS-009")),
    _Field(Kind.SERVICE_CIDR, "spec.cidrs", lambda item: item.cidrs, ("DS-CLU-003", "DS-CLU-005", "DS-SVC-004")),
)


class HiddenValues(msgspec.Struct, frozen=True):
    """How many values are hidden: by field, such as `Pod status.podIPs`, and the checks that need those fields."""

    fields: tuple[tuple[str, int], ...] = ()
    checks: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """How many values are hidden in all."""
        return sum(number for _, number in self.fields)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The notice for reports; empty if nothing is hidden."""
        if not self.fields:
            return ()
        listed = ", ".join(f"{number:,} in {name}" for name, number in self.fields)
        values = "1 value is" if self.number == 1 else f"{self.number:,} values are"
        return (
            f"{values} hidden in what was read ({listed}). Checks that need them were skipped for these objects: "
            f"{', '.join(self.checks)}.",
        )


def hidden_values(state: ClusterState) -> HiddenValues:
    """The values that the objects' writer replaced, counted once for each state."""
    return state.remembered("hidden values", state.version, lambda: _count(state))


def _count(state: ClusterState) -> HiddenValues:
    found: list[tuple[str, int]] = []
    checks: set[str] = set()
    for field in _FIELDS:
        number = sum(is_redacted(text) for item in state.store(field.kind) for text in field.read(item))
        if number:
            found.append((f"{field.kind.value} {field.name}", number))
            checks.update(field.checks)
    return HiddenValues(tuple(found), tuple(sorted(checks)))
