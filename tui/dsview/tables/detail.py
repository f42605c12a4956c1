"""An object at length: its facts in two lanes, its findings with why and fix, and where one can go from it."""

from __future__ import annotations

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.home_pane import KINDS
from dsview.analysis.listener_keys import ListenerKey
from dsview.analysis.plan import is_movable, make_step
from dsview.checks.engine.registry import registry
from dsview.cluster.endpoints import service_endpoints
from dsview.core.address import families_of
from dsview.core.finding import Finding, Severity
from dsview.core.listen import ListenSource
from dsview.core.text import Safe, safe, safe_lines
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.proxies import config_map_key, listeners_of
from dsview.tables.facts import Fact, Relative, counted_fact, lane_facts, moment_text, relative, text_fact
from dsview.tables.finding_age import first_seen_text
from dsview.tables.panes import PANES
from dsview.tables.pods import phase_of
from dsview.tables.related_objects import related_object_facts
from dsview.tables.services import type_of, vips


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with the words of its check.

    `root` names what it is folded under, empty where it stands for itself; `since` says since when it holds, empty
    where nothing tells; `field` is the field that it is about.
    """

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
    since: Safe = Safe("")
    field: str = ""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a detail screen."""

    kind: str
    title: Safe
    subtitle: Safe
    facts: tuple[Fact, ...]
    findings: tuple[FindingView, ...]
    relatives: tuple[Relative, ...]
    is_complete: bool = True
    """Whether everything was read, so that no finding means that nothing is wrong in the API."""


def _finding_view(view: ClusterView, finding: Finding) -> FindingView:
    entry = registry()[finding.check]
    root = view.root_of(finding)
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
        since=first_seen_text(view, finding),
        field=finding.field or "",
    )


def _plan(view: ClusterView, service: Service) -> list[Fact]:
    """What a Service of one family needs to get the other."""
    if not is_movable(service):
        return []
    step = make_step(view, service)
    facts = text_fact("To dual-stack", step.wave.heading)
    for obstacle in step.obstacles:
        facts += text_fact("In the way", obstacle.message)
    return facts + [fact for note in step.notes for fact in text_fact("Note", note)]


def _service(view: ClusterView, service: Service) -> tuple[list[Fact], list[Relative]]:
    state = view.state
    found = service_endpoints(state, service.key)
    facts = [
        *text_fact("Type", type_of(service)),
        *text_fact("Policy", service.ip_family_policy),
        *text_fact("Families", ", ".join(service.families)),
        *lane_facts("Cluster IP", service.real_cluster_ips),
        *lane_facts("VIP", vips(service)),
        counted_fact(
            view,
            Kind.ENDPOINT_SLICE,
            "Ready endpoints",
            f"{found.live('IPv4')} in {_slices(found.v4.slices)}",
            f"{found.live('IPv6')} in {_slices(found.v6.slices)}",
        ),
        *lane_facts("Source ranges", service.load_balancer_source_ranges),
        *text_fact("Traffic policy", service.external_traffic_policy),
        *text_fact("Selector", ", ".join(f"{k}={v}" for k, v in sorted(service.selector.items())) or "none"),
        *_plan(view, service),
        *text_fact("Ports", ", ".join(f"{p.port}/{p.protocol} → {p.target_port or p.port}" for p in service.ports)),
    ]
    pods = sorted({e.target for e in found.targets.values() if e.target[1]})
    relatives = []
    for key in pods[:100]:
        pod = state.pods.get(key)
        relatives.append(relative("Pod", key, "" if pod is None else ", ".join(families_of(pod.ips))))
    for s in state.slices.of(service.key):
        noun = "endpoint" if s.size == 1 else "endpoints"
        relatives.append(relative("EndpointSlice", s.key, f"{s.address_type}, {s.size} {noun}"))
    relatives += [relative("Ingress", key) for key in sorted(state.backends.naming(service.key))]
    return facts, relatives


def _slices(number: int) -> str:
    return "1 slice" if number == 1 else f"{number} slices"


def _pod(view: ClusterView, pod: Pod) -> tuple[list[Fact], list[Relative]]:
    node = view.state.nodes.get(("", pod.node_name))
    facts = [
        *text_fact("Phase", phase_of(pod)),
        *lane_facts("Pod IPs", pod.ips),
        *text_fact("First family", ", ".join(families_of(pod.ips[:1]))),
        *lane_facts("Host IPs", pod.host_addresses),
        *(lane_facts("Node's pod CIDRs", node.cidrs) if node is not None else []),
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
        relatives += _config_map(view, pod)
    return facts, relatives


def _config_map(view: ClusterView, pod: Pod) -> list[Relative]:
    """The ConfigMap of a controller, if it has one: one can go there only if it was read."""
    key = config_map_key(pod)
    if key is None:
        return []
    found = relative("ConfigMap", key)
    return [found if found.key in view.state.config_maps else msgspec.structs.replace(found, pane_id="")]


def _node(view: ClusterView, node: Node) -> tuple[list[Fact], list[Relative]]:
    facts_of = view.nodes.get(node.name)
    count, v4, v6 = view.state.pod_counts.of(node.name)
    facts = [
        *text_fact("Ready", "yes" if node.ready else "no"),
        *lane_facts("Internal IPs", node.addresses_of("InternalIP")),
        *lane_facts("External IPs", node.addresses_of("ExternalIP")),
        *lane_facts("Pod CIDRs", node.cidrs),
        counted_fact(view, Kind.POD, f"Pods ({count})", f"{v4} with IPv4", f"{v6} with IPv6"),
        *text_fact("Pod families", ", ".join(facts_of.pod_families) if facts_of is not None else ""),
        *text_fact("Kubelet", node.kubelet_version),
        *text_fact("System", node.operating_system),
        *text_fact("Taints", ", ".join(f"{key}:{effect}" for key, effect in node.taints)),
    ]
    pods = sorted((p for p in view.state.pods if p.node_name == node.name), key=lambda p: p.key)
    return facts, [relative("Pod", pod.key, ", ".join(families_of(pod.ips))) for pod in pods[:100]]


_CONFIDENCE = {
    ListenSource.DECLARED: "Declared by a setting that was read; the proxy's own configuration was not.",
    ListenSource.PREDICTED: "Predicted from a default: neither a setting nor the proxy's own configuration was read.",
    ListenSource.UNREAD: "Unknown: what decides was not read.",
}
"""What each confidence means, but for listeners that were read."""


def _listener(view: ClusterView, pod: Pod) -> tuple[list[Fact], list[Relative]]:
    conf = listeners_of(view.state, pod)
    facts = [*text_fact("Listeners", conf.source.value + (f": {conf.reason}" if conf.reason else ""))]
    facts += lane_facts("Pod IPs", pod.ips)
    for listener in conf.listeners:
        options = f"  {' '.join(listener.options)}" if listener.options else ""
        where = listener.address if listener.port is None else f"{listener.address}:{listener.port}"
        words = f"{where}{options}  {', '.join(listener.given_names[:3])}"
        facts += text_fact(f"{listener.transport} {', '.join(listener.families) or 'no family'}", words)
    if conf.source is not ListenSource.READ:
        facts += text_fact("Confidence", _CONFIDENCE[conf.source])
    relatives = [
        relative("Pod", pod.key),
        *_config_map(view, pod),
    ]
    relatives += [relative("Service", s.key) for s in sorted(view.state.selectors.selecting(pod), key=lambda s: s.key)]
    return facts, relatives


def _object_of(key: Key) -> tuple[Kind, Key]:
    of = ListenerKey.parse(key)
    return (Kind.GATEWAY, of.gateway_key) if of.gateway_key is not None else (Kind.POD, of.pod_key)


def detail(view: ClusterView, pane_id: str, key: Key) -> Detail | None:
    """The detail of an object by its place (see `places`) or of a listener's row; None where the object is gone."""
    is_listener = pane_id == "listeners"
    kind, where = _object_of(key) if is_listener else (KINDS[pane_id], key)
    item: Object | None = view.state.store(kind).get(where)
    if item is None:
        return None
    match item:
        case Pod():
            parts = _listener(view, item) if is_listener else _pod(view, item)
        case Service():
            parts = _service(view, item)
        case Node():
            parts = _node(view, item)
        case _:
            parts = related_object_facts(view, item) or ([], [])
    facts, relatives = parts
    pane = PANES.get(pane_id)
    found = list(pane.findings(view, key) if pane is not None else view.findings_of(kind.value, *key))
    if not is_listener:
        found += view.details_of(kind.value, *key)
    name = f"{item.namespace}/{item.name}" if item.namespace else item.name
    return Detail(
        kind=pane.singular if pane is not None else kind.value,
        title=safe(name),
        subtitle=safe(f"created {moment_text(item.created)}" if item.created else ""),
        facts=tuple(facts),
        findings=tuple(_finding_view(view, f) for f in found),
        relatives=tuple(relatives),
        is_complete=view.was_settled,
    )
