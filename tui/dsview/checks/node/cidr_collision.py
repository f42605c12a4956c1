"""Pod range collides with Service or node addresses.

## Condition

A podCIDR overlaps a Service range, or contains the InternalIP of another node.

## Why it matters

Packets to a Service or a node are treated as pod traffic, or the reverse.

## Fix

Renumber one of the ranges.

## When it is a false alarm

The CNI plug-in manages addresses itself and ignores podCIDRs. A node whose InternalIP lies in its own podCIDR, as on
GKE, is exempt. So is the address of a virtual node, which is that of a pod.

## Source

https://kubernetes.io/docs/concepts/cluster-administration/networking/#kubernetes-ip-address-ranges: Pods, Services
and nodes need ranges that do not overlap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from dsview.checks.engine.address_fields import NODE_ADDRESSES, POD_CIDRS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.node.shared import node_ref, nodes, ranges
from dsview.core.address import is_usable, packed
from dsview.core.cidr import parse_cidrs
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-NODE-004",
    slug="cidr-collision",
    severity=Severity.ERROR,
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE_CIDR,),
    addresses=(
        NODE_ADDRESSES,
        POD_CIDRS,
    ),
    cells=("pod_cidr",),
    layer=LayerName.PODS,
    hop=HopName.NODES,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a podCIDR that contains other addresses."""
    services = parse_cidrs(ctx.profile.service_cidrs)
    addresses = sorted(
        (len(raw), raw, text, node.name)
        for node in ctx.state.nodes
        # The address of a virtual node is that of the pod that represents it.
        if node.name not in ctx.nodes or not ctx.nodes[node.name].virtual
        for text in node.addresses_of("InternalIP")
        if is_usable(text) and (raw := packed(text)) is not None
    )
    keys = [(size, raw) for size, raw, _, _ in addresses]
    for node in nodes(ctx):
        for i, cidr in ranges(node):
            size = len(cidr.first)
            within = addresses[bisect_left(keys, (size, cidr.first)) : bisect_right(keys, (size, cidr.last))]
            # On GKE, a node has its IPv6 address from its own pod range.
            inside = [entry for entry in within if entry[3] != node.name]
            overlapped = next((s for s in services if s.overlaps(cidr)), None)
            if overlapped is None and not inside:
                continue
            what = (
                f"overlaps the Service range {overlapped.text}"
                if overlapped is not None
                else f"contains InternalIP {inside[0][2]} of node {inside[0][3]}"
            )
            yield Problem(
                message=f"podCIDR {cidr.text} {what}.",
                object=node_ref(node.name),
                family=cidr.family,
                field=f"spec.podCIDRs[{i}]",
                observed=cidr.text,
                expected="a range that does not overlap those of Services and nodes",
                related=tuple(node_ref(name) for _, _, _, name in inside[:20]),
            )
