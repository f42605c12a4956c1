"""Host-network pod has fewer families than its node.

## Condition

A running pod on the host network has addresses of fewer families than its node's InternalIPs, or an event
HostIPsIPFamilyMismatch names it. A note if neither Services nor pods of the cluster have the missing family.

## Why it matters

The node got a family after the pod started. A process that binds the pod's addresses still serves only the old one.

## Fix

Recreate the pod.

## When it is a false alarm

The process binds every address of the node. It serves the new family, and only the pod's status is outdated.

## Source

kubernetes/kubernetes pkg/kubelet/kubelet_pods.go, event HostIPsIPFamilyMismatch
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import NODE_ADDRESSES
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names, quoted, recreate_pods
from dsview.checks.pod.shared import node_ref
from dsview.cluster.profile import Confidence
from dsview.core.address import Family, families_of
from dsview.core.finding import Cause, Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod

check = Check(
    code="DS-POD-003",
    slug="host-network-stale",
    severity=Severity.WARNING,
    subjects=(Kind.POD,),
    needs=(Kind.NODE,),
    uses=(Kind.EVENT,),
    addresses=(NODE_ADDRESSES,),
    cells=("pod_ip",),
    layer=LayerName.PODS,
    hop=HopName.PODS,
)


def decide(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """Reports podIPs whose families are a strict subset of those of the node's InternalIPs."""
    if not pod.host_network or any_redacted(pod.ips):
        return
    node = ctx.node(pod.node_name)
    has = set(families_of(pod.ips))
    missing: list[Family] = [f for f in node.internal if f not in has] if node is not None else []
    is_part = node is not None and bool(missing) and has <= set(node.internal)
    event = None if is_part else _mismatch_event(pod, ctx)
    if not (is_part or event) or not ctx.is_eligible(pod):
        return
    node_has = families(node.internal) if node is not None else "unknown families"
    family = missing[0] if missing else None
    is_unused = is_part and all(_is_unused_in_cluster(each, ctx) for each in missing)
    yield Problem(
        message=f"The pod has only {names(pod.ips)}, but node {pod.node_name} now has {node_has}."
        if is_part
        else f"An event says that the pod's addresses do not match those of its node: {event}",
        severity=Severity.NOTE if is_unused else None,
        family=family,
        field="status.podIPs",
        observed=", ".join(pod.ips),
        expected=f"addresses of {node_has}",
        fix=recreate_pods([pod]),
        related=(node_ref(pod),),
        causes=(Cause("DS-NODE-001", node_ref(pod), family),),
    )


def _is_unused_in_cluster(family: Family, ctx: Context) -> bool:
    """Whether the cluster is known not to use a family: neither Services nor pods have it, only the hosts."""
    if ctx.profile.confidence is not Confidence.DECLARED or ctx.serves(family):
        return False
    return not any(family in facts.pod_families for facts in ctx.nodes.values())


def _mismatch_event(pod: Pod, ctx: Context) -> str | None:
    for event in reversed(ctx.state.events_about.about(pod.key)):
        is_mismatch = event.involved_kind == "Pod" and event.reason == "HostIPsIPFamilyMismatch"
        if is_mismatch and event.last_seen >= pod.start_time:
            return quoted(event)
    return None
