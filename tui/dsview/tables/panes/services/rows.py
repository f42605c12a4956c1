"""The Services pane: families, policy, cluster IPs, ready endpoints and load-balancer addresses, lane by lane."""

from __future__ import annotations

from collections.abc import Iterable

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.analysis.loss import losses_of
from dsview.analysis.plan_step import Wave
from dsview.analysis.service_plan import is_movable, make_step
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.remediation import names
from dsview.cluster.endpoints import FamilyEndpoints, service_endpoints
from dsview.cluster.state import Change
from dsview.core.address import FAMILIES
from dsview.core.finding import ObjectRef
from dsview.core.plurals import count
from dsview.core.text import safe
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.node import Node
from dsview.kinds.service import Service
from dsview.tables.cells import Cell, Column, Row, Tone
from dsview.tables.flags import Remark, settling_remark
from dsview.tables.object_pane import ObjectRows
from dsview.tables.pane import NOT_READ, NOTHING, lane_cells, make_row, text_cell
from dsview.tables.panes.services import SPEC
from dsview.tables.panes.services.facts import service_facts, type_of, vips, wanted_cluster_ips, wanted_vips
from dsview.tables.sort_keys import LAST, findings_sort, number_sort

_POLICIES = {"SingleStack": "Single", "PreferDualStack": "Prefer", "RequireDualStack": "Require"}

COLUMNS = (
    Column(id="namespace", title="Namespace", help="The namespace.", width=8, max_width=20),
    Column(id="name", title="Name", help="The name.", width=12, max_width=36),
    Column(id="type", title="Type", help="spec.type; Headless if the cluster IP is None.", max_width=12, priority=4),
    Column(id="policy", title="Policy", help="spec.ipFamilyPolicy.", max_width=8, priority=2),
    Column(id="families", title="Families", help="spec.ipFamilies, primary first.", max_width=8, priority=5),
    Column(
        id="cluster_ip_v4",
        title="Cluster IP",
        help="The IPv4 cluster IP.",
        lane="IPv4",
        width=10,
        max_width=15,
        priority=1,
    ),
    Column(id="ready_v4", title="Ready", help="Ready IPv4 endpoints.", lane="IPv4", width=5, align="right"),
    Column(
        id="vip_v4",
        title="VIP",
        help="The IPv4 load-balancer or external IP.",
        lane="IPv4",
        width=5,
        max_width=15,
        priority=3,
    ),
    Column(
        id="cluster_ip_v6",
        title="Cluster IP",
        help="The IPv6 cluster IP.",
        lane="IPv6",
        width=10,
        max_width=39,
        priority=1,
    ),
    Column(id="ready_v6", title="Ready", help="Ready IPv6 endpoints.", lane="IPv6", width=5, align="right"),
    Column(
        id="vip_v6",
        title="VIP",
        help="The IPv6 load-balancer or external IP.",
        lane="IPv6",
        width=5,
        max_width=39,
        priority=3,
    ),
    Column(
        id="plan",
        title="To dual-stack",
        help="For a single-stack Service: what must happen before it can become dual-stack (`dsview plan`).",
        width=9,
        max_width=14,
        priority=6,
    ),
    Column(id="flags", title="Findings", help="The findings, worst first.", width=10, max_width=40),
)


_SERVICES = ObjectRows[Service](Kind.SERVICE)

_SUFFIXES = tuple(zip(FAMILIES, ("_v4", "_v6"), strict=True))


def _ready_cells(view: ClusterView, service: Service) -> dict[str, Cell]:
    if service.is_external_name:
        return {}
    if not view.state.is_known(Kind.ENDPOINT_SLICE):
        return {"ready_v4": NOT_READ, "ready_v6": NOT_READ}
    endpoints = service_endpoints(view.state, service.key)
    if endpoints.is_placeholder:
        # The API has only a placeholder: the nodes accept the traffic.
        return {f"ready{suffix}": NOT_READ for family, suffix in _SUFFIXES if family in service.families}
    most = max(endpoints.live(family) + len(_unready_endpoints(view, endpoints.of(family))) for family in FAMILIES)
    cells: dict[str, Cell] = {}
    for family, suffix in _SUFFIXES:
        live = endpoints.live(family)
        if family in service.families:
            short = live < most
            text = f"{live}/{most}" if short else f"{live}"
            tone = Tone.PLAIN if not short else Tone.SHORT if live else Tone.GAP
            cells[f"ready{suffix}"] = Cell(safe(text), tone, value=str(live))
        else:
            cells[f"ready{suffix}"] = text_cell(str(live), Tone.MUTED) if live else NOTHING
    return cells


def _unready_endpoints(view: ClusterView, of_family: FamilyEndpoints) -> dict[str, Endpoint]:
    """The endpoints that are not ready, without those of Pods that are being deleted."""
    return {
        identity: endpoint
        for identity, endpoint in of_family.all.items()
        if identity not in of_family.ready and not _is_terminating(view, endpoint)
    }


def _is_terminating(view: ClusterView, endpoint: Endpoint) -> bool:
    pod = view.state.pods.get(endpoint.target)
    return pod is not None and bool(pod.deleted)


def _remark(view: ClusterView, service: Service) -> Remark:
    """Why a Service has endpoints that are not ready, and until when it has no verdict; may be empty."""
    endpoints = service_endpoints(view.state, service.key)
    unready_endpoints: dict[str, Endpoint] = {}
    for family in service.families:
        unready_endpoints |= _unready_endpoints(view, endpoints.of(family))
    node_names = {endpoint.node_name for endpoint in unready_endpoints.values()}
    down = sorted(
        name for name in node_names if (node := view.state.nodes.get(("", name))) is not None and not node.ready
    )
    unready = f"{count(len(unready_endpoints), 'endpoint')} not ready" if unready_endpoints else ""
    why = f"{names(down, 1)} not ready" if down else unready
    return settling_remark(view, ObjectRef("Service", *service.key)).after(why)


def _vip_cells(service: Service) -> dict[str, Cell]:
    cells = lane_cells("vip", vips(service), wanted_vips(service))
    names = [e.hostname for e in service.load_balancer_ingress if e.hostname and service.type == "LoadBalancer"]
    if names:
        for family, suffix in zip(FAMILIES, ("_v4", "_v6"), strict=True):
            if cells[f"vip{suffix}"] is NOTHING and family in service.families:
                cells[f"vip{suffix}"] = text_cell(names[0], Tone.MUTED)
    return cells


def _plan_cell(view: ClusterView, service: Service) -> Cell:
    if not is_movable(service):
        return NOTHING
    wave = make_step(view, service).wave
    return text_cell(wave.word, Tone.GOOD if wave is Wave.READY else Tone.PLAIN, value=wave.value)


def _row(view: ClusterView, key: Key) -> Row | None:
    service = _SERVICES.get(view, key)
    if service is None:
        return None
    cells = {
        "namespace": text_cell(service.namespace, Tone.MUTED),
        "name": text_cell(service.name),
        "type": text_cell(type_of(service)),
        "policy": text_cell(
            _POLICIES.get(service.ip_family_policy, service.ip_family_policy), value=service.ip_family_policy
        ),
        "families": text_cell(
            ",".join(f.removeprefix("IP") for f in service.families), value=",".join(service.families)
        ),
        **_ready_cells(view, service),
        **_vip_cells(service),
        "plan": _plan_cell(view, service),
    }
    if service.is_headless:
        for family, suffix in zip(FAMILIES, ("_v4", "_v6"), strict=True):
            cells[f"cluster_ip{suffix}"] = text_cell("None", Tone.MUTED) if family in service.families else NOTHING
    else:
        wanted = wanted_cluster_ips(view, service)
        cells.update(lane_cells("cluster_ip", service.real_cluster_ips, wanted, primary=service.cluster_ip))
    return make_row(view, key, COLUMNS, cells, _SERVICES.findings(view, key), remark=_remark(view, service))


def _harm(view: ClusterView, service: Service) -> int:
    """The sort key among equal severities: Services that fail completely first, then those that fail partly."""
    return 2 - max(losses_of(view, service).values(), default=0)


def _haystack(s: Service) -> str:
    return " ".join((s.namespace, s.name, type_of(s), s.ip_family_policy, *s.families, *s.real_cluster_ips, *vips(s)))


def _of_slices(_view: ClusterView, delta: Delta) -> Iterable[Key] | None:
    """The Services whose EndpointSlices changed; all Services if the cluster's Service ranges changed."""
    if any(change.kind is Kind.SERVICE_CIDR for change in delta.changes):
        return None
    slices = [
        item for change in delta.changes if change.kind is Kind.ENDPOINT_SLICE for item in (change.old, change.new)
    ]
    return [(s.namespace, s.service_name) for s in slices if isinstance(s, EndpointSlice) and s.service_name]


_AFFECTING_KINDS = frozenset({Kind.NETWORK_POLICY, Kind.CONFIG_MAP, Kind.PROXY_LISTENERS, Kind.POD})


def _affects_visible_rows(_view: ClusterView, delta: Delta) -> bool:
    """The steps to dual-stack depend on all of these kinds, and the remarks about unready endpoints on nodes."""
    return bool(delta.nodes) or any(
        change.kind in _AFFECTING_KINDS or _is_readiness_change(change) for change in delta.changes
    )


def _is_readiness_change(change: Change) -> bool:
    """Whether the readiness of a node changed."""
    old, new = change.old, change.new
    return isinstance(old, Node) and isinstance(new, Node) and old.ready is not new.ready


PANE = _SERVICES.pane(
    spec=SPEC,
    facts=service_facts,
    layer=LayerName.SERVICES,
    columns=COLUMNS,
    row=_row,
    haystack=_haystack,
    addresses={
        "cluster_ip": lambda services: [item.real_cluster_ips if item is not None else () for item in services],
        "vip": lambda services: [vips(item) if item is not None else () for item in services],
    },
    ranks={
        "type": lambda _view, service: type_of(service),
        "policy": lambda _view, service: service.ip_family_policy,
        "families": lambda _view, service: ",".join(service.families),
        "ready_v4": lambda view, service: number_sort(service_endpoints(view.state, service.key).live("IPv4")),
        "ready_v6": lambda view, service: number_sort(service_endpoints(view.state, service.key).live("IPv6")),
        "plan": lambda view, service: number_sort(make_step(view, service).wave.depth) if is_movable(service) else LAST,
        "flags": lambda view, service: findings_sort(_SERVICES.findings(view, service.key), harm=_harm(view, service)),
    },
    attributes={
        "type": _SERVICES.attribute(lambda service: dict.fromkeys((type_of(service), service.type))),
        "policy": _SERVICES.attribute(lambda service: (service.ip_family_policy,)),
        "ip": _SERVICES.attribute(lambda service: (*service.real_cluster_ips, *vips(service))),
        "family": _SERVICES.attribute(lambda service: service.families),
    },
    read_too=(Kind.ENDPOINT_SLICE,),
    also_affected=_of_slices,
    affects_visible_rows=_affects_visible_rows,
)
