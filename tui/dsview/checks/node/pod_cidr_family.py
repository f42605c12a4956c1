"""Node has a pod range of only one family.

## Condition

The node has podCIDRs of one family, and another node has podCIDRs of two.

## Why it matters

The node registered before the cluster had the second pod range. Its pods get only one family.

## Fix

Drain the node, delete its Node object, and restart the kubelet to register it again; podCIDRs is immutable.

## When it is a false alarm

A CNI annotation provides the family, or the node's pods have it anyway.

## Source

kubernetes/kubernetes pkg/apis/core/validation/validation.go, ValidateNodeUpdate: podCIDRs can be set once.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import POD_CIDRS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import reregister_node
from dsview.checks.node.shared import node_ref, nodes
from dsview.cluster.node_facts import has_hidden_ranges
from dsview.core.address import other
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-NODE-002",
    slug="pod-cidr-family",
    severity=Severity.ERROR,
    needs=(Kind.NODE,),
    uses=(Kind.POD,),
    absence_of=(Kind.POD,),
    of_pods=(),
    addresses=(POD_CIDRS,),
    cells=("pod_cidr",),
    layer=LayerName.PODS,
    hop=HopName.NODES,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports one pod range if peers have two."""
    example = next((f.name for f in sorted(ctx.nodes.values(), key=lambda f: f.name) if len(f.cidrs) == 2), None)
    if example is None:
        return
    for node in nodes(ctx):
        facts = ctx.nodes.get(node.name)
        if facts is None or len(facts.cidrs) != 1 or facts.virtual:
            continue
        family = other(facts.cidrs[0])
        # A hidden annotation of the CNI plug-in may name a range of the family.
        if family in facts.supplied or has_hidden_ranges(node):
            continue
        yield Problem(
            message=f"No {family} podCIDR: the node has {', '.join(node.cidrs)} only, while {example} has both "
            f"families; pods on it get {facts.cidrs[0]} only.",
            object=node_ref(node.name),
            family=family,
            field="spec.podCIDRs",
            observed=", ".join(node.cidrs),
            expected="a podCIDR of each family",
            fix=reregister_node(node),
            related=(node_ref(example),),
        )
