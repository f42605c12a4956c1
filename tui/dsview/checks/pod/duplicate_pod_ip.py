"""Pod address that is used twice.

## Condition

Two running pods share a podIP, or a podIP lies in a Service range.

## Why it matters

Traffic for one pod reaches the other, or a Service takes it.

## Fix

Recreate the younger pod, and examine the address management of the CNI plug-in.

## When it is a false alarm

One of the two has finished; it keeps its address in the API only. Pods on different nodes are not compared if one of
the nodes is a KubeEdge edge node or a virtual node, because these have their own networks.

## Source

https://kubernetes.io/docs/concepts/cluster-administration/networking/#the-kubernetes-network-model: each pod has an
address of its own in the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import POD_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, recreate_pods, ref
from dsview.cluster.indexes import MAX_SHARERS
from dsview.cluster.node_facts import kubelet_version
from dsview.core.address import family_of, is_usable, packed
from dsview.core.cidr import parse_cidrs
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod

check = Check(
    code="DS-POD-005",
    slug="duplicate-pod-ip",
    severity=Severity.ERROR,
    subjects=(Kind.POD,),
    uses=(Kind.SERVICE_CIDR, Kind.NODE),
    addresses=(POD_IPS,),
    cells=("pod_ip",),
    layer=LayerName.PODS,
    hop=HopName.PODS,
)


def decide(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """Reports an address of two pods, or of a pod and the Services."""
    if pod.host_network:
        return
    ranges = parse_cidrs(ctx.profile.service_cidrs)
    for i, text in enumerate(pod.ips):
        # An unreachable address (DS-ADR-001) is not counted. A mapped address is an IPv4 address.
        if not is_usable(text):
            continue
        raw = packed(text)
        service_range = next((c for c in ranges if c.contains(raw)), None)
        sharing = [key for key in ctx.state.pod_addresses.sharing(text) if key != pod.key]
        if (service_range is None and not sharing) or not ctx.is_eligible(pod):
            continue
        pods = [
            other
            for key in sharing
            if (other := ctx.state.pods.get(key)) is not None
            and ctx.is_eligible(other)
            and not _are_on_separate_networks(pod, other, ctx)
        ]
        if pods:
            listed = [f"{other.namespace}/{other.name}" for other in pods]
            if len(sharing) > MAX_SHARERS - 1:
                message = f"{text} is also the address of {MAX_SHARERS} or more other pods, such as {listed[0]}."
            else:
                message = f"{text} is also the address of {names(listed)}."
        elif service_range is not None:
            message = f"{text} lies in the Service range {service_range.text}."
        else:
            continue
        yield Problem(
            message=message,
            family=family_of(text),
            field=f"status.podIPs[{i}]",
            observed=text,
            expected="an address that nothing else has, outside the Service ranges",
            # The command is the same for all of them, because it is enough if one of them gets another address.
            fix=recreate_pods([max((pod, *pods), key=lambda each: (each.start_time, each.key))]),
            related=tuple(ref("Pod", other) for other in pods[:20]),
        )


def _are_on_separate_networks(pod: Pod, other: Pod, ctx: Context) -> bool:
    """Whether two pods are on different nodes, and the pod addresses of one of these are only valid locally.

    The edge nodes of KubeEdge each have a bridge with the same range, and virtual nodes run pods in a separate network.
    """
    if pod.node_name == other.node_name:
        return False
    return any(_has_own_network(ctx.state.nodes.get(("", each.node_name))) for each in (pod, other))


def _has_own_network(node: Node | None) -> bool:
    return node is not None and kubelet_version(node) is None and bool(node.kubelet_version)
