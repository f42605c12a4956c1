"""The trace of a Gateway or of a host that a route publishes through it: to its proxies, then to the backends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from dsview.analysis.service_hops import ServiceHops
from dsview.analysis.trace import backend_hop
from dsview.core.address import FAMILIES, by_family, families_of
from dsview.core.finding import Finding, ObjectRef
from dsview.core.text import safe
from dsview.kinds.gateway import Gateway, HTTPRoute
from dsview.kinds.kind import Kind
from dsview.listeners.front_doors import proxies_of_gateway, services_of_gateway
from dsview.listeners.gateway_api import hosts_of, is_covered


def trace_gateway(view: ClusterView, gateway: Gateway, host: str = "") -> Trace:
    """The trace of a Gateway. With a host, only the routes that publish it are followed."""
    target = ObjectRef(Kind.GATEWAY.value, gateway.namespace, gateway.name)
    findings = view.findings_of(Kind.GATEWAY.value, *gateway.key)
    routes = routes_of(view, gateway, host)
    about_path: list[Finding] = [*findings]
    hops: list[Hop] = [client_hop(), _addresses(gateway, findings)]
    services = services_of_gateway(view.state, gateway)
    if services:
        front = min(services, key=lambda s: (s.type != "LoadBalancer", s.key))
        front_hops = ServiceHops(view, front)
        hops += front_hops.hops()
        about_path += front_hops.findings()
    else:
        hops.append(same_for_both("listen", "Proxies", Verdict.NOT_PROVEN, _why_no_service(view, gateway)))
    hops += _backends(view, gateway, routes)
    title = f"{host} ({target})" if host else str(target)
    return make_trace(title, target, hops, about_path, host=host)


def routes_of(view: ClusterView, gateway: Gateway, host: str = "") -> list[HTTPRoute]:
    """The routes that the Gateway accepted, by name. With a host, only those that cover it."""
    routes = (route for route in view.state.http_routes if gateway.key in route.accepted)
    return sorted((r for r in routes if not host or covers(gateway, r, host)), key=lambda r: r.key)


def covers(gateway: Gateway, route: HTTPRoute, host: str) -> bool:
    """Whether a route publishes the host through a Gateway, directly or by a wildcard."""
    return any(is_covered(host, name) for name in hosts_of(gateway, route))


def _addresses(gateway: Gateway, findings: Sequence[Finding]) -> Hop:
    """The addresses in the Gateway's status, from which DNS records are often made."""
    addresses = by_family(a.value for a in gateway.addresses if a.type == "IPAddress")
    names = [a.value for a in gateway.addresses if a.type != "IPAddress"]
    lanes: dict[str, Lane] = {}
    for family in FAMILIES:
        finding = worst_about(findings, family)
        if addresses[family]:
            lanes[family] = Lane(values=listed(addresses[family]), verdict=Verdict.OK)
        elif names:
            lanes[family] = Lane(values=listed(names), verdict=Verdict.NOT_PROVEN, why=safe("a host name only"))
        elif finding is not None:
            lanes[family] = broken_lane(finding)
        else:
            lanes[family] = Lane(verdict=Verdict.ABSENT, why=safe(f"the status names no {family} address"))
    return make_hop("gateway", f"Gateway {gateway.name}", {f: lanes[f] for f in FAMILIES})


def _why_no_service(view: ClusterView, gateway: Gateway) -> str:
    controller, _ = proxies_of_gateway(view.state, gateway)
    if controller is None:
        return "its controller is unknown, or its proxies are outside the cluster"
    return "no Service of the Gateway was found"


def _backends(view: ClusterView, gateway: Gateway, routes: Sequence[HTTPRoute]) -> Iterator[Hop]:
    _, pods = proxies_of_gateway(view.state, gateway)
    reach = families_of(tuple(ip for pod in pods if pod.ready for ip in pod.ips))
    seen: set[tuple[str, str]] = set()
    for route in routes:
        findings = view.findings_of(Kind.HTTP_ROUTE.value, *route.key)
        for backend in route.backends:
            if backend.key not in seen:
                seen.add(backend.key)
                yield backend_hop(view, backend.key, reach, findings)
