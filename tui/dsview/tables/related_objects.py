"""The details of objects without a pane: EndpointSlices, Ingresses, ConfigMaps, Gateways, HTTPRoutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dsview.analysis.cluster_view import ClusterView
from dsview.core.address import V4, V6, families_of
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.endpoint_slice import EndpointSlice
from dsview.kinds.gateway import Gateway, HTTPRoute
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.listeners.front_doors import proxies_of_gateway, services_of_gateway
from dsview.listeners.gateway_listeners import gateway_controller_name, gateway_sockets
from dsview.listeners.proxies import config_map_key, live_proxies
from dsview.tables.facts import Fact, Parts, lane_facts, relative, text_fact

SHOWN = 100
"""The maximum number of listed objects."""

_MAX_VALUE = 200
"""The number of characters of a ConfigMap's value that are shown."""


def _slice(_view: ClusterView, item: EndpointSlice) -> Parts:
    endpoints = list(item.endpoints())
    ready = [endpoint for endpoint in endpoints if endpoint.ready]
    facts = [
        *text_fact("Address type", item.address_type),
        *text_fact("Managed by", item.managed_by),
        *text_fact("Endpoints", f"{len(endpoints):,}, {len(ready):,} of them ready"),
    ]
    if item.address_type in (V4, V6):
        facts += lane_facts("Ready addresses", tuple(a for e in ready[:SHOWN] for a in e.addresses))
    relatives = [relative("Service", (item.namespace, item.service_name))] if item.service_name else []
    relatives += [
        relative("Pod", endpoint.target, "" if endpoint.ready else "not ready")
        for endpoint in endpoints[:SHOWN]
        if endpoint.target[1]
    ]
    nodes = sorted({endpoint.node_name for endpoint in endpoints if endpoint.node_name})
    return facts, relatives + [relative("Node", ("", name)) for name in nodes[:SHOWN]]


def _ingress(view: ClusterView, item: Ingress) -> Parts:
    names = [entry.hostname for entry in item.load_balancer_ingress if entry.hostname]
    facts = [
        *text_fact("Class", item.class_name),
        *text_fact("Hosts", ", ".join(item.hosts)),
        *lane_facts("Status addresses", tuple(entry.ip for entry in item.load_balancer_ingress if entry.ip)),
        *text_fact("Status names", ", ".join(names)),
    ]
    for backend in item.backends[:SHOWN]:
        facts += text_fact("Backend", f"{backend.host or 'every host'} → {backend.service}:{backend.port}")
    services = dict.fromkeys((item.namespace, backend.service) for backend in item.backends if backend.service)
    return facts, [relative("Service", key, _backend_note(view, key)) for key in services]


def _backend_note(view: ClusterView, key: Key) -> str:
    """The families of a backend, or that it is missing."""
    service = view.state.services.get(key)
    if service is not None:
        return ", ".join(service.families)
    return "does not exist" if view.state.is_known(Kind.SERVICE) else ""


def _config_map(view: ClusterView, item: ConfigMap) -> Parts:
    facts: list[Fact] = []
    for name, value in sorted(item.data.items()):
        first, _, rest = value.partition("\n")
        cut = first[:_MAX_VALUE]
        more = " …" if rest.strip() or len(first) > _MAX_VALUE else ""
        facts += text_fact(name, f"{cut}{more}")
    pods = [pod for pod in live_proxies(view.state) if config_map_key(pod) == item.key]
    return facts, [relative("Pod", pod.key) for pod in pods[:SHOWN]]


def gateway_facts(view: ClusterView, item: Gateway) -> Parts:
    """Class, controller, addresses and listeners of a Gateway; then its Services, Pods and HTTPRoutes."""
    state = view.state
    known = gateway_sockets(state, item)
    facts = [
        *text_fact("Class", item.class_name),
        *text_fact("Controller", gateway_controller_name(state, item) or "not known"),
        *lane_facts("Status addresses", tuple(a.value for a in item.addresses if a.type == "IPAddress")),
        *text_fact("Status names", ", ".join(a.value for a in item.addresses if a.type != "IPAddress")),
        *text_fact("Programmed", item.programmed),
    ]
    for listener in item.listeners[:SHOWN]:
        facts += text_fact(
            "Listener", f"{listener.name} {listener.protocol} {listener.port} {listener.hostname}".strip()
        )
    _, pods = proxies_of_gateway(state, item)
    if not pods:
        families = f"{', '.join(known.families or ())}: " if known.is_known else ""
        facts += text_fact("Listens on", f"{families}{known.reason}")
    relatives = [relative("Service", s.key, ", ".join(s.families)) for s in services_of_gateway(state, item)]
    relatives += [relative("Pod", pod.key, ", ".join(families_of(pod.ips))) for pod in pods[:SHOWN]]
    routes = sorted(route.key for route in state.http_routes if item.key in route.accepted)
    return facts, relatives + [relative("HTTPRoute", key) for key in routes[:SHOWN]]


def _http_route(view: ClusterView, item: HTTPRoute) -> Parts:
    facts = [
        *text_fact("Hosts", ", ".join(item.hostnames)),
        *text_fact("Accepted by", ", ".join("/".join(key) for key in item.accepted) or "no Gateway"),
    ]
    relatives = [relative("Gateway", key) for key in item.accepted]
    backends = dict.fromkeys(backend.key for backend in item.backends)
    return facts, relatives + [relative("Service", key, _backend_note(view, key)) for key in backends]


FACTS: dict[Kind, Callable[[ClusterView, Any], Parts]] = {
    Kind.ENDPOINT_SLICE: _slice,
    Kind.INGRESS: _ingress,
    Kind.CONFIG_MAP: _config_map,
    Kind.GATEWAY: gateway_facts,
    Kind.HTTP_ROUTE: _http_route,
}
"""The functions that return the facts and related objects of an object, by kind."""
