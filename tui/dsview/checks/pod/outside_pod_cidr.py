"""Pod address outside its node's pod range.

## Condition

A podIP lies outside its node's podCIDRs of that family, where at least 90 % of the cluster's pods lie inside
theirs.

## Why it matters

The address comes from an earlier range of the node, and routes to it may no longer exist.

## Fix

Recreate the pod.

## When it is a false alarm

The CNI plug-in does not use podCIDRs. The share of pods inside their ranges shows whether it does.

## Source

https://kubernetes.io/docs/concepts/cluster-administration/networking/#kubernetes-ip-address-ranges. The limit of 90 %
is dsview's choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import POD_CIDRS, POD_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import recreate_pods
from dsview.checks.pod.shared import node_ref
from dsview.core.address import family_of, packed
from dsview.core.cidr import parse_cidrs
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod

check = Check(
    code="DS-POD-004",
    slug="outside-pod-cidr",
    severity=Severity.NOTE,
    subjects=(Kind.POD,),
    needs=(Kind.NODE,),
    absence_of=(Kind.POD,),
    addresses=(
        POD_IPS,
        POD_CIDRS,
    ),
    cells=("pod_ip",),
    layer=LayerName.PODS,
    hop=HopName.PODS,
)


def decide(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """Reports a podIP outside the ranges of its node."""
    conforming = ctx.profile.conforming
    if pod.host_network or not conforming:
        return
    node = ctx.state.nodes.get(("", pod.node_name))
    if node is None:
        return
    ranges = parse_cidrs(node.cidrs)
    for i, text in enumerate(pod.ips):
        raw = packed(text)
        of_family = [c for c in ranges if raw is not None and len(c.first) == len(raw) and c.family in conforming]
        if of_family and not any(c.contains(raw) for c in of_family) and ctx.is_eligible(pod):
            yield Problem(
                message=f"{text} lies outside {', '.join(c.text for c in of_family)}, the pod range of node "
                f"{pod.node_name}.",
                family=family_of(text),
                field=f"status.podIPs[{i}]",
                observed=text,
                expected=f"an address of {', '.join(c.text for c in of_family)}",
                fix=recreate_pods([pod]),
                related=(node_ref(pod),),
            )
