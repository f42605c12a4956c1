"""The fields that contain addresses or ranges. A check names those that it needs, because a capture may redact them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from dsview.kinds.endpoint_slice import EndpointSlice, unpack_addresses
from dsview.kinds.kind import Kind


class AddressField(msgspec.Struct, frozen=True):
    """A field of a kind: its path, and its contents in an object of that kind."""

    kind: Kind
    path: str
    read: Callable[[Any], Iterable[str]]

    def __str__(self) -> str:
        return f"{self.kind.value} {self.path}"


def _endpoints(item: EndpointSlice) -> Iterator[str]:
    return (address for row in item.packed() for address in unpack_addresses(row))


CLUSTER_IPS = AddressField(Kind.SERVICE, "spec.clusterIPs", lambda item: item.real_cluster_ips)
EXTERNAL_IPS = AddressField(Kind.SERVICE, "spec.externalIPs", lambda item: item.external_ips)
SOURCE_RANGES = AddressField(
    Kind.SERVICE, "spec.loadBalancerSourceRanges", lambda item: item.load_balancer_source_ranges
)
LOAD_BALANCER_IPS = AddressField(
    Kind.SERVICE, "status.loadBalancer", lambda item: [entry.ip for entry in item.load_balancer_ingress]
)
POD_IPS = AddressField(Kind.POD, "status.podIPs", lambda item: item.ips)
HOST_IPS = AddressField(Kind.POD, "status.hostIPs", lambda item: item.host_addresses)
NODE_ADDRESSES = AddressField(
    Kind.NODE,
    "status.addresses",
    lambda item: [entry.address for entry in item.addresses if entry.type in ("InternalIP", "ExternalIP")],
)
POD_CIDRS = AddressField(Kind.NODE, "spec.podCIDRs", lambda item: item.cidrs)
ENDPOINTS = AddressField(Kind.ENDPOINT_SLICE, "endpoints", _endpoints)
SERVICE_CIDRS = AddressField(Kind.SERVICE_CIDR, "spec.cidrs", lambda item: item.cidrs)

ADDRESS_FIELDS = (
    CLUSTER_IPS,
    EXTERNAL_IPS,
    SOURCE_RANGES,
    LOAD_BALANCER_IPS,
    POD_IPS,
    HOST_IPS,
    NODE_ADDRESSES,
    POD_CIDRS,
    ENDPOINTS,
    SERVICE_CIDRS,
)
"""All of them, in report order."""
