"""Redacts front doors, but keeps the parts that identify controllers and determine their listeners.

Words of fixed sets are kept, most of them from the controllers' vocabularies. Names, hosts and addresses are replaced.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dsview.kinds.gateway import (
    Gateway,
    GatewayAddress,
    GatewayClass,
    GatewayListener,
    HTTPRoute,
    ParametersRef,
    RouteBackend,
)
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.istio_gateway import IstioGateway
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.registry import RESOURCES
from dsview.listeners.clouds import CLOUD_CONTROLLERS
from dsview.listeners.registry import CONTROLLERS as KNOWN_CONTROLLERS
from dsview.listeners.registry import PROXY_CONTROLLERS

if TYPE_CHECKING:
    from dsview.sources.redact.redactor import Redactor

_PATTERNS = tuple(name for c in PROXY_CONTROLLERS for name in (*c.gateway_controllers, *c.ingress_controllers))
_VOCABULARIES = tuple(c.vocabulary for c in KNOWN_CONTROLLERS)

CONTROLLERS = frozenset(
    {name for name in _PATTERNS if not name.endswith("*")}
    | {name for v in _VOCABULARIES for name in v.controllers}
    | set(CLOUD_CONTROLLERS)
)
_PREFIXES = tuple(name[:-1] for name in _PATTERNS if name.endswith("*"))
_KNOWN_ENDS = frozenset({"", "/v1", "ingress-controller", "gateway-controller"})

_IMAGES = tuple(sorted({image for v in _VOCABULARIES for image in v.images}, key=lambda image: (-len(image), image)))
"""Parts of images that identify proxies, the longer first."""

_PLACEHOLDER_IMAGES = {part: image for v in _VOCABULARIES for part, image in v.placeholder_images.items()}
_VERSION = re.compile(r"v?[0-9]+(\.[0-9]+){1,3}")

BINARIES = tuple(binary for v in _VOCABULARIES for binary in v.binaries)
"""The ends of words in a command line that identify a controller's binary."""

CONTAINERS = frozenset(name for v in _VOCABULARIES for name in v.containers)
"""Names of containers that identify proxies and control planes."""

SUBCOMMANDS = frozenset(word for v in _VOCABULARIES for word in v.subcommands)
"""Words in command lines that identify proxies and control planes."""

LABELS = frozenset(key for v in _VOCABULARIES for key in v.label_keys)
VALUES = frozenset(value for v in _VOCABULARIES for value in v.label_values)
CLASSES = frozenset(name for v in _VOCABULARIES for name in v.classes)
ANNOTATION_PREFIXES = frozenset({"kubernetes.io"} | {prefix for v in _VOCABULARIES for prefix in v.annotation_prefixes})

_OF_GATEWAYS = frozenset(
    {
        "gateway.envoyproxy.io/owning-gateway-name",
        "gateway.networking.k8s.io/gateway-name",
        "io.cilium.gateway/owning-gateway",
        "projectcontour.io/owning-gateway-name",
    }
)
_BOOLEANS = frozenset({"true", "false", "1", "0", "t", "f"})
_MODES = frozenset({"v4", "v6", "v4v6"})
_FAMILIES = frozenset({"", "IPv4", "IPv6", "DualStack", "dual", "ipv4", "ipv6"})
_POLICIES = frozenset({"", "SingleStack", "PreferDualStack", "RequireDualStack"})
_MERGES = frozenset({"", "Replace", "StrategicMerge", "JSONMerge"})
_ROUTINGS = frozenset({"", "Service", "Endpoint"})
_SWITCHES = frozenset({"disable-ipv4", "disable-ipv6", "providers.kubernetesgateway.nativelbbydefault"})
_ADDRESSES = frozenset(
    {
        *("ipv4-bind-address", "ipv6-bind-address"),
        *("envoy-service-http-address", "envoy-service-https-address"),
    }
)
_GIVEN = frozenset({"contour-config-name", "configfile"})
_NUMBERS = frozenset({"envoy-service-http-port", "envoy-service-https-port"})
_ENTRY_POINT = re.compile(r"entrypoints\.([^.=]+)\.address", re.IGNORECASE)
_TARGET = re.compile(r"(?P<host>\[[^\]]*\]|[^:\s]*):(?P<rest>[0-9]{1,5}(?:/(?:tcp|udp))?)", re.IGNORECASE)
_OPTIONS = frozenset({"ssl", "http2", "reuseport", "deferred", "proxy_protocol", "udp", "quic", "ipv6only=off"})


def image(text: str) -> str | None:
    """The part of an image name that identifies a controller; None for other images."""
    placeholder = next((image for part, image in _PLACEHOLDER_IMAGES.items() if part in text), None)
    if placeholder is not None:
        return placeholder
    part = next((part for part in _IMAGES if part in text), None)
    if part is None:
        return None
    tag = text.partition("@")[0].rpartition(":")[2]
    return f"{part}:{tag}" if _VERSION.fullmatch(tag) else f"{part}:latest"


def controller(text: str, to: Redactor) -> str:
    """The controller that a class names."""
    prefix = next((prefix for prefix in _PREFIXES if text.startswith(prefix)), "")
    if prefix and text not in CONTROLLERS:
        rest = text.removeprefix(prefix)
        return prefix + (rest if rest in _KNOWN_ENDS else to.ingress_class(rest))
    return to.controller(text)


def label_value(key: str, value: str, to: Redactor) -> str | None:
    """The value of a label that names a Gateway or its class; None for other labels."""
    if key in _OF_GATEWAYS:
        return to.name(Kind.GATEWAY, value)
    if key == "gateway.envoyproxy.io/owning-gateway-namespace":
        return to.namespace(value)
    return to.name(Kind.GATEWAY_CLASS, value) if key == "gateway.envoyproxy.io/owning-gatewayclass" else None


def flag(name: str, value: str, to: Redactor) -> str | None:
    """A flag that determines sockets, as `name=value`; None for other flags."""
    entry_point = _ENTRY_POINT.fullmatch(name)
    if entry_point is not None:
        return f"entryPoints.{to.port(entry_point[1])}.address={_target(value, to)}"
    if name.lower() in _SWITCHES:
        return f"{name}={value.lower() if value.lower() in _BOOLEANS else 'other'}"
    if name in _ADDRESSES:
        return f"{name}={to.addresses.address(value) or to.host(value)}"
    if name in _NUMBERS:
        return f"{name}={value}" if value.isdigit() else None
    return f"{name}=given" if name.lower() in _GIVEN else None


def _target(text: str, to: Redactor) -> str:
    match = _TARGET.fullmatch(text)
    if match is None:
        return "other"
    host = match["host"].strip("[]")
    shown = (to.addresses.address(host) or to.host(host)) if host else ""
    return f"{f'[{shown}]' if ':' in shown or '[' in match['host'] else shown}:{match['rest'].lower()}"


def variable(name: str, value: str, to: Redactor) -> str:
    """The value of an environment variable that is read."""
    if name == "KONG_PROXY_LISTEN":
        return ", ".join(_listen(part.split(), to) for part in value.split(","))
    if name == "ROUTER_IP_V4_V6_MODE":
        return value if value in _MODES else "other"
    return value if value.lower() in _BOOLEANS else "other"


def _listen(words: list[str], to: Redactor) -> str:
    if not words or words == ["off"]:
        return " ".join(words)
    target = words[0] if words[0].isdigit() else _target(words[0], to)
    return " ".join((target, *(word for word in words[1:] if word in _OPTIONS)))


def cilium_config(data: dict[str, str]) -> dict[str, str]:
    """The settings of ConfigMap cilium-config that are read."""
    names = ("enable-ipv4", "enable-ipv6", "gateway-api-hostnetwork-enabled")
    return {name: data[name] for name in names if data.get(name) in _BOOLEANS}


def gateway_fields(item: Object, to: Redactor) -> dict[str, Any] | None:
    """The fields of a kind of the Gateway API or of its controllers; None for other kinds."""
    match item:
        case GatewayClass():
            return {"controller": controller(item.controller, to), "parameters": _parameters(item.parameters, to)}
        case Gateway():
            return {
                "class_name": to.name(Kind.GATEWAY_CLASS, item.class_name),
                "listeners": tuple(
                    GatewayListener(to.port(x.name), x.port, x.protocol, to.host(x.hostname)) for x in item.listeners
                ),
                "requested": tuple(_address(a, to) for a in item.requested),
                "addresses": tuple(_address(a, to) for a in item.addresses),
                "parameters": _parameters(item.parameters, to),
            }
        case HTTPRoute():
            return {
                "hostnames": tuple(map(to.host, item.hostnames)),
                "parents": tuple(to.key_of(Kind.GATEWAY, key) for key in item.parents),
                "accepted": tuple(to.key_of(Kind.GATEWAY, key) for key in item.accepted),
                "backends": tuple(
                    RouteBackend(*to.key_of(Kind.SERVICE, backend.key), backend.port) for backend in item.backends
                ),
            }
        case IstioGateway():
            return {"selector": to.labels(item.selector)}
        case GatewayParameters():
            return {
                "ip_family": item.ip_family if item.ip_family in _FAMILIES else "other",
                "routing_type": item.routing_type if item.routing_type in _ROUTINGS else "other",
                "merge_type": item.merge_type if item.merge_type in _MERGES else "other",
                "ip_family_policy": item.ip_family_policy if item.ip_family_policy in _POLICIES else "other",
                "ip_families": tuple(family for family in item.ip_families if family in _FAMILIES),
            }
    return None


def _address(address: GatewayAddress, to: Redactor) -> GatewayAddress:
    if address.type == "IPAddress":
        return GatewayAddress(address.type, to.ip(address.value))
    return GatewayAddress("Hostname" if address.type == "Hostname" else "example.com/other", to.host(address.value))


def _parameters(ref: ParametersRef | None, to: Redactor) -> ParametersRef | None:
    if ref is None:
        return None
    kind = next((kind for kind in RESOURCES if kind.value == ref.kind and RESOURCES[kind].group == ref.group), None)
    if kind is None:
        return ParametersRef("example.com", "Parameters", to.workload(ref.name), to.namespace(ref.namespace))
    return ParametersRef(ref.group, ref.kind, to.name(kind, ref.name), to.namespace(ref.namespace))
