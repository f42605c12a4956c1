"""Node has no InternalIP of a Service family.

## Condition

A Ready node has no usable InternalIP of one of the cluster's Service families: an error in a dual-stack cluster,
otherwise a warning. A note if the node has an ExternalIP of the family, if only other nodes have the family, on
Windows, or on vSphere with OVN-Kubernetes and pods that have the family.

## Why it matters

Host-network pods, NodePorts and the kubelet of that node do not work over the family.

## Fix

Start the node's kubelet with --node-ip=<IPv4 address>,<IPv6 address> and restart it.

## When it is a false alarm

The node is a virtual or Fargate node, or a cloud provider has not initialised it yet. OpenShift on vSphere reports only
one family for a dual-stack node.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#configure-ipv4-ipv6-dual-stack: --node-ip;
openshift/openshift-docs#63334: status.addresses on vSphere
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from dsview.checks.engine.address_fields import NODE_ADDRESSES
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names
from dsview.checks.node.shared import node_ref, nodes
from dsview.cluster.node_facts import NodeFacts, is_windows
from dsview.core.address import FAMILIES, Family, first_of, is_usable
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node

check = Check(
    code="DS-NODE-001",
    slug="internal-ip-family",
    severity=Severity.ERROR,
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    of_service_families=True,
    addresses=(NODE_ADDRESSES,),
    cells=("internal_ip",),
    layer=LayerName.NODES,
    hop=HopName.NODES,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports families of S that a node's InternalIPs lack."""
    peers: Counter[Family] = Counter()
    for peer in ctx.nodes.values():
        if peer.ready and not peer.virtual:
            peers.update(peer.internal)
    served = ctx.profile.service_families
    if not served:
        return
    for node in nodes(ctx):
        facts = ctx.nodes.get(node.name)
        if facts is None or not facts.ready or facts.virtual or facts.uninitialized:
            continue
        if any_redacted(node.addresses_of("InternalIP")):
            continue
        is_external_hidden = any_redacted(node.addresses_of("ExternalIP"))
        for family in FAMILIES:
            # A hidden ExternalIP may be of the family, and then this is only a note.
            if is_external_hidden and family not in facts.external and family in served:
                continue
            if family not in facts.internal and (family in served or peers[family]):
                yield _internal_problem(ctx, node, facts, family)


def _internal_problem(ctx: Context, node: Node, facts: NodeFacts, family: Family) -> Problem:
    has = names(a.address for a in node.addresses if a.type == "InternalIP") or "none"
    if not ctx.serves(family):
        severity = Severity.NOTE
        why = f"other nodes have one, and the cluster serves {families(ctx.profile.service_families)} only"
    elif family in facts.external:
        severity, why = Severity.NOTE, f"its {family} address is an ExternalIP"
    elif is_windows(node):
        severity, why = Severity.NOTE, "it runs Windows"
    elif _is_openshift_on_vsphere(node) and family in facts.pod_families:
        severity, why = Severity.NOTE, "OpenShift on vSphere reports addresses of one family only"
    else:
        severity = Severity.ERROR if ctx.is_dual() else Severity.WARNING
        why = f"the cluster serves {families(ctx.profile.service_families)}"
    return Problem(
        message=f"No {family} InternalIP: the node reports {has}; {why}.",
        severity=severity,
        object=node_ref(node.name),
        family=family,
        field="status.addresses",
        observed=has,
        expected=f"an InternalIP of {family}",
        fix=_give_node_ips(ctx, node, family),
    )


def _is_openshift_on_vsphere(node: Node) -> bool:
    return node.provider_id.startswith("vsphere:") and bool(node.annotation("k8s.ovn.org/node-subnets"))


def _give_node_ips(ctx: Context, node: Node, lacking: Family) -> str:
    """What to do on the node, with its addresses in the order of the cluster's families."""
    usable = [address for address in node.addresses_of("InternalIP") if is_usable(address)]
    wanted = dict.fromkeys((*ctx.profile.service_families, lacking))
    ips = ",".join(first_of(tuple(usable), family) or f"<its {family} address>" for family in wanted)
    return safe(f"On node {shlex.quote(node.name)}, start the kubelet with --node-ip={ips} and restart it.")
