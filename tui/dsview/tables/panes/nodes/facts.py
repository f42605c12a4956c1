"""The facts in the detail of a Node."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.core.address import Family, families_of
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.tables.facts import Parts, counted_fact, lane_facts, relative, text_fact


def _having(pods: list[Pod], family: Family) -> str:
    return f"{sum(family in families_of(pod.ips) for pod in pods)} with {family}"


def node_facts(view: ClusterView, node: Node) -> Parts:
    """Addresses, Pod ranges, Pods by family, kubelet and taints; then its Pods."""
    facts_of = view.nodes.get(node.name)
    pods = sorted((p for p in view.state.pods if p.node_name == node.name), key=lambda p: p.key)
    own = [pod for pod in pods if not pod.host_network and pod.phase == "Running" and not pod.deleted]
    facts = [
        *text_fact("Ready", "yes" if node.ready else "no"),
        *lane_facts("Internal IPs", node.addresses_of("InternalIP")),
        *lane_facts("External IPs", node.addresses_of("ExternalIP")),
        *lane_facts("Pod CIDRs", node.cidrs),
        counted_fact(view, Kind.POD, f"Pods ({len(pods)})", _having(pods, "IPv4"), _having(pods, "IPv6")),
        *text_fact("Pod network", f"{len(own)} of these; the others are on the node's network, or not running"),
        *text_fact("Pod families", ", ".join(facts_of.pod_families) if facts_of is not None else ""),
        *text_fact("Kubelet", node.kubelet_version),
        *text_fact("System", node.operating_system),
        *text_fact("Taints", ", ".join(f"{key}:{effect}" for key, effect in node.taints)),
    ]
    return facts, [relative("Pod", pod.key, ", ".join(families_of(pod.ips))) for pod in pods[:100]]
