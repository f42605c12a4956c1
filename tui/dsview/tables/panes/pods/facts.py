"""The facts in the detail of a Pod."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.core.address import Family, families_of
from dsview.kinds.pod import Pod
from dsview.tables.facts import Parts, config_map_relatives, lane_facts, moment_text, relative, text_fact
from dsview.tables.panes.nodes.facts import wanted_cidrs


def phase_of(pod: Pod) -> str:
    """Phase and readiness in a word or two: `Running`, `Not ready`, `Terminating`, `Succeeded` and so on."""
    if pod.deleted:
        return "Terminating"
    return "Not ready" if pod.phase == "Running" and not pod.ready else pod.phase


def wanted_families(view: ClusterView, pod: Pod) -> tuple[Family, ...]:
    """The families that the pod should have: those of its node, while it runs."""
    facts = view.nodes.get(pod.node_name)
    if facts is None or pod.phase != "Running" or pod.deleted:
        return ()
    return facts.internal if pod.host_network else facts.pod_families


def pod_facts(view: ClusterView, pod: Pod) -> Parts:
    """Phase, addresses, network and owner; then its Services and its Node."""
    node = view.state.nodes.get(("", pod.node_name))
    facts = [
        *text_fact("Phase", phase_of(pod)),
        *lane_facts("Pod IPs", pod.ips, wanted_families(view, pod)),
        *text_fact("First family", ", ".join(families_of(pod.ips[:1]))),
        *lane_facts("Host IPs", pod.host_addresses),
        *(lane_facts("Node's pod CIDRs", node.cidrs, wanted_cidrs(view, node)) if node is not None else []),
        *text_fact("Network", "the node's (hostNetwork)" if pod.host_network else "pod network"),
        *text_fact("DNS policy", pod.dns_policy),
        *text_fact("Owner", f"{pod.owner.kind} {pod.owner.name}" if pod.owner is not None else "none"),
        *text_fact("Started", moment_text(pod.start_time)),
        *text_fact("Images", ", ".join(c.image for c in pod.containers)),
        *text_fact("IPAM annotations", ", ".join(pod.ipam)),
    ]
    services = sorted(view.state.selectors.selecting(pod), key=lambda s: s.key)
    relatives = [relative("Service", s.key, ", ".join(s.families)) for s in services]
    if pod.node_name:
        relatives.append(relative("Node", ("", pod.node_name)))
    if pod.key in view.state.controllers:
        relatives += config_map_relatives(view, pod)
    return facts, relatives
