"""The Pods pane: podIPs lane by lane, the first family, and the node."""

from __future__ import annotations

from collections.abc import Iterable

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.checks.engine.check import LayerName
from dsview.core.address import families_of, family_of
from dsview.core.finding import ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.tables.cells import Column, Row, Tone
from dsview.tables.flags import settling_remark
from dsview.tables.object_pane import ObjectRows
from dsview.tables.pane import lane_cells, make_row, text_cell
from dsview.tables.panes.pods import SPEC
from dsview.tables.panes.pods.facts import phase_of, pod_facts, wanted_families
from dsview.tables.sort_keys import LAST

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


_PODS = ObjectRows[Pod](Kind.POD)

_TONES = {"Running": Tone.GOOD, "Not ready": Tone.SHORT, "Succeeded": Tone.MUTED, "Failed": Tone.MUTED}


def _row(view: ClusterView, key: Key) -> Row | None:
    pod = _PODS.get(view, key)
    if pod is None:
        return None
    phase = phase_of(pod)
    is_finished = phase in {"Succeeded", "Failed"}
    first = families_of(pod.ips[:1])
    cells = {
        "namespace": text_cell(pod.namespace, Tone.MUTED),
        "name": text_cell(pod.name, Tone.MUTED if is_finished else Tone.PLAIN),
        "phase": text_cell(phase, _TONES.get(phase, Tone.PLAIN)),
        "node": text_cell(pod.node_name, Tone.MUTED),
        "primary": text_cell(first[0].removeprefix("IP") if first else ""),
        "host_network": text_cell("host" if pod.host_network else ""),
        **lane_cells("pod_ip", pod.ips, wanted_families(view, pod), primary=pod.ips[0] if pod.ips else ""),
    }
    remark = settling_remark(view, ObjectRef("Pod", *key))
    return make_row(view, key, COLUMNS, cells, _PODS.findings(view, key), remark=remark)


def _haystack(pod: Pod) -> str:
    addresses = " ".join(pod.pod_ips or pod.ips)
    host = " host" if pod.host_network else ""
    return f"{pod.namespace} {pod.name} {phase_of(pod)} {pod.node_name} {addresses}{host}"


def _missing(view: ClusterView, pod: Pod) -> Iterable[str]:
    wanted = wanted_families(view, pod)
    has = families_of(pod.ips) if wanted else ()
    return [family for family in wanted if family not in has] if wanted != has else ()


def _on_nodes(view: ClusterView, delta: Delta) -> Iterable[Key]:
    return [pod.key for pod in view.state.pods if pod.node_name in delta.nodes] if delta.nodes else ()


PANE = _PODS.pane(
    spec=SPEC,
    facts=pod_facts,
    layer=LayerName.PODS,
    columns=COLUMNS,
    row=_row,
    haystack=_haystack,
    addresses={"pod_ip": lambda pods: [pod.pod_ips or pod.ips if pod is not None else () for pod in pods]},
    ranks={
        "phase": lambda _view, pod: phase_of(pod),
        "node": lambda _view, pod: pod.node_name,
        "primary": lambda _view, pod: (family_of(pod.ips[0]) if pod.ips else None) or LAST,
        "host_network": lambda _view, pod: "0" if pod.host_network else "1",
    },
    attributes={
        "node": _PODS.attribute(lambda pod: (pod.node_name,)),
        "ip": _PODS.attribute(lambda pod: pod.ips),
        "family": _PODS.attribute(lambda pod: families_of(pod.ips)),
        "missing": _PODS.attribute_in(_missing),
    },
    also_affected=_on_nodes,
)
