"""Node has no pod range.

## Condition

The node has no podCIDRs while other nodes have some, or an event CIDRNotAvailable or CIDRAssignmentFailed names it.

## Why it matters

The cluster's pod range is exhausted in one of the families, so the node gets no range of either. No pod starts there.

## Fix

Give kube-controller-manager a larger --cluster-cidr.

## When it is a false alarm

The CNI plug-in assigns pod ranges itself, as annotations or the addresses of the node's pods show. Manifests are not
checked, because a controller assigns the range.

## Source

kubernetes/kubernetes pkg/controller/nodeipam/ipam/range_allocator.go, events CIDRNotAvailable and
CIDRAssignmentFailed
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import quoted, ref
from dsview.checks.node.shared import node_ref, nodes
from dsview.cluster.node_facts import has_hidden_ranges
from dsview.cluster.relations import in_order
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

_EXHAUSTED = ("CIDRNotAvailable", "CIDRAssignmentFailed")


check = Check(
    code="DS-NODE-007",
    slug="no-pod-cidr",
    severity=Severity.ERROR,
    needs=(Kind.NODE,),
    absence_of=(Kind.NODE, Kind.POD),
    uses=(Kind.EVENT, Kind.POD),
    of_pods=(),
    cells=("pod_cidr",),
    layer=LayerName.PODS,
    hop=HopName.NODES,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports nodes without a pod range."""
    peers = sum(1 for facts in ctx.nodes.values() if facts.cidrs)
    events = {e.involved_name: e for e in in_order(ctx.state.events) if e.reason in _EXHAUSTED}
    for node in nodes(ctx):
        facts = ctx.nodes.get(node.name)
        if facts is None or node.cidrs or facts.virtual or node.is_manifest:
            continue
        event = events.get(node.name)
        is_supplied = bool(facts.supplied) or has_hidden_ranges(node)
        if event is None and (is_supplied or not peers or not ctx.older_than(node.created, 60)):
            continue
        event_text = f" {quoted(event)}" if event is not None else ""
        yield Problem(
            message=f"No podCIDR{f', while {peers} other nodes have one' if peers else ''}.{event_text}",
            object=node_ref(node.name),
            field="spec.podCIDRs",
            observed="none",
            expected="a podCIDR of each family",
            related=(ref("Event", event),) if event is not None else (),
            grace=0 if event is not None else 60,
        )
