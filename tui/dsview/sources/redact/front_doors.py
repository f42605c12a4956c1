"""Redacts front doors, but keeps the parts that identify controllers and determine their listeners.

Words of fixed sets are kept, most of them from the controllers' vocabularies. Names, hosts and addresses are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dsview.core.address import FAMILIES
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
from dsview.kinds.metadata import Key, Labels, Object
from dsview.kinds.registry import RESOURCES
from dsview.listeners.clouds import CLOUD_CONTROLLERS
from dsview.listeners.controller import Value
from dsview.listeners.gateway_api import GATEWAY_CLASS_LABEL, GATEWAY_LABELS, GATEWAY_NAMESPACE_LABEL
from dsview.listeners.registry import CONTROLLERS as KNOWN_CONTROLLERS
from dsview.listeners.registry import PROXY_CONTROLLERS

if TYPE_CHECKING:
    from dsview.sources.redact.redactor import Redactor

_PATTERNS = tuple(
    name
    for c in PROXY_CONTROLLERS
    for name in (*c.gateway_controllers, *c.inner_gateway_controllers, *c.ingress_controllers)
)
_VOCABULARIES = tuple(c.vocabulary for c in KNOWN_CONTROLLERS)

CONTROLLERS = frozenset(
    {name for name in _PATTERNS if not name.endswith("*")}
    | {name for v in _VOCABULARIES for name in v.controllers}
    | set(CLOUD_CONTROLLERS)
)
_PREFIXES = tuple(name[:-1] for name in _PATTERNS if name.endswith("*"))
_KNOWN_ENDS = frozenset({"", "/v1", "ingress-controller", "gateway-controller"})

_IMAGES = {
    image: re.compile(rf"(?<![a-z0-9]){re.escape(image)}(?![a-z0-9])")
    for image in sorted({image for v in _VOCABULARIES for image in v.images}, key=lambda image: (-len(image), image))
}
"""Parts of images that identify proxies, the longer first, as whole words."""

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

_FLAGS = {name.lower(): value for v in _VOCABULARIES for name, value in v.flags.items()}
_NAMED_FLAGS = {
    re.compile(re.escape(name).replace(r"\*", "([^.=]+)"), re.IGNORECASE): (name, value)
    for v in _VOCABULARIES
    for name, value in v.flags.items()
    if "*" in name
}
_VARIABLES = {name: value for v in _VOCABULARIES for name, value in v.variables.items()}
_SETTING_WORDS = frozenset(word for v in _VOCABULARIES for word in v.setting_words)

CONFIG_SWITCHES = {key: names for v in _VOCABULARIES for key, names in v.config_switches.items()}
"""The settings in the ConfigMaps of controllers that are read."""

_BOOLEANS = frozenset({"true", "false", "1", "0", "t", "f"})
_POLICIES = frozenset({"", "SingleStack", "PreferDualStack", "RequireDualStack"})
_MERGES = frozenset({"", "Replace", "StrategicMerge", "JSONMerge"})
_ROUTINGS = frozenset({"", "Service", "Endpoint"})
_TARGET = re.compile(r"(?P<host>\[[^\]]*\]|[^:\s]*):(?P<rest>[0-9]{1,5}(?:/(?:tcp|udp))?)", re.IGNORECASE)
_OPTIONS = frozenset({"ssl", "http2", "reuseport", "deferred", "proxy_protocol", "udp", "quic", "ipv6only=off"})


def image(text: str) -> str | None:
    """The part of an image name that identifies a controller; None for other images."""
    placeholder = next((image for part, image in _PLACEHOLDER_IMAGES.items() if part in text), None)
    if placeholder is not None:
        return placeholder
    part = next((part for part, pattern in _IMAGES.items() if pattern.search(text)), None)
    if part is None:
        return None
    tag = text.partition("@")[0].rpartition(":")[2]
    return f"{part}:{tag}" if _VERSION.fullmatch(tag) else f"{part}:latest"


def controller(text: str, redactor: Redactor) -> str:
    """The controller that a class names."""
    prefix = next((prefix for prefix in _PREFIXES if text.startswith(prefix)), "")
    if prefix and text not in CONTROLLERS:
        rest = text.removeprefix(prefix)
        return prefix + (rest if rest in _KNOWN_ENDS else redactor.ingress_class(rest))
    return redactor.controller(text)


def known_labels(labels: Labels) -> Labels:
    """Labels in words that are kept, where a controller goes by their relation to each other."""
    for each in KNOWN_CONTROLLERS:
        labels = each.known_labels(labels)
    return labels


def label_value(key: str, value: str, redactor: Redactor) -> str | None:
    """The value of a label that names a Gateway or its class; None for other labels."""
    if key in GATEWAY_LABELS:
        return redactor.name(Kind.GATEWAY, value)
    if key == GATEWAY_NAMESPACE_LABEL:
        return redactor.namespace(value)
    return redactor.name(Kind.GATEWAY_CLASS, value) if key == GATEWAY_CLASS_LABEL else None


def flag(name: str, value: str, redactor: Redactor) -> str | None:
    """A flag that determines sockets, as `name=value`; None for other flags."""
    kept = _FLAGS.get(name.lower())
    for pattern, (spelling, value_kind) in _NAMED_FLAGS.items():
        match = pattern.fullmatch(name)
        if match is not None:
            name, kept = spelling.replace("*", redactor.port(match[1])), value_kind
    shown = _value(kept, value, redactor) if kept is not None else None
    return f"{name}={shown}" if shown is not None else None


def is_switch(name: str) -> bool:
    """Whether a flag of a controller is a boolean, which does not take the next word as its value."""
    return _FLAGS.get(name.lower()) is Value.SWITCH


def variable(name: str, value: str, redactor: Redactor) -> str:
    """The value of an environment variable that is read."""
    return _value(_VARIABLES.get(name, Value.SWITCH), value, redactor) or ""


def _value(what: Value, text: str, redactor: Redactor) -> str | None:
    """What is kept of the value of a setting; None if nothing is."""
    match what:
        case Value.SWITCH:
            return text if text.lower() in _BOOLEANS else "other"
        case Value.WORD:
            return text if text in _SETTING_WORDS else "other"
        case Value.NUMBER:
            return text if text.isdigit() else None
        case Value.ADDRESS:
            return redactor.addresses.address(text) or redactor.host(text)
        case Value.TARGET:
            return _target(text, redactor)
        case Value.LISTEN:
            return ", ".join(_listen(part.split(), redactor) for part in text.split(","))
        case Value.PRESENCE:
            return "given"


def _target(text: str, redactor: Redactor) -> str:
    match = _TARGET.fullmatch(text)
    if match is None:
        return "other"
    host = match["host"].strip("[]")
    shown = (redactor.addresses.address(host) or redactor.host(host)) if host else ""
    return f"{f'[{shown}]' if ':' in shown or '[' in match['host'] else shown}:{match['rest'].lower()}"


def _listen(words: list[str], redactor: Redactor) -> str:
    if not words or words == ["off"]:
        return " ".join(words)
    target = words[0] if words[0].isdigit() else _target(words[0], redactor)
    return " ".join((target, *(word for word in words[1:] if word in _OPTIONS)))


def config_switches(key: Key, data: Mapping[str, str]) -> dict[str, str]:
    """The settings of a ConfigMap in `CONFIG_SWITCHES`."""
    return {name: data[name] for name in CONFIG_SWITCHES[key] if data.get(name) in _BOOLEANS}


def gateway_fields(item: Object, redactor: Redactor) -> dict[str, Any] | None:
    """The fields of a kind of the Gateway API or of its controllers; None for other kinds."""
    match item:
        case GatewayClass():
            return {
                "controller": controller(item.controller, redactor),
                "parameters": _parameters(item.parameters, redactor),
            }
        case Gateway():
            return {
                "class_name": redactor.name(Kind.GATEWAY_CLASS, item.class_name),
                "listeners": tuple(
                    GatewayListener(redactor.port(x.name), x.port, x.protocol, redactor.host(x.hostname))
                    for x in item.listeners
                ),
                "requested": tuple(_address(a, redactor) for a in item.requested),
                "addresses": tuple(_address(a, redactor) for a in item.addresses),
                "parameters": _parameters(item.parameters, redactor),
            }
        case HTTPRoute():
            return {
                "hostnames": tuple(map(redactor.host, item.hostnames)),
                "parents": tuple(redactor.key_of(Kind.GATEWAY, key) for key in item.parents),
                "accepted": tuple(redactor.key_of(Kind.GATEWAY, key) for key in item.accepted),
                "sections": tuple(
                    (redactor.key_of(Kind.GATEWAY, key), redactor.port(name)) for key, name in item.sections
                ),
                "backends": tuple(
                    RouteBackend(*redactor.key_of(Kind.SERVICE, backend.key), backend.port) for backend in item.backends
                ),
            }
        case IstioGateway():
            return {"selector": redactor.labels(item.selector)}
        case GatewayParameters():
            return {
                "ip_family": item.ip_family if item.ip_family in {"", *_SETTING_WORDS} else "other",
                "routing_type": item.routing_type if item.routing_type in _ROUTINGS else "other",
                "merge_type": item.merge_type if item.merge_type in _MERGES else "other",
                "ip_family_policy": item.ip_family_policy if item.ip_family_policy in _POLICIES else "other",
                "ip_families": tuple(family for family in item.ip_families if family in FAMILIES),
            }
    return None


def _address(address: GatewayAddress, redactor: Redactor) -> GatewayAddress:
    if address.type == "IPAddress":
        return GatewayAddress(address.type, redactor.ip(address.value))
    return GatewayAddress(
        "Hostname" if address.type == "Hostname" else "example.com/other", redactor.host(address.value)
    )


def _parameters(ref: ParametersRef | None, redactor: Redactor) -> ParametersRef | None:
    if ref is None:
        return None
    kind = next((kind for kind in RESOURCES if kind.value == ref.kind and RESOURCES[kind].group == ref.group), None)
    if kind is None:
        return ParametersRef(
            "example.com", "Parameters", redactor.workload(ref.name), redactor.namespace(ref.namespace)
        )
    return ParametersRef(ref.group, ref.kind, redactor.name(kind, ref.name), redactor.namespace(ref.namespace))
