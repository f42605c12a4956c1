"""The Pods pane: podIPs lane by lane, which one is first, and the families of the node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.checks.engine.check import LayerName
from dsview.core.address import families_of, family_of
from dsview.core.finding import Finding, ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.tables.cells import Column, Row, Tone
from dsview.tables.flags import settling_remark
from dsview.tables.pane import Attribute, Pane, lane_cells, make_row, text_cell
from dsview.tables.panes.pods import SPEC
from dsview.tables.panes.pods.facts import phase_of, pod_facts, wanted_families
from dsview.tables.sort_keys import LAST, address_ranks, findings_sort, lane_of

COLUMNS = (
    Column(id="namespace", title="Namespace", help="The namespace.", width=8, max_width=20),
    Column(id="name", title="Name", help="The name.", width=14, max_width=44),
    Column(id="phase", title="Phase", help="status.phase, and whether the pod is Ready.", max_width=16, priority=2),
    Column(id="node", title="Node", help="The node it runs on.", max_width=24, priority=3),
    Column(
        id="pod_ip_v4", title="Pod IP", help="The IPv4 address in status.podIPs.", lane="IPv4", width=7, max_width=15
    ),
    Column(
        id="pod_ip_v6", title="Pod IP", help="The IPv6 address in status.podIPs.", lane="IPv6", width=7, max_width=39
    ),
    Column(id="primary", title="First", help="The family of the first podIP.", max_width=5, priority=4),
    Column(id="host_network", title="Net", help="host if the pod is on its node's network.", max_width=4, priority=5),
    Column(id="flags", title="Findings", help="The findings, worst first.", width=10, max_width=40),
)


def _findings(view: ClusterView, key: Key) -> tuple[Finding, ...]:
    return view.findings_of("Pod", *key)


_TONES = {"Running": Tone.GOOD, "Not ready": Tone.SHORT, "Succeeded": Tone.MUTED, "Failed": Tone.MUTED}


def _row(view: ClusterView, key: Key) -> Row | None:
    pod = view.state.pods.get(key)
    if pod is None:
        return None
    phase = phase_of(pod)
    is_over = phase in {"Succeeded", "Failed"}
    first = families_of(pod.ips[:1])
    cells = {
        "namespace": text_cell(pod.namespace, Tone.MUTED),
        "name": text_cell(pod.name, Tone.MUTED if is_over else Tone.PLAIN),
        "phase": text_cell(phase, _TONES.get(phase, Tone.PLAIN)),
        "node": text_cell(pod.node_name, Tone.MUTED),
        "primary": text_cell(first[0].removeprefix("IP") if first else ""),
        "host_network": text_cell("host" if pod.host_network else ""),
        **lane_cells("pod_ip", pod.ips, wanted_families(view, pod), primary=pod.ips[0] if pod.ips else ""),
    }
    return make_row(
        view, key, COLUMNS, cells, _findings(view, key), remark=settling_remark(view, ObjectRef("Pod", *key))
    )


_RANKS: dict[str, Callable[[Pod], str]] = {
    "namespace": lambda pod: pod.namespace,
    "name": lambda pod: pod.name,
    "phase": phase_of,
    "node": lambda pod: pod.node_name,
    "primary": lambda pod: (family_of(pod.ips[0]) if pod.ips else None) or LAST,
    "host_network": lambda pod: "0" if pod.host_network else "1",
}


def _ranks(view: ClusterView, column: str, keys: Sequence[Key]) -> list[str]:
    if column == "flags":
        return [findings_sort(found) if (found := _findings(view, key)) else LAST for key in keys]
    pods = view.state.pods.many(keys)
    if column.startswith("pod_ip"):
        return address_ranks([pod.pod_ips or pod.ips if pod is not None else () for pod in pods], lane_of(column))
    rank = _RANKS[column]
    return [rank(pod) if pod is not None else LAST for pod in pods]


def _haystacks(view: ClusterView, keys: Sequence[Key]) -> list[str]:
    return [
        f"{pod.namespace} {pod.name} {phase_of(pod)} {pod.node_name} {' '.join(pod.pod_ips or pod.ips)}"
        f"{' host' if pod.host_network else ''}"
        if pod is not None
        else ""
        for pod in view.state.pods.many(keys)
    ]


def _affected(view: ClusterView, delta: Delta) -> set[Key] | None:
    if delta.everything:
        return None
    keys = {change.key for change in delta.changes if change.kind is Kind.POD}
    if delta.nodes:
        keys.update(pod.key for pod in view.state.pods if pod.node_name in delta.nodes)
    keys.update((ref.namespace or "", ref.name) for ref in delta.findings if ref.kind == "Pod")
    return keys


def _of_pod(read: Callable[[ClusterView, Pod], Iterable[str]]) -> Attribute:
    def find(view: ClusterView, keys: Sequence[Key]) -> Iterable[Iterable[str]]:
        return [read(view, pod) if pod is not None else () for pod in view.state.pods.many(keys)]

    return find


def _missing(view: ClusterView, pod: Pod) -> Iterable[str]:
    wanted = wanted_families(view, pod)
    has = families_of(pod.ips) if wanted else ()
    return [family for family in wanted if family not in has] if wanted != has else ()


ATTRIBUTES: dict[str, Attribute] = {
    "node": _of_pod(lambda _view, pod: (pod.node_name,)),
    "label": _of_pod(lambda _view, pod: [f"{name}={value}" for name, value in pod.labels.items()]),
    "ip": _of_pod(lambda _view, pod: pod.ips),
    "family": _of_pod(lambda _view, pod: families_of(pod.ips)),
    "missing": _of_pod(_missing),
}

PANE = Pane(
    spec=SPEC,
    kind=Kind.POD,
    facts=pod_facts,
    empty="No Pods",
    kinds=(Kind.POD,),
    columns=COLUMNS,
    layer=LayerName.PODS,
    keys=lambda view: view.state.pods.keys(),
    row=_row,
    ranks=_ranks,
    haystacks=_haystacks,
    attributes=ATTRIBUTES,
    affected=_affected,
    findings=_findings,
    contains=lambda view, key: key in view.state.pods,
    flag_kind="Pod",
)
