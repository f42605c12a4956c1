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


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports pod ranges that overlap."""
    rows = sorted(
        (
            (cidr.family, cidr.first, cidr.last, node.name, i, cidr, node)
            for node in nodes(ctx)
            for i, cidr in ranges(node)
        ),
        key=lambda row: row[:5],
    )
    clashes: dict[tuple[str, int], tuple[Node, Cidr, dict[str, Cidr]]] = {}
    widest = None
    for row in rows:
        _, first, _, name, i, cidr, node = row
        if widest is not None and widest[0] == cidr.family and first <= widest[2] and widest[3] != name:
            clashes.setdefault((name, i), (node, cidr, {}))[2][widest[3]] = widest[5]
            clashes.setdefault((widest[3], widest[4]), (widest[6], widest[5], {}))[2][name] = cidr
        if widest is None or widest[0] != cidr.family or cidr.last > widest[2]:
            widest = row
    for (name, i), (node, cidr, others) in sorted(clashes.items(), key=lambda item: item[0]):
        by_cilium = any(key.endswith("-pod-cidr") for key, _ in node.annotations)
        yield Problem(
            message=f"podCIDR {cidr.text} overlaps "
            f"{names(f'{c.text} of node {n}' for n, c in sorted(others.items()))}.",
            severity=Severity.WARNING if by_cilium else None,
            object=node_ref(name),
            family=cidr.family,
            field=f"spec.podCIDRs[{i}]",
            observed=cidr.text,
            expected="a range that no other node has",
            fix=reregister_node(node),
            related=tuple(map(node_ref, sorted(others))),
        )
