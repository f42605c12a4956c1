"""Gateways in a synthetic cluster: some of its Services become front doors of Istio, and routes lead to the others."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.kinds.kind import Kind
from tests.bench.synthetic import Json, Size, encoded, endpoint_slice, meta, namespace_of, node, pod, service

_LABEL = "gateway.networking.k8s.io/gateway-name"
_MANAGED = {"gateway.istio.io/managed": "istio.io-gateway-controller"}
_API = "gateway.networking.k8s.io/v1"


def raw_objects(size: Size, gateways: int, routes: int) -> Iterator[tuple[Kind, bytes]]:
    """Every object as the API server writes it.

    The numbers of Pods and Services are the same with and without Gateways.
    """
    for number in range(size.nodes):
        yield Kind.NODE, encoded(node(number, size))
    if gateways:
        yield Kind.GATEWAY_CLASS, encoded(_class())
    for number in range(gateways):
        yield Kind.GATEWAY, encoded(_gateway(number))
    for number in range(routes):
        yield Kind.HTTP_ROUTE, encoded(_route(number, gateways, size))
    for number in range(size.services):
        yield Kind.SERVICE, encoded(_door(number, size) if number < gateways else service(number, size))
    for number in range(size.services + size.dual_services):
        yield Kind.ENDPOINT_SLICE, encoded(endpoint_slice(number, size))
    for number in range(size.pods):
        is_proxy = number % size.services < gateways
        made = _proxy(number, size) if is_proxy else pod(number, size)
        yield Kind.POD, encoded(_istiod(made) if gateways and number == size.pods - 1 else made)


def _class() -> Json:
    spec = {"controllerName": "istio.io/gateway-controller"}
    return {"apiVersion": _API, "metadata": meta("istio", "c", 0), "spec": spec}


def _name(number: int) -> str:
    return f"app-{number}"


def _gateway(number: int) -> Json:
    programmed = {"type": "Programmed", "status": "True", "lastTransitionTime": "2026-01-01T00:01:00Z"}
    return {
        "apiVersion": _API,
        "metadata": meta(_name(number), f"g-{number}", number, namespace=namespace_of(number)),
        "spec": {"gatewayClassName": "istio", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        "status": {
            "addresses": [{"type": "IPAddress", "value": ip} for ip in _vips(number)],
            "conditions": [programmed],
        },
    }


def _vips(number: int) -> tuple[str, str]:
    return f"203.0.{number >> 8}.{number & 255}", f"2001:db8::{number + 1:x}"


def _route(number: int, gateways: int, size: Size) -> Json:
    of = number % gateways
    backend = gateways + number % (size.services - gateways)
    parent = {"name": _name(of), "namespace": namespace_of(of)}
    return {
        "apiVersion": _API,
        "metadata": meta(f"route-{number}", f"h-{number}", number, namespace=namespace_of(backend)),
        "spec": {
            "hostnames": [f"app-{number}.example.test"],
            "parentRefs": [parent],
            "rules": [{"backendRefs": [{"name": _name(backend), "port": 80}]}],
        },
        "status": {"parents": [{"parentRef": parent, "conditions": [{"type": "Accepted", "status": "True"}]}]},
    }


def _door(number: int, size: Size) -> Json:
    made = service(number, size)
    made["metadata"]["labels"] = {_LABEL: _name(number)}
    made["spec"] |= {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}]}
    made["status"] = {"loadBalancer": {"ingress": [{"ip": ip} for ip in _vips(number)]}}
    return made


def _proxy(number: int, size: Size) -> Json:
    made = pod(number, size)
    made["metadata"]["labels"] |= {_LABEL: _name(number % size.services), **_MANAGED}
    made["spec"]["containers"] = [{"name": "istio-proxy", "image": "istio/proxyv2:1.29", "args": ["proxy", "router"]}]
    return made


def _istiod(made: Json) -> Json:
    made["metadata"]["labels"]["app"] = "istiod"
    env = [{"name": "ISTIO_DUAL_STACK", "value": "true"}]
    made["spec"]["containers"] = [{"name": "discovery", "image": "istio/pilot:1.29", "env": env}]
    return made
