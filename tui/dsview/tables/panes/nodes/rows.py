"""The Nodes pane: InternalIPs classified, ExternalIPs, and podCIDRs, lane by lane."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES, families_of
from dsview.core.finding import Finding, ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.node import Node
from dsview.tables.cells import Column, Row, Tone
from dsview.tables.flags import settling_remark
from dsview.tables.pane import Attribute, Pane, gaps, lane_cells, make_row, text_cell
from dsview.tables.panes.nodes import SPEC
from dsview.tables.panes.nodes.facts import node_facts, wanted_cidrs
from dsview.tables.sort_keys import address_ranks, findings_sort, lane_of

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


def _findings(view: ClusterView, key: Key) -> tuple[Finding, ...]:
    return view.findings_of("Node", *key)


def _row(view: ClusterView, key: Key) -> Row | None:
    node = view.state.nodes.get(key)
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
    return make_row(view, key, COLUMNS, cells, _findings(view, key), remark=remark)


def _ranks(view: ClusterView, column: str, keys: Sequence[Key]) -> list[str]:
    nodes = view.state.nodes.many(keys)
    match column:
        case "ready":
            return ["0" if node is not None and node.ready else "1" for node in nodes]
        case "internal_ip_v4" | "internal_ip_v6":
            return address_ranks(_addresses(nodes, "InternalIP"), lane_of(column))
        case "pod_cidr_v4" | "pod_cidr_v6":
            return address_ranks((node.cidrs if node is not None else () for node in nodes), lane_of(column))
        case "external_ip":
            lanes = (address_ranks(_addresses(nodes, "ExternalIP"), family) for family in FAMILIES)
            return list(map(min, *lanes))
        case "flags":
            down = _unready(view)
            return [findings_sort(_findings(view, key), is_degraded=key in down) for key in keys]
    return [name for _, name in keys]


def _unready(view: ClusterView) -> Collection[Key]:
    return view.state.family_counts.unready_nodes


def _addresses(nodes: Iterable[Node | None], kind: str) -> Iterator[tuple[str, ...]]:
    return (node.addresses_of(kind) if node is not None else () for node in nodes)


def _haystacks(view: ClusterView, keys: Sequence[Key]) -> list[str]:
    return [_haystack(node) if node is not None else "" for node in view.state.nodes.many(keys)]


def _haystack(node: Node) -> str:
    ready = "ready" if node.ready else "notready"
    return " ".join((node.name, ready, *(a.address for a in node.addresses), *node.cidrs))


def _affected(_view: ClusterView, delta: Delta) -> set[Key] | None:
    if delta.everything:
        return None
    keys = {change.key for change in delta.changes if change.kind is Kind.NODE}
    keys.update(("", name) for name in delta.nodes)
    keys.update(("", ref.name) for ref in delta.findings if ref.kind == "Node")
    return keys


def _of_node(read: Callable[[Node], Iterable[str]]) -> Attribute:
    def find(view: ClusterView, keys: Sequence[Key]) -> Iterable[Iterable[str]]:
        return [read(node) if node is not None else () for node in view.state.nodes.many(keys)]

    return find


ATTRIBUTES: dict[str, Attribute] = {
    "node": _of_node(lambda node: (node.name,)),
    "label": _of_node(lambda node: [f"{name}={value}" for name, value in node.labels.items()]),
    "ip": _of_node(lambda node: (*(a.address for a in node.addresses), *node.cidrs)),
    "family": _of_node(lambda node: families_of(node.addresses_of("InternalIP"))),
    "missing": lambda view, keys: [gaps(_row(view, key), COLUMNS) for key in keys],
}

PANE = Pane(
    spec=SPEC,
    kind=Kind.NODE,
    facts=node_facts,
    empty="No Nodes",
    kinds=(Kind.NODE,),
    columns=COLUMNS,
    layer=LayerName.NODES,
    keys=lambda view: view.state.nodes.keys(),
    row=_row,
    ranks=_ranks,
    haystacks=_haystacks,
    attributes=ATTRIBUTES,
    affected=_affected,
    findings=_findings,
    contains=lambda view, key: key in view.state.nodes,
    flag_kind="Node",
    degraded=_unready,
)
