"""The facts in the detail of a Node."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.core.address import FAMILIES, Family, families_of
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.tables.facts import Fact, Parts, counted_fact, lane_facts, relative, text_fact


def _having(pods: list[Pod], family: Family) -> str:
    return f"{sum(family in families_of(pod.ips) for pod in pods)} with {family}"


def _pod_facts(view: ClusterView, pods: list[Pod]) -> list[Fact]:
    """The number of Pods on the node by family: all of them, on the Pod network and on the host network."""
    if not view.state.is_known(Kind.POD):
        return [counted_fact(view, Kind.POD, "Pods", "", "")]
    running = [pod for pod in pods if pod.phase == "Running" and not pod.deleted]
    found = {
        "Pods": pods,
        "Pod network": [pod for pod in running if not pod.host_network],
        "hostNetwork": [pod for pod in running if pod.host_network],
    }
    rest = len(pods) - len(running)
    return [
        *(
            counted_fact(view, Kind.POD, f"{name} ({len(members)})", _having(members, "IPv4"), _having(members, "IPv6"))
            for name, members in found.items()
        ),
        *text_fact("Pods not running", f"{rest}" if rest else ""),
    ]


def wanted_cidrs(view: ClusterView, node: Node) -> tuple[Family, ...]:
    """The families of podCIDRs to expect: those that any node has, unless the CNI plug-in provides them."""
    facts = view.nodes.get(node.name)
    if facts is None or not any(other.cidrs for other in view.nodes.values()):
        return ()
    is_dual = any(len(other.cidrs) == 2 for other in view.nodes.values())
    wanted = FAMILIES if is_dual else facts.cidrs
    return tuple(family for family in wanted if family not in facts.supplied)


def node_facts(view: ClusterView, node: Node) -> Parts:
    """Addresses, Pod ranges, Pods by family, kubelet and taints; then its Pods."""
    facts_of = view.nodes.get(node.name)
    pods = sorted((p for p in view.state.pods if p.node_name == node.name), key=lambda p: p.key)
    facts = [
        *text_fact("Ready", "yes" if node.ready else "no"),
        *lane_facts("Internal IPs", node.addresses_of("InternalIP"), view.profile.service_families),
        *lane_facts("External IPs", node.addresses_of("ExternalIP")),
        *lane_facts("Pod CIDRs", node.cidrs, wanted_cidrs(view, node)),
        *_pod_facts(view, pods),
        *text_fact("Pods get", ", ".join(facts_of.pod_families) if facts_of is not None else ""),
        *text_fact("Kubelet", node.kubelet_version),
        *text_fact("System", node.operating_system),
        *text_fact("Taints", ", ".join(f"{key}:{effect}" for key, effect in node.taints)),
    ]
    return facts, [relative("Pod", pod.key, ", ".join(families_of(pod.ips))) for pod in pods[:100]]
