"""The facts in the detail of a Service."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.service_plan import is_movable, make_step
from dsview.cluster.endpoints import ServiceEndpoints, service_endpoints
from dsview.core.address import FAMILIES, Family, families_of
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service
from dsview.tables.cells import NONE
from dsview.tables.facts import Fact, Parts, Relative, counted_fact, lane_facts, relative, text_fact


def type_of(service: Service) -> str:
    """The type in words."""
    return "Headless" if service.is_headless and service.type == "ClusterIP" else service.type


def vips(service: Service) -> tuple[str, ...]:
    """Load-balancer addresses and external IPs."""
    return (*(e.ip for e in service.load_balancer_ingress if e.ip), *service.external_ips)


def wanted_cluster_ips(view: ClusterView, service: Service) -> tuple[Family, ...]:
    """The families in which the Service should have a cluster IP."""
    if service.is_external_name or service.is_headless:
        return ()
    prefers = service.ip_family_policy in {"PreferDualStack", "RequireDualStack"}
    return FAMILIES if prefers and view.profile.is_dual else service.families


def wanted_vips(service: Service) -> tuple[Family, ...]:
    """The families in which the load balancer should have an address; none if it has a host name."""
    has_name = any(entry.hostname for entry in service.load_balancer_ingress)
    return service.families if service.type == "LoadBalancer" and not has_name else ()


def service_facts(view: ClusterView, service: Service) -> Parts:
    """Families, addresses, endpoints and the steps to dual-stack; then its Pods, EndpointSlices and Ingresses."""
    state = view.state
    endpoints = service_endpoints(state, service.key)
    facts = [
        *text_fact("Type", type_of(service)),
        *text_fact("Policy", service.ip_family_policy),
        *text_fact("Families", ", ".join(service.families)),
        *lane_facts("Cluster IP", service.real_cluster_ips, wanted_cluster_ips(view, service)),
        *text_fact("Cluster IP", "None" if service.is_headless else ""),
        *lane_facts("VIP", vips(service), wanted_vips(service)),
        *_ready(view, service, endpoints),
        *lane_facts("Source ranges", service.load_balancer_source_ranges),
        *text_fact("Traffic policy", service.external_traffic_policy),
        *text_fact("Selector", ", ".join(f"{k}={v}" for k, v in sorted(service.selector.items())) or "none"),
        *_plan(view, service),
        *text_fact("Ports", ", ".join(f"{p.port}/{p.protocol} → {p.target_port or p.port}" for p in service.ports)),
    ]
    pods = sorted({e.target for e in endpoints.targets.values() if e.target[1]})
    relatives: list[Relative] = []
    for key in pods[:100]:
        pod = state.pods.get(key)
        relatives.append(relative("Pod", key, "" if pod is None else ", ".join(families_of(pod.ips))))
    for s in state.slices.of(service.key):
        noun = "endpoint" if s.size == 1 else "endpoints"
        relatives.append(relative("EndpointSlice", s.key, f"{s.address_type}, {s.size} {noun}"))
    relatives += [relative("Ingress", key) for key in sorted(state.backends.naming(service.key))]
    return facts, relatives


def _ready(view: ClusterView, service: Service, endpoints: ServiceEndpoints) -> list[Fact]:
    """The ready endpoints of each family."""
    if endpoints.is_placeholder:
        return text_fact("Ready endpoints", "not known: the API has only a placeholder")
    v4, v6 = (
        f"{endpoints.live(family)} in {_slices(endpoints.of(family).slices)}"
        if family in service.families or endpoints.of(family).slices
        else NONE
        for family in FAMILIES
    )
    return [counted_fact(view, Kind.ENDPOINT_SLICE, "Ready endpoints", v4, v6)]


def _plan(view: ClusterView, service: Service) -> list[Fact]:
    """What a single-stack Service needs to get the other family."""
    if not is_movable(service):
        return []
    step = make_step(view, service)
    facts = text_fact("To dual-stack", step.wave.heading)
    for obstacle in step.obstacles:
        facts += text_fact("In the way", obstacle.message)
    return facts + [fact for note in step.notes for fact in text_fact("Note", note)]


def _slices(number: int) -> str:
    return "1 slice" if number == 1 else f"{number} slices"
