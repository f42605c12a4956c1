"""Pod's first family differs from its host's.

## Condition

The first podIP of a dual-stack pod and its first hostIP have different families. If a cloud provider orders the node's
addresses, the first podIP is compared with those of the other dual-stack pods on the node instead.

## Why it matters

podIP, probes and the downward API use a different family than the node does.

## Fix

Start the kubelet with --node-ip=<first>,<second> in the desired order. Recreate a pod that differs from the others on
its node.

## When it is a false alarm

An external cloud provider orders the node's addresses, no --node-ip was given, and all pods of the node agree.

## Source

kubernetes/kubernetes pkg/kubelet/kubelet_pods.go, sortPodIPs
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import HOST_IPS, POD_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import recreate_pods
from dsview.checks.pod.shared import node_ref
from dsview.core.address import families_of, family_of, other
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.node import PROVIDED_NODE_IP, Node
from dsview.kinds.pod import Pod

_LOCAL_PROVIDERS = {"kind", "k3s", "k0s", "minikube", "rke2"}
"""The schemes of spec.providerID that belong to no cloud."""

check = Check(
    code="DS-POD-002",
    slug="order-differs",
    severity=Severity.NOTE,
    subjects=(Kind.POD,),
    needs=(Kind.NODE,),
    addresses=(
        POD_IPS,
        HOST_IPS,
    ),
    cells=("primary",),
    layer=LayerName.PODS,
    hop=HopName.PODS,
)


def decide(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """Reports podIPs and hostIPs that start with different families, or a pod that differs from others of its node."""
    has = families_of(pod.ips)
    if len(has) != 2 or not pod.host_addresses:
        return
    host = family_of(pod.host_addresses[0])
    node = ctx.state.nodes.get(("", pod.node_name))
    if node is None:
        return
    differs = host is not None and host != has[0]
    is_odd = False
    if _has_cloud_order(node):
        facts = ctx.node(pod.node_name)
        odd = facts.minority_first if facts is not None and not pod.host_network else ()
        # If both orders are equally frequent, only pods that also differ from their host are reported.
        is_odd = has[0] in odd and (len(odd) == 1 or differs)
        differs = False
    if not (differs or is_odd) or not ctx.is_eligible(pod):
        return
    wanted = other(has[0])
    yield Problem(
        message=f"podIPs begins with {has[0]} ({pod.ips[0]}), "
        + (f"but most pods on {pod.node_name} have {wanted} first." if is_odd else "")
        + (f"but hostIPs begins with {host} ({pod.host_addresses[0]})." if differs else ""),
        family=has[0],
        field="status.podIPs[0]",
        observed=has[0],
        expected=wanted,
        fix=recreate_pods([pod]) if is_odd else None,
        related=(node_ref(pod),),
    )


def _has_cloud_order(node: Node) -> bool:
    """Whether an external cloud provider orders the node's addresses and --node-ip does not override it."""
    scheme = node.provider_id.partition(":")[0]
    return bool(scheme) and scheme not in _LOCAL_PROVIDERS and not node.annotation(PROVIDED_NODE_IP)
