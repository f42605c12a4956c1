"""The facts of a listener: those of its proxy pod, or of a Gateway that no pod serves."""

from __future__ import annotations

from collections.abc import Collection

from dsview.analysis.cluster_view import ClusterView
from dsview.core.address import FAMILIES, V4, Family, families_of
from dsview.core.listen import Listener
from dsview.core.text import safe
from dsview.kinds.gateway import Gateway
from dsview.kinds.pod import Pod
from dsview.listeners.proxies import listeners_of
from dsview.tables.cells import GAP, NONE
from dsview.tables.facts import Fact, Parts, config_map_relatives, lane_facts, relative, text_fact
from dsview.tables.panes.listeners.known_from import DOUBTS, MEANINGS
from dsview.tables.panes.listeners.sockets import is_public, sockets_by_row
from dsview.tables.panes.pods.facts import wanted_families
from dsview.tables.related_objects import gateway_facts

_NAMES_SHOWN = 5
"""The maximum number of server names that are listed."""


def listener_facts(view: ClusterView, item: Pod | Gateway) -> Parts:
    """The listeners of a proxy pod or a Gateway, and how they are known, then its related objects."""
    return gateway_facts(view, item) if isinstance(item, Gateway) else _of_pod(view, item)


def _of_pod(view: ClusterView, pod: Pod) -> Parts:
    conf = listeners_of(view.state, pod)
    facts = lane_facts("Pod IPs", pod.ips, wanted_families(view, pod))
    for sockets in sockets_by_row(conf, pod).values():
        facts += _socket_facts(sockets, families_of(pod.ips))
    facts += text_fact("Known from", MEANINGS[conf.source])
    facts += text_fact("Reason", conf.reason)
    names = list(dict.fromkeys(name for listener in conf.listeners for name in listener.given_names))
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    facts += text_fact("Server names", ", ".join(names[:_NAMES_SHOWN]) + more)
    facts += text_fact("Node", pod.node_name)
    relatives = [
        relative("Pod", pod.key),
        *([relative("Node", ("", pod.node_name))] if pod.node_name else []),
        *config_map_relatives(view, pod),
    ]
    relatives += [relative("Service", s.key) for s in sorted(view.state.selectors.selecting(pod), key=lambda s: s.key)]
    return facts, relatives


def _socket_facts(sockets: list[Listener], has: Collection[Family]) -> list[Fact]:
    """The sockets of one port in two lanes; as in the row, a public port without a family of the pod is a gap."""
    first = sockets[0]
    facts = [
        fact
        for listener in sockets
        if not listener.families
        for fact in text_fact(listener.transport, f"{_where(listener)}{_options(listener)}")
    ]
    lanes = [
        tuple(
            safe(f"{_where(listener, family)}{_options(listener)}")
            for listener in sockets
            if family in listener.families
        )
        or (GAP if is_public(first) and family in has else NONE,)
        for family in FAMILIES
    ]
    if any(listener.families for listener in sockets):
        port = f"{first.port}/{first.transport}" if first.port is not None else first.transport
        facts.append(Fact(safe(port), lanes[0], lanes[1]))
    return facts


def _where(listener: Listener, family: Family | None = None) -> str:
    is_both = family == V4 and len(listener.families) > 1
    address = "[::]" if is_both else listener.address
    return address if listener.port is None else f"{address}:{listener.port}"


def _options(listener: Listener) -> str:
    doubt = DOUBTS.get(listener.likelihood, "")
    return f"{doubt}  {' '.join(listener.options)}" if listener.options else doubt
