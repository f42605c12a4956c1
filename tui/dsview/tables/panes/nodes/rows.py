"""The Nodes pane: InternalIPs, podCIDRs and ExternalIPs, lane by lane."""

from __future__ import annotations

from collections.abc import Collection

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES, families_of
from dsview.core.finding import ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.node import Node
from dsview.tables.cells import Column, Row, Tone
from dsview.tables.flags import settling_remark
from dsview.tables.object_pane import ObjectRows
from dsview.tables.pane import lane_cells, make_row, text_cell
from dsview.tables.panes.nodes import SPEC
from dsview.tables.panes.nodes.facts import node_facts, wanted_cidrs
from dsview.tables.sort_keys import address_ranks, findings_sort

COLUMNS = (
    Column(id="name", title="Name", help="The name.", width=12, max_width=44),
    Column(id="ready", title="Ready", help="The Ready condition.", max_width=11, priority=3),
    Column(id="internal_ip_v4", title="Internal IP", help="The IPv4 InternalIP.", lane="IPv4", width=11, max_width=15),
    Column(
        id="pod_cidr_v4", title="Pod CIDR", help="The IPv4 podCIDR.", lane="IPv4", width=11, max_width=18, priority=1
    ),
    Column(id="internal_ip_v6", title="Internal IP", help="The IPv6 InternalIP.", lane="IPv6", width=11, max_width=39),
    Column(
        id="pod_cidr_v6", title="Pod CIDR", help="The IPv6 podCIDR.", lane="IPv6", width=11, max_width=43, priority=1
    ),
    Column(id="external_ip", title="External IP", help="ExternalIPs.", max_width=40, priority=4),
    Column(id="flags", title="Findings", help="The findings, worst first.", width=10, max_width=40),
)


_NODES = ObjectRows[Node](Kind.NODE)


def _row(view: ClusterView, key: Key) -> Row | None:
    node = _NODES.get(view, key)
    if node is None:
        return None
    external = node.addresses_of("ExternalIP")
    cells = {
        "name": text_cell(node.name),
        "ready": text_cell("Ready", Tone.GOOD) if node.ready else text_cell("Not ready", Tone.SHORT),
        "external_ip": text_cell(", ".join(external), Tone.MUTED),
        **lane_cells("internal_ip", node.addresses_of("InternalIP"), view.profile.service_families),
        **lane_cells("pod_cidr", node.cidrs, wanted_cidrs(view, node)),
    }
    remark = settling_remark(view, ObjectRef("Node", None, node.name))
    return make_row(view, key, COLUMNS, cells, _NODES.findings(view, key), remark=remark)


def _lowest(addresses: tuple[str, ...]) -> str:
    return min(address_ranks((addresses,), family)[0] for family in FAMILIES)


def _unready(view: ClusterView) -> Collection[Key]:
    return view.state.family_counts.unready_nodes


def _haystack(node: Node) -> str:
    ready = "ready" if node.ready else "notready"
    return " ".join((node.name, ready, *(a.address for a in node.addresses), *node.cidrs))


PANE = _NODES.pane(
    spec=SPEC,
    facts=node_facts,
    layer=LayerName.NODES,
    columns=COLUMNS,
    row=_row,
    haystack=_haystack,
    addresses={
        "internal_ip": lambda nodes: [node.addresses_of("InternalIP") if node is not None else () for node in nodes],
        "pod_cidr": lambda nodes: [node.cidrs if node is not None else () for node in nodes],
    },
    ranks={
        "ready": lambda _view, node: "0" if node.ready else "1",
        "external_ip": lambda _view, node: _lowest(node.addresses_of("ExternalIP")),
        "flags": lambda view, node: findings_sort(
            _NODES.findings(view, node.key), is_degraded=node.key in _unready(view)
        ),
    },
    attributes={
        "node": _NODES.attribute(lambda node: (node.name,)),
        "ip": _NODES.attribute(lambda node: (*(a.address for a in node.addresses), *node.cidrs)),
        "family": _NODES.attribute(lambda node: families_of(node.addresses_of("InternalIP"))),
    },
    also_affected=lambda _view, delta: [("", name) for name in delta.nodes],
    degraded=_unready,
)
