"""Kubelet's --node-ip and the node's addresses disagree.

## Condition

An address in the annotation alpha.kubernetes.io/provided-node-ip is not among the node's InternalIPs, or the families
of the two differ. A note if only their order differs.

## Why it matters

The kubelet was configured for families that the cloud provider does not report, or the reverse.

## Fix

Configure the cloud controller for both families, or correct the kubelet's --node-ip.

## When it is a false alarm

The cloud provider is still setting the node up. Before Kubernetes 1.29, a kubelet with an external cloud provider
accepted only one address, and the cloud controller of k3s and RKE2 uses its own annotations.

## Source

KEP-3705; kubernetes/kubernetes staging/src/k8s.io/cloud-provider/controllers/node/node_controller.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import NODE_ADDRESSES
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families
from dsview.cluster.node_facts import NodeFacts, kubelet_version
from dsview.core.address import FAMILIES, Family, canonical, families_of, is_usable
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.node import PROVIDED_NODE_IP, Node

check = Check(
    code="DS-NODE-006",
    slug="provided-node-ip",
    severity=Severity.WARNING,
    subjects=(Kind.NODE,),
    addresses=(NODE_ADDRESSES,),
    cells=("internal_ip",),
    layer=LayerName.NODES,
    hop=HopName.NODES,
)


def decide(node: Node, ctx: Context) -> Iterator[Problem]:
    """Reports a difference between the kubelet's addresses and those that the cloud reports."""
    facts = ctx.node(node.name)
    node_ip = tuple(part.strip() for part in node.annotation(PROVIDED_NODE_IP).split(","))
    provided = families_of(tuple(text for text in node_ip if is_usable(text)))
    if facts is None or facts.virtual or facts.uninitialized or not provided:
        return
    addresses = node.addresses_of("InternalIP")
    if any_redacted((*node_ip, *addresses)):
        return
    known = {canonical(text) or text for text in addresses}
    elsewhere = [text for text in node_ip if is_usable(text) and (canonical(text) or text) not in known]
    if set(provided) == set(facts.internal) and elsewhere:
        yield Problem(
            message=f"The kubelet's --node-ip names {', '.join(elsewhere)}, which is none of the node's InternalIPs "
            f"({', '.join(addresses)}).",
            field="status.addresses",
            observed=", ".join(addresses),
            expected=", ".join(node_ip),
        )
    elif set(provided) == set(facts.internal) and provided != facts.internal:
        yield Problem(
            message=f"The kubelet's --node-ip begins with {provided[0]}, but the node's InternalIPs begin with "
            f"{facts.internal[0]}.",
            severity=Severity.NOTE,
            field="status.addresses",
            observed=families(facts.internal),
            expected=families(provided),
        )
    elif set(provided) != set(facts.internal) and (elsewhere or not _accepted_only_one(node, provided, facts)):
        differing = next(f for f in FAMILIES if (f in provided) != (f in facts.internal))
        yield Problem(
            message=f"The kubelet's --node-ip is {', '.join(node_ip)} ({families(provided)}), but the node's "
            f"InternalIPs are {families(facts.internal)}.",
            family=differing,
            field="status.addresses",
            observed=families(facts.internal),
            expected=families(provided),
        )


_ACCEPTS_BOTH_SINCE = (1, 29)
"""The Kubernetes version from which a kubelet with an external cloud provider accepts an address of each family."""
_EMBEDDED_PROVIDERS = ("k3s.io/internal-ip", "rke2.io/internal-ip")
"""The annotations from which the cloud controllers of k3s and RKE2 read the addresses of a node."""


def _accepted_only_one(node: Node, provided: tuple[Family, ...], facts: NodeFacts) -> bool:
    """Whether the node has more families than the kubelet was given because it did not accept more."""
    if not set(provided) < set(facts.internal):
        return False
    version = kubelet_version(node)
    return (version is not None and version < _ACCEPTS_BOTH_SINCE) or any(map(node.annotation, _EMBEDDED_PROVIDERS))
