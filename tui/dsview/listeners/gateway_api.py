"""The Gateway API, regardless of controller: classes, parameters, and which pods and Services belong to a Gateway."""

from __future__ import annotations

import msgspec

from dsview.kinds.gateway import Gateway, GatewayClass, HTTPRoute, ParametersRef
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Labels
from dsview.listeners.cluster import ClusterReader

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""The label that most controllers set on the objects they create for a Gateway."""

_ENVOY_NAME = "gateway.envoyproxy.io/owning-gateway-name"
_NAME_LABELS = (GATEWAY_NAME, "projectcontour.io/owning-gateway-name", "io.cilium.gateway/owning-gateway")
GATEWAY_LABELS = (_ENVOY_NAME, *_NAME_LABELS)
"""The labels whose value is the name of the Gateway for which an object was created."""

GATEWAY_NAMESPACE_LABEL = "gateway.envoyproxy.io/owning-gateway-namespace"
GATEWAY_CLASS_LABEL = "gateway.envoyproxy.io/owning-gatewayclass"


class Settings(msgspec.Struct, frozen=True):
    """The effective parameters of a Gateway, those of the Gateway itself first.

    `missing` names one that does not exist.
    """

    found: tuple[GatewayParameters, ...] = ()
    missing: str = ""


def gateway_of(labels: Labels, namespace: str) -> Key | None:
    """The Gateway for which a pod or Service with these labels was created, or None."""
    name = labels.get(_ENVOY_NAME)
    if name:
        return (labels.get(GATEWAY_NAMESPACE_LABEL, namespace), name)
    for label in _NAME_LABELS:
        if name := labels.get(label):
            return (namespace, name)
    return None


def hosts_of(gateway: Gateway, route: HTTPRoute) -> tuple[str, ...]:
    """The hosts that a route publishes through a Gateway: its own, else those of the listeners."""
    return route.hostnames or tuple(dict.fromkeys(x.hostname for x in gateway.listeners if x.hostname))


def class_of(cluster: ClusterReader, gateway: Gateway) -> GatewayClass | None:
    """The class of a Gateway, if it was read."""
    return cluster.gateway_classes.get(("", gateway.class_name))


def controller_name_of(cluster: ClusterReader, gateway: Gateway) -> str:
    """spec.controllerName of the Gateway's class; empty if the class is unknown."""
    found = class_of(cluster, gateway)
    return found.controller if found is not None else ""


def settings_of(cluster: ClusterReader, gateway: Gateway | None, of_class: GatewayClass | None, kind: Kind) -> Settings:
    """The objects of a kind that parametersRefs name: first spec.infrastructure of the Gateway, then the class."""
    store = cluster.gateway_parameters(kind)
    found: list[GatewayParameters] = []
    for ref, namespace in (
        (gateway.parameters if gateway is not None else None, gateway.namespace if gateway is not None else ""),
        (of_class.parameters if of_class is not None else None, ""),
    ):
        if ref is None or ref.kind != kind.value:
            continue
        item = store.get((ref.namespace or namespace, ref.name))
        if item is None:
            return Settings(tuple(found), _words(ref))
        found.append(item)
        if item.replaces_class:
            break
    return Settings(tuple(found))


def _words(ref: ParametersRef) -> str:
    return f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}"
