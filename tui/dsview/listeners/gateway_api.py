"""The parts of the Gateway API that all controllers share: classes, parameters, and the objects of a Gateway."""

from __future__ import annotations

import msgspec

from dsview.kinds.gateway import Gateway, GatewayClass, HTTPRoute, ParametersRef
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Labels
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""The label that most controllers set on the objects they create for a Gateway."""

_ENVOY_NAME = "gateway.envoyproxy.io/owning-gateway-name"
_NAME_LABELS = (GATEWAY_NAME, "projectcontour.io/owning-gateway-name", "io.cilium.gateway/owning-gateway")
GATEWAY_LABELS = (_ENVOY_NAME, *_NAME_LABELS)
"""The labels whose value is the name of the Gateway for which an object was created."""

GATEWAY_NAMESPACE_LABEL = "gateway.envoyproxy.io/owning-gateway-namespace"
GATEWAY_CLASS_LABEL = "gateway.envoyproxy.io/owning-gatewayclass"
"""The label of proxies and Services that all Gateways of a class share (EnvoyProxy.spec.mergeGateways)."""


_NOT_HTTP = frozenset({"TLS", "TCP", "UDP"})
"""The protocols of listeners to which HTTPRoutes do not attach."""


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


def owner_of(labels: Labels, namespace: str) -> Key | None:
    """The Gateway that a pod or Service was created for, `("", NAME)` of a class whose Gateways share it, or None."""
    merged = labels.get(GATEWAY_CLASS_LABEL)
    return gateway_of(labels, namespace) or (("", merged) if merged else None)


def hosts_of(gateway: Gateway, route: HTTPRoute) -> tuple[str, ...]:
    """The hosts that a route publishes through a Gateway: those that the route and a listener have in common.

    The listeners are those that the route names, or all of HTTP. Either may have no host, which means any. Of a
    wildcard and a name that it covers, it is the name (gateway.networking.k8s.io HTTPRouteSpec.hostnames).
    """
    sections = {name for key, name in route.sections if key == gateway.key}
    listening = tuple(
        dict.fromkeys(
            listener.hostname
            for listener in gateway.listeners
            if listener.protocol not in _NOT_HTTP and (not sections or listener.name in sections)
        )
    )
    if not route.hostnames:
        return tuple(filter(None, listening))
    if not any(listening) or "" in listening:
        return route.hostnames
    common = (_narrower(mine, theirs) for mine in route.hostnames for theirs in listening)
    return tuple(dict.fromkeys(filter(None, common))) or route.hostnames


def is_covered(host: str, name: str) -> bool:
    """Whether a host is a name, or ends in what follows the `*` of a wildcard."""
    return host == name or (name.startswith("*.") and host.endswith(name[1:]))


def _narrower(one: str, other: str) -> str:
    if is_covered(one, other):
        return one
    return other if is_covered(other, one) else ""


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
            return Settings(tuple(found), _describe(ref))
        found.append(item)
        if item.replaces_class:
            break
    return Settings(tuple(found))


def how_to_set(
    cluster: ClusterReader, service: Service, of_class: GatewayClass | None, kind: Kind, setting: str
) -> str:
    """How to set a field of the parameters that apply to the Gateway of a Service, as a comment.

    `of_class` applies if the Service belongs to no single Gateway.
    """
    key = gateway_of(service.labels, service.namespace)
    gateway = cluster.gateways.get(key) if key is not None else None
    if gateway is not None:
        of_class = class_of(cluster, gateway)
    found = settings_of(cluster, gateway, of_class, kind)
    if found.found:
        item = found.found[0]
        return f"# set {setting} in {kind.value} {item.namespace}/{item.name}"
    if found.missing:
        return f"# set {setting} in {found.missing}"
    if gateway is not None:
        place = f"spec.infrastructure.parametersRef of Gateway {gateway.namespace}/{gateway.name}"
    else:
        place = f"spec.parametersRef of {'GatewayClass ' + of_class.name if of_class is not None else 'the class'}"
    return f"# create an {kind.value} with {setting}, and name it in {place}"


def _describe(ref: ParametersRef) -> str:
    return f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}"
