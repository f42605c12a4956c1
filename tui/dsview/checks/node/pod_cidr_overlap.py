"""Pod ranges of two nodes overlap.

## Condition

A podCIDR of the node shares addresses with a podCIDR of another node. A warning if Cilium allocates pod ranges itself.

## Why it matters

Two pods can get the same address, and routes to the range lead to only one of the nodes.

## Fix

Drain one of the nodes and register it again.

## When it is a false alarm

The CNI plug-in manages addresses itself and ignores podCIDRs.

## Source

https://kubernetes.io/docs/concepts/cluster-administration/networking/#kubernetes-ip-address-ranges;
https://docs.cilium.io/en/stable/network/concepts/ipam/cluster-pool/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dsview.checks.engine.address_fields import POD_CIDRS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, reregister_node
from dsview.checks.node.shared import node_ref, nodes, ranges
from dsview.core.cidr import Cidr
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node

check = Check(
    code="DS-NODE-003",
    slug="pod-cidr-overlap",
    severity=Severity.ERROR,
    needs=(Kind.NODE,),
    addresses=(POD_CIDRS,),
    cells=("pod_cidr",),
    layer=LayerName.PODS,
    hop=HopName.NODES,
)


class _PodRange(NamedTuple):
    """A pod range: its node, and its position among the podCIDRs of the node."""

    node: Node
    position: int
    cidr: Cidr

    @property
    def order(self) -> tuple[object, ...]:
        """The sort key. Of ranges in this order, each overlaps an earlier one if it overlaps the one that ends last."""
        return (self.cidr.family, self.cidr.first, self.cidr.last, self.node.name, self.position)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports pod ranges that overlap."""
    pod_ranges = (_PodRange(node, index, cidr) for node in nodes(ctx) for index, cidr in ranges(node))
    overlapping: dict[tuple[str, int], dict[str, Cidr]] = {}
    by_key: dict[tuple[str, int], _PodRange] = {}
    last_to_end: _PodRange | None = None
    for current in sorted(pod_ranges, key=lambda pod_range: pod_range.order):
        is_same_family = last_to_end is not None and last_to_end.cidr.family == current.cidr.family
        if last_to_end is not None and is_same_family and _overlap(last_to_end, current):
            for one, other in ((current, last_to_end), (last_to_end, current)):
                key = (one.node.name, one.position)
                by_key[key] = one
                overlapping.setdefault(key, {})[other.node.name] = other.cidr
        if last_to_end is None or not is_same_family or current.cidr.last > last_to_end.cidr.last:
            last_to_end = current
    for key, others in sorted(overlapping.items(), key=lambda item: item[0]):
        node, position, cidr = by_key[key]
        by_cilium = any(name.endswith("-pod-cidr") for name, _ in node.annotations)
        yield Problem(
            message=f"podCIDR {cidr.text} overlaps "
            f"{names(f'{other.text} of node {name}' for name, other in sorted(others.items()))}.",
            severity=Severity.WARNING if by_cilium else None,
            object=node_ref(node.name),
            family=cidr.family,
            field=f"spec.podCIDRs[{position}]",
            observed=cidr.text,
            expected="a range that no other node has",
            fix=reregister_node(node),
            related=tuple(map(node_ref, sorted(others))),
        )


def _overlap(earlier: _PodRange, later: _PodRange) -> bool:
    """Whether the ranges of two nodes overlap. `earlier` begins first."""
    return later.cidr.first <= earlier.cidr.last and later.node.name != earlier.node.name
