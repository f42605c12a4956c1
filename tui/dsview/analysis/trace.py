"""Traces both families hop by hop, from the client to the node, and explains the broken hop.

A Service, a Pod, an Ingress or one of its hosts can be traced.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.hop import (
    Hop,
    Lane,
    Trace,
    Verdict,
    broken_lane,
    client_hop,
    listed,
    make_hop,
    make_trace,
    same_for_both,
    worst_about,
)
from dsview.analysis.listen_hop import listen_hop
from dsview.analysis.service_hops import ServiceHops, findings_behind, nodes_hop, pods_hop, soften_unconfirmed
from dsview.checks.engine.check import Harm, HopName
from dsview.checks.engine.registry import registry
from dsview.cluster.endpoints import service_endpoints
from dsview.core.address import FAMILIES, Family, by_family, families_of
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.proxies import door_services, proxies_of


def trace_service(view: ClusterView, service: Service) -> Trace:
    """The trace of a Service."""
    hops = ServiceHops(view, service)
    target = ObjectRef(Kind.SERVICE.value, service.namespace, service.name)
    return make_trace(str(target), target, (client_hop(), *hops.hops()), hops.findings())


def trace_pod(view: ClusterView, pod: Pod) -> Trace:
    """The trace of a Pod: through the first Service that selects it or, if there is none, to its address."""
    target = ObjectRef(Kind.POD.value, pod.namespace, pod.name)
    selecting = sorted(view.state.selectors.selecting(pod), key=lambda s: (s.type != "LoadBalancer", s.key))
    if not selecting:
        return _trace_unselected_pod(view, pod, target)
    service, *others = selecting
    hops = ServiceHops(view, service, only_pod=pod)
    more = f" and {len(others)} more" if others else ""
    title = f"{target} through Service {service.namespace}/{service.name}{more}"
    return make_trace(title, target, (client_hop(), *hops.hops()), hops.findings())


def _trace_unselected_pod(view: ClusterView, pod: Pod, target: ObjectRef) -> Trace:
    facts = view.nodes.get(pod.node_name)
    node_families = (facts.internal if pod.host_network else facts.pod_families) if facts is not None else ()
    families = node_families or families_of(pod.ips)
    hops = [client_hop(), pods_hop(view, [pod], families)]
    listen = listen_hop(view, [pod], families)
    if listen is not None:
        hops.append(listen)
    if view.state.is_known(Kind.NODE):
        hops.append(nodes_hop(view, [pod], families))
    title = f"{target}, which no Service selects"
    hops = soften_unconfirmed(hops, findings_behind(view, pod))
    return make_trace(title, target, hops, view.findings_of("Pod", *pod.key))


def trace_ingress(view: ClusterView, ingress: Ingress, host: str = "") -> Trace:
    """The trace of an Ingress or of one of its hosts: to the proxies, then to the backends."""
    target = ObjectRef(Kind.INGRESS.value, ingress.namespace, ingress.name)
    findings = view.findings_of("Ingress", *ingress.key)
    controllers = proxies_of(ingress, view.state)
    front_services = [
        service for service, pods in door_services(view.state).values() if any(pod in controllers for pod in pods)
    ]
    hops = [client_hop()]
    about_path = list(findings)
    if front_services:
        front = min(front_services, key=lambda s: (s.type != "LoadBalancer", s.key))
        front_hops = ServiceHops(view, front)
        hops += [_status(ingress, findings, front.families), *front_hops.hops()]
        about_path += front_hops.findings()
    elif controllers:
        families = families_of(tuple(ip for pod in controllers for ip in pod.ips))
        hops += [_status(ingress, findings, families), pods_hop(view, controllers, families)]
        listen = listen_hop(view, controllers, families)
        hops += [listen] if listen is not None else []
    else:
        hops += [_status(ingress, findings, ()), _no_controller(view, ingress)]
    hops += _backends(view, ingress, host, controllers, findings)
    title = f"{host} ({target})" if host else str(target)
    return make_trace(title, target, hops, about_path, host=host)


def _no_controller(view: ClusterView, ingress: Ingress) -> Hop:
    if not view.state.is_known(Kind.POD):
        return same_for_both("listen", "Controller", Verdict.NOT_READ, "Pods could not be read")
    name = ingress.class_name or "no class"
    why = f"no controller that dsview knows serves it ({name})"
    return same_for_both("listen", "Controller", Verdict.NOT_PROVEN, why)


def _status(ingress: Ingress, findings: tuple[Finding, ...], families: tuple[Family, ...]) -> Hop:
    """The addresses in the status of the Ingress, from which DNS records are often made."""
    entries = ingress.load_balancer_ingress
    addresses = by_family(e.ip for e in entries if e.ip)
    names = [e.hostname for e in entries if e.hostname]
    lanes: dict[Family, Lane] = {}
    for family in FAMILIES:
        finding = worst_about((f for f in findings if registry()[f.check].hop is HopName.INGRESS), family)
        if addresses[family]:
            lanes[family] = Lane(values=listed(addresses[family]), verdict=Verdict.OK)
        elif names:
            lanes[family] = Lane(values=listed(names), verdict=Verdict.NOT_PROVEN, why=safe("a host name only"))
        elif finding is not None:
            lanes[family] = broken_lane(finding)
        elif family in families or not families:
            why = safe(f"the status names no {family} address")
            lanes[family] = Lane(verdict=Verdict.NOT_PROVEN, why=why)
        else:
            lanes[family] = Lane(verdict=Verdict.ABSENT, why=safe(f"no {family} in front of the controller"))
    return make_hop("ingress", f"Ingress {ingress.name}", lanes)


def _backends(
    view: ClusterView, ingress: Ingress, host: str, controllers: list[Pod], findings: tuple[Finding, ...]
) -> Iterator[Hop]:
    backends = [backend for backend in ingress.backends if not host or _covers(backend.host, host)]
    names = list(dict.fromkeys(backend.service for backend in backends))
    reach = families_of(tuple(ip for pod in controllers for ip in pod.ips))
    for name in names:
        yield backend_hop(view, (ingress.namespace, name), reach, findings)
    if not names:
        yield same_for_both("backend", "Backend", Verdict.NOT_PROVEN, "the Ingress names no Service")


def _covers(rule: str, host: str) -> bool:
    """Whether the host of a rule matches: it is the same, a wildcard for one label, or any host."""
    return rule in ("", "*", host) or (rule.startswith("*.") and host.partition(".")[2] == rule[2:])


def backend_hop(view: ClusterView, key: Key, reach: tuple[Family, ...], findings: tuple[Finding, ...]) -> Hop:
    """The endpoints that a proxy can connect to. It need not use the family of the client."""
    hop_id, name, state = f"backend/{key[1]}", f"Backend {key[1]}", view.state
    service = state.services.get(key)
    if service is None and state.is_known(Kind.SERVICE):
        return make_hop(hop_id, name, {f: broken_lane(None, "there is no such Service") for f in FAMILIES})
    if service is not None and service.is_external_name:
        return same_for_both(hop_id, name, Verdict.NOT_PROVEN, "an alias for a DNS name")
    if not state.is_known(Kind.ENDPOINT_SLICE):
        return same_for_both(hop_id, name, Verdict.NOT_READ, "EndpointSlices could not be read")
    endpoints = service_endpoints(state, key)
    if endpoints.is_placeholder:
        return same_for_both(hop_id, name, Verdict.NOT_PROVEN, "its endpoint is hidden, or a placeholder of Cilium")
    _, service_name = key
    about_service = (f for f in findings if any(r.kind == "Service" and r.name == service_name for r in f.related))
    about_hop = (f for f in about_service if registry()[f.check].hop is HopName.BACKEND)
    flagged = min(about_hop, key=lambda f: f.order, default=None)
    lanes: dict[Family, Lane] = {}
    for family in FAMILIES:
        live = endpoints.live(family)
        values = [f"{live} ready"] if live else []
        if flagged is not None:
            in_part = registry()[flagged.check].harm is Harm.PART
            lanes[family] = broken_lane(flagged, values=values, in_part=in_part)
        elif live:
            lanes[family] = Lane(values=listed(values), verdict=Verdict.OK)
        elif endpoints.live_families:
            other = endpoints.live_families[0]
            words = f"the proxy reaches it over {other}" if other in reach else f"it has {other} only"
            lanes[family] = Lane(verdict=Verdict.ABSENT, why=safe(words))
        else:
            lanes[family] = broken_lane(None, "no ready endpoint in either family")
    return make_hop(hop_id, name, lanes)


def flagged_traces(view: ClusterView, limit: int) -> tuple[tuple[Trace, ...], int]:
    """The traces of the first Services with an error or a warning, worst first, and the number of others."""
    refs = dict.fromkeys(
        finding.object
        for finding in view.findings.sorted()
        if finding.object.kind == Kind.SERVICE.value and finding.severity is not Severity.NOTE
    )
    services = [view.state.services.get((ref.namespace or "", ref.name)) for ref in refs]
    flagged = [service for service in services if service is not None]
    return tuple(trace_service(view, service) for service in flagged[:limit]), max(0, len(flagged) - limit)
