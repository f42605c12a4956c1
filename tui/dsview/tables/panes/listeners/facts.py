"""The facts of a listener: those of its proxy pod, or of a Gateway that no pod serves."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.core.listen import ListenSource
from dsview.kinds.gateway import Gateway
from dsview.kinds.pod import Pod
from dsview.listeners.proxies import listeners_of
from dsview.tables.facts import Parts, config_map_relatives, lane_facts, relative, text_fact
from dsview.tables.panes.listeners.known_from import MEANINGS
from dsview.tables.panes.pods.facts import wanted_families
from dsview.tables.related_objects import gateway_facts


def listener_facts(view: ClusterView, item: Pod | Gateway) -> Parts:
    """The listeners of a proxy pod or a Gateway, and how they are known, then its related objects."""
    return gateway_facts(view, item) if isinstance(item, Gateway) else _of_pod(view, item)


def _of_pod(view: ClusterView, pod: Pod) -> Parts:
    conf = listeners_of(view.state, pod)
    facts = [*text_fact("Listeners", conf.source.value + (f": {conf.reason}" if conf.reason else ""))]
    facts += lane_facts("Pod IPs", pod.ips, wanted_families(view, pod))
    facts += text_fact("Node", pod.node_name)
    for listener in conf.listeners:
        options = f"  {' '.join(listener.options)}" if listener.options else ""
        where = listener.address if listener.port is None else f"{listener.address}:{listener.port}"
        words = f"{where}{options}  {', '.join(listener.given_names[:3])}"
        facts += text_fact(f"{listener.transport} {', '.join(listener.families) or 'no family'}", words)
    if conf.source is not ListenSource.READ:
        facts += text_fact("Known from", MEANINGS[conf.source])
    relatives = [
        relative("Pod", pod.key),
        *([relative("Node", ("", pod.node_name))] if pod.node_name else []),
        *config_map_relatives(view, pod),
    ]
    relatives += [relative("Service", s.key) for s in sorted(view.state.selectors.selecting(pod), key=lambda s: s.key)]
    return facts, relatives
