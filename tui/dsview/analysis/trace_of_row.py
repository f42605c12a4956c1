"""The trace of a row in a pane, or of an object with a detail."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import Target
from dsview.analysis.gateway_trace import trace_gateway
from dsview.analysis.hop import Trace
from dsview.analysis.listener_keys import ListenerKey
from dsview.analysis.trace import trace_ingress, trace_pod, trace_service
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.listeners.gateway_api import gateway_of


def trace(view: ClusterView, target: Target) -> Trace | None:
    """The trace of an object or of a row of the listeners pane; None if it cannot be traced."""
    kind, key = target
    match kind:
        case Kind.PROXY_LISTENERS:
            return _of_listener(view, ListenerKey.parse(key))
        case Kind.POD:
            return _of_pod(view, key)
        case Kind.INGRESS:
            ingress = view.state.ingresses.get(key)
            return trace_ingress(view, ingress) if ingress is not None else None
        case Kind.GATEWAY:
            return _of_gateway(view, key)
        case Kind.HTTP_ROUTE:
            route = view.state.http_routes.get(key)
            if route is None or not route.accepted:
                return None
            return _of_gateway(view, route.accepted[0], next(iter(route.hostnames), ""))
        case Kind.SERVICE:
            return _of_service(view, key)
        case Kind.ENDPOINT_SLICE:
            item = view.state.endpoint_slices.get(key)
            return _of_service(view, (item.namespace, item.service_name)) if item is not None else None
    return None


def _of_listener(view: ClusterView, of: ListenerKey) -> Trace | None:
    """The trace of the Gateway if it or its proxy has the listener; otherwise that of the pod."""
    pod = view.state.pods.get(of.pod_key)
    key = of.gateway_key if pod is None else gateway_of(pod.labels, pod.namespace)
    trace = _of_gateway(view, key) if key is not None else None
    return trace or _of_pod(view, of.pod_key)


def _of_pod(view: ClusterView, key: Key) -> Trace | None:
    pod = view.state.pods.get(key)
    return trace_pod(view, pod) if pod is not None else None


def _of_gateway(view: ClusterView, key: Key, host: str = "") -> Trace | None:
    gateway = view.state.gateways.get(key)
    return trace_gateway(view, gateway, host) if gateway is not None else None


def _of_service(view: ClusterView, key: Key) -> Trace | None:
    service = view.state.services.get(key)
    return trace_service(view, service) if service is not None else None
