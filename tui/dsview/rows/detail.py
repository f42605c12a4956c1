"""An object at length: its facts in two lanes, its findings with why and fix, and where one can go from it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from dsview.checks.registry import REGISTRY
from dsview.model.address import FAMILIES, classify, families_of
from dsview.model.finding import Finding, Severity
from dsview.model.kinds import RESOURCES, Kind
from dsview.model.listen import ListenSource
from dsview.model.objects import Key, Node, Object, Pod, Service
from dsview.model.text import Safe, safe, safe_lines
from dsview.rows.cells import GAP
from dsview.rows.listeners import pod_key
from dsview.rows.pane import by_family
from dsview.rows.panes import PANES
from dsview.rows.plan import is_movable, make_step
from dsview.rows.pods import phase_of
from dsview.rows.services import type_of, vips
from dsview.session.session import Session
from dsview.state.controllers import config_map_key
from dsview.state.endpoints import service_endpoints
from dsview.state.listeners import nginx_conf


class Fact(msgspec.Struct, frozen=True):
    """A fact. Either `v4` and `v6`, the values of the two lanes, or `text`, which has no lanes."""

    label: Safe
    v4: tuple[Safe, ...] = ()
    v6: tuple[Safe, ...] = ()
    text: Safe = Safe("")

    @property
    def has_lanes(self) -> bool:
        """Whether the fact is shown in two lanes."""
        return bool(self.v4 or self.v6)


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with the words of its check. `root` names what it is folded under, empty where it stands for itself."""

    check: str
    slug: str
    title: Safe
    severity: Severity
    message: Safe
    why: Safe
    observed: Safe
    expected: Safe
    fix: Safe
    root: Safe
    is_detail_only: bool = False


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """Another object one can go to: with a row in a pane, or by name only (`pane_id` is then empty)."""

    kind: str
    label: Safe
    pane_id: str
    key: Key


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a detail screen."""

    kind: str
    title: Safe
    subtitle: Safe
    facts: tuple[Fact, ...]
    findings: tuple[FindingView, ...]
    relatives: tuple[Relative, ...]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if seconds else ""


def _text(label: str, value: str) -> list[Fact]:
    return [Fact(safe(label), text=safe(value))] if value else []


def _lanes(label: str, texts: tuple[str, ...], *, classes: bool = True) -> list[Fact]:
    found = by_family(texts)
    lanes = []
    for family in FAMILIES:
        values = []
        for text in found[family]:
            cls = classify(text) if classes and "/" not in text else None
            values.append(safe(f"{text}  {cls}" if cls else text))
        lanes.append(tuple(values) or (GAP,))
    return [Fact(safe(label), lanes[0], lanes[1])] if texts else []


def _counts(session: Session, kind: Kind, label: str, v4: str, v6: str) -> Fact:
    """What was counted in both lanes; where the objects were not read, a sentence instead of a zero."""
    if session.state.is_known(kind):
        return Fact(safe(label), (safe(v4),), (safe(v6),))
    return Fact(safe(label.partition(" (")[0]), text=safe(f"unknown: {RESOURCES[kind].plural} were not read"))


def _finding_view(session: Session, finding: Finding) -> FindingView:
    entry = REGISTRY[finding.check]
    root = session.root_of(finding)
    return FindingView(
        check=finding.check,
        slug=entry.slug,
        title=safe(entry.title),
        severity=finding.severity,
        message=safe_lines(finding.message),
        why=safe(entry.why),
        observed=safe(finding.observed or ""),
        expected=safe(finding.expected or ""),
        fix=safe_lines(finding.fix or entry.fix),
        root=safe(f"{root.check} {root.object}") if root is not None else Safe(""),
        is_detail_only=entry.detail_only,
    )


def _relative(kind: str, key: Key, note: str = "") -> Relative:
    pane = {"Service": "services", "Pod": "pods", "Node": "nodes"}.get(kind, "")
    name = f"{key[0]}/{key[1]}" if key[0] else key[1]
    return Relative(kind=kind, label=safe(f"{name}  {note}".strip()), pane_id=pane, key=key)


def _plan(session: Session, service: Service) -> list[Fact]:
    """What a Service of one family needs to get the other."""
    if not is_movable(service):
        return []
    step = make_step(session, service)
    facts = _text("To dual-stack", step.wave.heading)
    for obstacle in step.obstacles:
        facts += _text("In the way", obstacle.message)
    return facts + [fact for note in step.notes for fact in _text("Note", note)]


def _service(session: Session, service: Service) -> tuple[list[Fact], list[Relative]]:
    state = session.state
    found = service_endpoints(state, service.key)
    facts = [
        *_text("Type", type_of(service)),
        *_text("Policy", service.ip_family_policy),
        *_text("Families", ", ".join(service.families)),
        *_lanes("Cluster IP", service.real_cluster_ips),
        *_lanes("VIP", vips(service)),
        _counts(
            session,
            Kind.ENDPOINT_SLICE,
            "Ready endpoints",
            f"{found.live('IPv4')} in {found.v4.slices} slices",
            f"{found.live('IPv6')} in {found.v6.slices} slices",
        ),
        *_lanes("Source ranges", service.load_balancer_source_ranges),
        *_text("Traffic policy", service.external_traffic_policy),
        *_text("Selector", ", ".join(f"{k}={v}" for k, v in sorted(service.selector.items())) or "none"),
        *_plan(session, service),
        *_text("Ports", ", ".join(f"{p.port}/{p.protocol} → {p.target_port or p.port}" for p in service.ports)),
    ]
    pods = sorted({e.target for e in found.targets.values() if e.target[1]})
    relatives = []
    for key in pods[:100]:
        pod = state.pods.get(key)
        relatives.append(_relative("Pod", key, "" if pod is None else ", ".join(families_of(pod.ips))))
    relatives += [
        Relative(
            kind="EndpointSlice", label=safe(f"{s.name}  {s.address_type}, {s.size} endpoints"), pane_id="", key=s.key
        )
        for s in state.slices.of(service.key)
    ]
    return facts, relatives


def _pod(session: Session, pod: Pod) -> tuple[list[Fact], list[Relative]]:
    node = session.state.nodes.get(("", pod.node_name))
    facts = [
        *_text("Phase", phase_of(pod)),
        *_lanes("Pod IPs", pod.ips),
        *_text("First family", ", ".join(families_of(pod.ips[:1]))),
        *_lanes("Host IPs", pod.host_addresses),
        *(_lanes("Node's pod CIDRs", node.cidrs) if node is not None else []),
        *_text("Network", "the node's (hostNetwork)" if pod.host_network else "pod network"),
        *_text("DNS policy", pod.dns_policy),
        *_text("Owner", f"{pod.owner.kind} {pod.owner.name}" if pod.owner is not None else "none"),
        *_text("Started", _time(pod.start_time)),
        *_text("Images", ", ".join(c.image for c in pod.containers)),
        *_text("IPAM annotations", ", ".join(pod.ipam)),
    ]
    services = sorted(session.state.selectors.selecting(pod), key=lambda s: s.key)
    relatives = [_relative("Service", s.key, ", ".join(s.families)) for s in services]
    if pod.node_name:
        relatives.append(_relative("Node", ("", pod.node_name)))
    return facts, relatives


def _node(session: Session, node: Node) -> tuple[list[Fact], list[Relative]]:
    facts_of = session.nodes.get(node.name)
    count, v4, v6 = session.state.pod_counts.of(node.name)
    facts = [
        *_text("Ready", "yes" if node.ready else "no"),
        *_lanes("Internal IPs", node.addresses_of("InternalIP")),
        *_lanes("External IPs", node.addresses_of("ExternalIP")),
        *_lanes("Pod CIDRs", node.cidrs),
        _counts(session, Kind.POD, f"Pods ({count})", f"{v4} with IPv4", f"{v6} with IPv6"),
        *_text("Pod families", ", ".join(facts_of.pod_families) if facts_of is not None else ""),
        *_text("Kubelet", node.kubelet_version),
        *_text("System", node.operating_system),
        *_text("Taints", ", ".join(f"{key}:{effect}" for key, effect in node.taints)),
    ]
    pods = sorted((p for p in session.state.pods if p.node_name == node.name), key=lambda p: p.key)
    return facts, [_relative("Pod", pod.key, ", ".join(families_of(pod.ips))) for pod in pods[:100]]


def _listener(session: Session, pod: Pod) -> tuple[list[Fact], list[Relative]]:
    conf = nginx_conf(session.state, pod)
    facts = [*_text("nginx.conf", conf.source.value + (f": {conf.reason}" if conf.reason else ""))]
    facts += _lanes("Pod IPs", pod.ips)
    for listener in conf.listeners:
        options = f"  {' '.join(listener.options)}" if listener.options else ""
        where = listener.address if listener.port is None else f"{listener.address}:{listener.port}"
        words = f"{where}{options}  {', '.join(listener.server_names[:3])}"
        facts += _text(f"{listener.transport} {', '.join(listener.families) or 'no family'}", words)
    if conf.source is not ListenSource.READ:
        facts += _text("Believe it?", "Predicted from the API: nginx itself was not asked.")
    relatives = [
        _relative("Pod", pod.key),
        Relative(kind="ConfigMap", label=safe("/".join(config_map_key(pod))), pane_id="", key=config_map_key(pod)),
    ]
    relatives += [
        _relative("Service", s.key) for s in sorted(session.state.selectors.selecting(pod), key=lambda s: s.key)
    ]
    return facts, relatives


def detail(session: Session, pane_id: str, key: Key) -> Detail | None:
    """The detail of a pane's row; None where the object is gone."""
    state = session.state
    item: Object | None
    if pane_id == "services":
        item = service = state.services.get(key)
        parts = _service(session, service) if service is not None else None
    elif pane_id == "nodes":
        item = node = state.nodes.get(key)
        parts = _node(session, node) if node is not None else None
    else:
        is_listener = pane_id == "listeners"
        item = pod = state.pods.get(pod_key(key) if is_listener else key)
        parts = None if pod is None else _listener(session, pod) if is_listener else _pod(session, pod)
    if item is None or parts is None:
        return None
    facts, relatives = parts
    pane = PANES[pane_id]
    found = [*pane.findings(session, key)]
    if pane.flag_kind:
        found += session.details_of(pane.flag_kind, *key)
    name = f"{item.namespace}/{item.name}" if item.namespace else item.name
    return Detail(
        kind=pane.singular,
        title=safe(name),
        subtitle=safe(f"created {_time(item.created)}" if item.created else ""),
        facts=tuple(facts),
        findings=tuple(_finding_view(session, f) for f in found),
        relatives=tuple(relatives),
    )
