"""Address or CIDR not in canonical form.

## Condition

An IPv6 address is not in the form of RFC 5952, an IPv4 address has leading zeros, or a CIDR has host bits set. A
warning from Kubernetes 1.36 on.

## Why it matters

Text comparisons miss it, and from 1.36 on the API server no longer accepts leading zeros, mapped addresses and host
bits.

## Fix

Write the canonical form.

## When it is a false alarm

Nothing compares addresses as text. The address then works until the object is next written.

## Source

RFC 5952; KEP-4858
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.address.shared import Located, addresses
from dsview.checks.engine.address_fields import (
    CLUSTER_IPS,
    ENDPOINTS,
    EXTERNAL_IPS,
    LOAD_BALANCER_IPS,
    NODE_ADDRESSES,
    POD_CIDRS,
    POD_IPS,
    SOURCE_RANGES,
)
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.core.address import (
    canonical,
    family_of,
    is_canonical,
)
from dsview.core.cidr import parse_cidr
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.core.plurals import count
from dsview.kinds.endpoint_slice import EndpointSlice, unpack_addresses
from dsview.kinds.kind import Kind
from dsview.kinds.network_policy import NetworkPolicy
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.kinds.service_cidr import ServiceCIDR

check = Check(
    code="DS-ADR-002",
    slug="not-canonical",
    severity=Severity.NOTE,
    subjects=(Kind.POD, Kind.NODE, Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.SERVICE_CIDR, Kind.NETWORK_POLICY),
    uses=(Kind.NODE,),
    addresses=(
        CLUSTER_IPS,
        EXTERNAL_IPS,
        SOURCE_RANGES,
        LOAD_BALANCER_IPS,
        POD_IPS,
        NODE_ADDRESSES,
        POD_CIDRS,
        ENDPOINTS,
    ),
)


def decide(item: object, ctx: Context) -> Iterator[Problem]:
    """Reports a spelling that other software, or a newer API server, does not consider equal."""
    if isinstance(item, EndpointSlice) and ctx.has_ordinary_addresses(item):
        return
    wrong = [
        (field, text, better) for field, text in _checked_fields(item) if (better := _better_spelling(text)) is not None
    ]
    if not wrong:
        return
    version = ctx.profile.version
    fields = dict.fromkeys(field for field, _, _ in wrong)
    for field in fields:
        of_field = [(text, better) for name, text, better in wrong if name == field]
        text, better = of_field[0]
        more = f" ({count(len(of_field), 'address')} in this field)" if len(of_field) > 1 else ""
        yield Problem(
            message=f"{field} {text} is not in canonical form; it is {better}{more}.",
            severity=Severity.WARNING if version is not None and version >= (1, 36) else None,
            family=family_of(better.partition("/")[0]),
            field=field,
            observed=text,
            expected=better,
            causes=_causes_in_node(item, ctx, text),
        )


def _causes_in_node(item: object, ctx: Context, text: str) -> tuple[Cause, ...]:
    """Pods on the host network repeat the addresses of their node in the node's spelling."""
    if not isinstance(item, Pod) or not item.host_network:
        return ()
    node = ctx.state.nodes.get(("", item.node_name))
    if node is None or text not in node.addresses_of("InternalIP"):
        return ()
    return (Cause("DS-ADR-002", ObjectRef("Node", None, node.name), family_of(text)),)


def _checked_fields(item: object) -> Iterator[Located]:
    """The fields whose spelling DS-ADR-002 checks: the object's own addresses and CIDRs."""
    yield from addresses(item)
    match item:
        case Node():
            for i, entry in enumerate(item.addresses):
                if entry.type == "ExternalIP":
                    yield f"status.addresses[{i}]", entry.address
            for i, cidr in enumerate(item.cidrs):
                yield f"spec.podCIDRs[{i}]", cidr
        case Service() if not item.is_external_name:
            for i, cidr in enumerate(item.load_balancer_source_ranges):
                # The API server accepts white space around these in all versions.
                yield f"spec.loadBalancerSourceRanges[{i}]", cidr.strip()
            if item.load_balancer_ip:
                yield "spec.loadBalancerIP", item.load_balancer_ip
        case EndpointSlice():
            if item.address_type != "FQDN":
                for i, row in enumerate(item.packed()):
                    for address in unpack_addresses(row):
                        yield f"endpoints[{i}].addresses", address
        case ServiceCIDR():
            for i, cidr in enumerate(item.cidrs):
                yield f"spec.cidrs[{i}]", cidr
        case NetworkPolicy():
            for direction, rules in (("ingress", item.ingress), ("egress", item.egress)):
                for i, rule in enumerate(rules):
                    for block in rule.blocks:
                        for cidr in (block.cidr, *block.excepts):
                            yield f"spec.{direction}[{i}]", cidr


def _better_spelling(text: str) -> str | None:
    """The correct spelling of the text; None if it is already correct, or not an address."""
    if "/" in text:
        cidr = parse_cidr(text)
        if cidr is None or cidr.canonical == text:
            return None
        return cidr.canonical
    # A zone is not part of the address. DS-ADR-001 reports that other machines cannot reach it.
    address = text.partition("%")[0]
    return None if is_canonical(address) else canonical(address)
