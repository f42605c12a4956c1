"""The listeners pane: each port of each proxy pod, and of each Gateway without proxy pods, with both families."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from dsview.analysis.cluster_view import ClusterView, Delta
from dsview.analysis.listener_keys import ListenerKey
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.registry import registry
from dsview.core.address import FAMILIES, V6, Family, families_of
from dsview.core.finding import Finding, ObjectRef
from dsview.core.listen import Listener, ListenSource
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.registry import GATEWAY_KINDS
from dsview.listeners.gateway_listeners import gateway_controller_name, gateway_sockets
from dsview.listeners.proxies import config_map_key, controller_name, listeners_of, live_proxies, services_of_proxy
from dsview.listeners.registry import is_control_plane, is_proxy
from dsview.tables.cells import Cell, Column, Row, Tone
from dsview.tables.flags import Remark, settling_remark
from dsview.tables.pane import MISSING, NOTHING, Attribute, Pane, gap_attribute, make_row, text_cell
from dsview.tables.panes.listeners import SPEC
from dsview.tables.panes.listeners.facts import listener_facts
from dsview.tables.panes.listeners.gateways import (
    gateway_cells,
    gateway_findings,
    gateway_keys,
    gateway_listeners,
    gateway_of_key,
    listeners_of_key,
)
from dsview.tables.panes.listeners.known_from import DOUBTS, SURE, known_from
from dsview.tables.panes.listeners.sockets import is_public, sockets_by_row
from dsview.tables.sort_keys import LAST, findings_sort, number_sort

COLUMNS = (
    Column(id="namespace", title="Namespace", help="The namespace of the proxy pod.", max_width=20, priority=4),
    Column(
        id="pod",
        title="Proxy pod",
        help="The pod that accepts connections, or a Gateway without one.",
        width=14,
        max_width=44,
    ),
    Column(id="controller", title="Controller", help="The controller of the proxy.", width=8, max_width=24, priority=2),
    Column(id="port", title="Port", help="The port.", width=5, max_width=6, align="right"),
    Column(id="transport", title="Proto", help="tcp, udp, quic or unix.", width=5, max_width=5, priority=5),
    Column(id="listen_v4", title="Listen", help="The IPv4 listener.", lane="IPv4", width=8, max_width=24),
    Column(id="listen_v6", title="Listen", help="The IPv6 listener.", lane="IPv6", width=8, max_width=45),
    Column(
        id="server_names", title="Server names", help="The servers that share the socket.", max_width=40, priority=3
    ),
    Column(
        id="source",
        title="Known from",
        help="The proxy's own configuration, a setting, or the default of its version; or not known.",
        width=10,
        max_width=10,
        priority=1,
    ),
    Column(id="flags", title="Findings", help="The findings, worst first.", width=10, max_width=40),
)

_NAMES_SHOWN = 200


def _keys(view: ClusterView) -> Iterator[Key]:
    for pod in live_proxies(view.state):
        conf = listeners_of(view.state, pod)
        yield from sockets_by_row(conf, pod) or (ListenerKey.of(pod, None).row_key,)
    yield from gateway_keys(view)


def count_listeners(view: ClusterView) -> int:
    """The number of listen sockets that are known to exist, because they were read."""
    confs = (listeners_of(view.state, pod) for pod in live_proxies(view.state))
    return sum(len(conf.listeners) for conf in confs if conf.source is ListenSource.READ)


def _is_about_listeners(finding: Finding) -> bool:
    """Whether the finding flags the cell of a listener."""
    return "listen" in registry()[finding.check].cells


def _findings(view: ClusterView, key: Key) -> tuple[Finding, ...]:
    """Findings about the pod's listeners, including those about its ConfigMap or its ReplicaSet."""
    gateway = gateway_of_key(view, key)
    if gateway is not None:
        return gateway_findings(view, gateway)
    pod = view.state.pods.get(ListenerKey.parse(key).pod_key)
    if pod is None:
        return ()
    pod_ref = ObjectRef("Pod", pod.namespace, pod.name)
    found = [f for f in view.findings_of("Pod", *pod.key) if _is_about_listeners(f)]
    settings = config_map_key(pod)
    found += view.findings_of("ConfigMap", *settings) if settings is not None else ()
    if pod.owner is not None:
        of_owner = view.findings_of(pod.owner.kind, pod.namespace, pod.owner.name)
        found += [f for f in of_owner if pod_ref in f.related]
    for service in services_of_proxy(view.state, pod):
        # The replicas that the finding is about.
        found += [
            f for f in view.findings_of("Service", *service.key) if _is_about_listeners(f) and pod_ref in f.related
        ]
    return tuple(sorted(found, key=lambda f: f.order))


def _remark(view: ClusterView, pod: Pod) -> Remark:
    """Until when the listeners of a proxy have no verdict."""
    services = (ObjectRef("Service", *service.key) for service in services_of_proxy(view.state, pod))
    return settling_remark(view, ObjectRef("Pod", pod.namespace, pod.name), *services)


def _can_be_flagged(listeners: list[Listener]) -> bool:
    """Whether these sockets can be flagged: findings are about public ports, or about a pod without known sockets."""
    return any(is_public(x) for x in listeners) or not listeners


def _listen_cell(listeners: list[Listener], family: Family, *, is_wanted: bool, is_sure: bool) -> Cell:
    found = [x for x in listeners if family in x.families]
    if not found:
        return MISSING if is_wanted else NOTHING
    first = found[0]
    port = "" if first.port is None else f":{first.port}"
    address = first.address if len(first.families) == 1 or family == V6 else "[::]"
    doubt = DOUBTS.get(first.likelihood, "")
    return Cell(safe(f"{address}{port}{doubt}"), Tone.MUTED if first.internal or doubt or not is_sure else Tone.PLAIN)


def _names_of(listeners: list[Listener]) -> str:
    return ", ".join(dict.fromkeys(name for x in listeners for name in x.given_names))


def _row(view: ClusterView, key: Key) -> Row | None:
    gateway = gateway_of_key(view, key)
    if gateway is not None:
        found = listeners_of_key(gateway, key)
        cells = gateway_cells(view, gateway, found) if found else {}
        return make_row(view, key, COLUMNS, cells, gateway_findings(view, gateway)) if found else None
    pod = view.state.pods.get(ListenerKey.parse(key).pod_key)
    if pod is None or not is_proxy(pod):
        return None
    conf = listeners_of(view.state, pod)
    listeners = sockets_by_row(conf, pod).get(key, [])
    if conf.listeners and not listeners:
        return None
    cells_of_row = {
        "namespace": text_cell(pod.namespace, Tone.MUTED),
        "pod": text_cell(pod.name),
        "controller": text_cell(controller_name(pod), Tone.MUTED),
        "source": known_from(conf.source),
    }
    is_flagged = _can_be_flagged(listeners)
    findings = _findings(view, key) if is_flagged else ()
    remark = _remark(view, pod) if is_flagged else Remark()
    if not listeners:
        cells_of_row["server_names"] = text_cell(conf.reason, Tone.MUTED)
        return make_row(view, key, COLUMNS, cells_of_row, findings, remark=remark)
    first = listeners[0]
    has = families_of(pod.ips)
    cells_of_row["port"] = text_cell(str(first.port) if first.port is not None else "")
    cells_of_row["transport"] = text_cell(first.transport, Tone.MUTED)
    names = first.address if first.transport == "unix" else _names_of(listeners)
    cells_of_row["server_names"] = text_cell(names[:_NAMES_SHOWN], Tone.MUTED, value=names)
    for family, suffix in zip(FAMILIES, ("_v4", "_v6"), strict=True):
        cells_of_row[f"listen{suffix}"] = _listen_cell(
            listeners, family, is_wanted=is_public(first) and family in has, is_sure=conf.source in SURE
        )
    return make_row(view, key, COLUMNS, cells_of_row, findings, remark=remark)


def _sort_key(view: ClusterView, key: Key, column: str) -> str:
    parts = ListenerKey.parse(key)
    match column:
        case "port" | "listen_v4" | "listen_v6":
            return number_sort(parts.port) if parts.port is not None else LAST
        case "transport":
            return parts.transport
        case "namespace":
            return key[0]
        case "flags":
            return findings_sort(_findings(view, key))
        case "source" | "server_names" | "controller":
            row = _row(view, key)
            index = next(i for i, c in enumerate(COLUMNS) if c.id == column)
            return row.cells[index].text if row is not None else LAST
    return f"{parts.pod} {parts.transport} {parts.where.rjust(6)}"


def _haystacks(view: ClusterView, keys: Sequence[Key]) -> list[str]:
    rows = [_row(view, key) for key in keys]
    return [" ".join((row.key[0], *(cell.text for cell in row.cells))) if row is not None else "" for row in rows]


def _row_findings(view: ClusterView, key: Key) -> tuple[Finding, ...]:
    row = _row(view, key)
    return row.findings if row is not None else ()


_KINDS = frozenset({Kind.PROXY_LISTENERS, Kind.CONFIG_MAP, *GATEWAY_KINDS} - {Kind.HTTP_ROUTE})


def _affected(view: ClusterView, delta: Delta) -> set[Key] | None:
    """All rows if anything that a controller uses changed, because there are few rows that depend on many objects."""
    is_affected = any(
        change.kind in _KINDS
        or (
            change.kind is Kind.POD
            and any(isinstance(p, Pod) and _affects_sockets(p) for p in (change.old, change.new))
        )
        for change in delta.changes
    )
    is_flagged = any(ref.kind in _FLAGGED for ref in delta.findings)
    has_controllers = bool(view.state.controllers) or len(view.state.gateways) > 0
    return None if is_affected or delta.everything or (has_controllers and (is_flagged or delta.statuses)) else set()


_FLAGGED = frozenset(
    {"ConfigMap", "ReplicaSet", "DaemonSet", "Service", "Pod", *(kind.value for kind in GATEWAY_KINDS)}
)


def _affects_sockets(pod: Pod) -> bool:
    """Whether the sockets of a proxy depend on the pod."""
    return is_proxy(pod) or is_control_plane(pod)


def _of_gateway(view: ClusterView, key: Key, name: str) -> Iterable[str]:
    """The value of an attribute for a Gateway's row."""
    gateway = gateway_of_key(view, key)
    if gateway is None:
        return ()
    if name == "controller":
        return (gateway_controller_name(view.state, gateway),)
    return [f"{label}={value}" for label, value in gateway.labels.items()] if name == "label" else ()


def _of_controller(name: str, read: Callable[[Pod], Iterable[str]]) -> Attribute:
    def find(view: ClusterView, keys: Sequence[Key]) -> Iterable[Iterable[str]]:
        pods = view.state.pods.many(ListenerKey.parse(key).pod_key for key in keys)
        return [
            read(pod) if pod is not None else _of_gateway(view, key, name) for key, pod in zip(keys, pods, strict=True)
        ]

    return find


def _of_listener(read: Callable[[Listener], Iterable[str]]) -> Attribute:
    def find(view: ClusterView, key: Key) -> Iterable[str]:
        gateway = gateway_of_key(view, key)
        if gateway is not None:
            return {value for listener in gateway_listeners(view, gateway) for value in read(listener)}
        pod = view.state.pods.get(ListenerKey.parse(key).pod_key)
        found = sockets_by_row(listeners_of(view.state, pod), pod).get(key, ()) if pod is not None else ()
        return {value for listener in found for value in read(listener)}

    return lambda view, keys: [find(view, key) for key in keys]


def _of_confidence(view: ClusterView, keys: Sequence[Key]) -> Iterable[Iterable[str]]:
    pods = view.state.pods.many(ListenerKey.parse(key).pod_key for key in keys)
    gateways = [gateway_of_key(view, key) if pod is None else None for key, pod in zip(keys, pods, strict=True)]
    sources = [
        listeners_of(view.state, pod).source
        if pod is not None
        else gateway_sockets(view.state, gateway).source
        if gateway is not None
        else None
        for pod, gateway in zip(pods, gateways, strict=True)
    ]
    return [() if source is None else (source.value, *_SYNONYMS.get(source, ())) for source in sources]


_SYNONYMS = {ListenSource.UNREAD: ("unknown",)}
"""Synonyms of a confidence."""

ATTRIBUTES: dict[str, Attribute] = {
    "name": lambda _view, keys: [(ListenerKey.parse(key).pod,) for key in keys],
    "node": _of_controller("node", lambda pod: (pod.node_name,)),
    "label": _of_controller("label", lambda pod: [f"{name}={value}" for name, value in pod.labels.items()]),
    "ip": _of_listener(lambda listener: (listener.address.strip("[]"),)),
    "family": _of_listener(lambda listener: listener.families),
    "controller": _of_controller("controller", lambda pod: (controller_name(pod),)),
    "confidence": _of_confidence,
    "missing": gap_attribute(_row, COLUMNS),
}


def _ranks(view: ClusterView, column: str, keys: Sequence[Key]) -> list[str]:
    return [_sort_key(view, key, column) for key in keys]


PANE = Pane(
    spec=SPEC,
    kind=Kind.PROXY_LISTENERS,
    facts=listener_facts,
    empty="No proxies of known controllers and no Gateways were found",
    kinds=(Kind.POD, Kind.PROXY_LISTENERS),
    grouped_by="controller",
    columns=COLUMNS,
    layer=LayerName.LISTENERS,
    keys=_keys,
    row=_row,
    ranks=_ranks,
    haystacks=_haystacks,
    attributes=ATTRIBUTES,
    affected=_affected,
    findings=_row_findings,
    contains=lambda view, key: _row(view, key) is not None,
)
