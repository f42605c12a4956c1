"""Pod ranges are in a different order than on other nodes.

## Condition

The podCIDRs of two dual-stack nodes have their families in different order.

## Why it matters

kube-controller-manager matches podCIDRs with its --cluster-cidr by position, and exits if they do not match.

## Fix

Restore the order of --cluster-cidr, or register the nodes that differ again.

## When it is a false alarm

Something other than kube-controller-manager allocates podCIDRs.

## Source

kubernetes/kubernetes pkg/controller/nodeipam/ipam/range_allocator.go, occupyCIDRs
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dsview.checks.engine.address_fields import POD_CIDRS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import reregister_node
from dsview.checks.node.shared import node_ref, nodes
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-NODE-005",
    slug="pod-cidr-order",
    severity=Severity.ERROR,
    needs=(Kind.NODE,),
    addresses=(POD_CIDRS,),
    cells=("pod_cidr",),
    layer=LayerName.PODS,
    hop=HopName.NODES,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports nodes whose order differs from that of most dual-stack nodes."""
    dual = [(node, facts) for node in nodes(ctx) if (facts := ctx.nodes.get(node.name)) and len(facts.cidrs) == 2]
    orders = Counter(facts.cidrs for _, facts in dual)
    if len(orders) < 2:
        return
    (usual, most), (_, second_most) = orders.most_common(2)
    if most == second_most:
        _, facts_of_oldest = min(dual, key=lambda pair: (pair[0].created, pair[0].name))
        usual = facts_of_oldest.cidrs
    example = next(node.name for node, facts in dual if facts.cidrs == usual)
    for node, facts in dual:
        if facts.cidrs != usual:
            yield Problem(
                message=f"podCIDRs have {' before '.join(facts.cidrs)} ({', '.join(node.cidrs)}), but on {example} and "
                f"most nodes {' before '.join(usual)}.",
                object=node_ref(node.name),
                field="spec.podCIDRs",
                observed=", ".join(node.cidrs),
                expected=f"{' before '.join(usual)}",
                fix=reregister_node(node),
                related=(node_ref(example),),
            )
