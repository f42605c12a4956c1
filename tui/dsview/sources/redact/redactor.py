"""The replacements for names, addresses and settings, consistent within a snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterable

from dsview.core.redacted import is_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import NO_LABELS, Key, Labels, Object
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.sources.redact.addresses import AddressMap
from dsview.sources.redact.front_doors import CLASSES, CONTAINERS, CONTROLLERS, known_labels
from dsview.sources.redact.front_doors import label_value as door_label_value
from dsview.sources.redact.names import (
    HASH_LABELS,
    KEPT_LABELS,
    KEPT_NAMES,
    KEPT_NAMESPACES,
    KEPT_PORTS,
    KEPT_VALUES,
    Names,
    hidden_uid,
)

_ALIASES = tuple(dict.fromkeys(resource.alias for resource in RESOURCES.values()))
"""The prefixes of new names. Endpoints have their Service's name."""

_KEPT_WORDS = frozenset(
    {"", "true", "false", "1", "0", "ipv4", "dualstack", "dualstack-without-public-ipv4", "internal", "internet-facing"}
)
_KEPT_HOSTS = frozenset({"", "_", "*", "localhost"})


class Redactor:
    """All replacements. They depend on `key`: with another key, the same cluster looks different."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.addresses = AddressMap(key)
        self.namespace = Names("namespace", KEPT_NAMESPACES)
        self._by_alias = {alias: Names(alias, KEPT_NAMES) for alias in _ALIASES}
        self.service = self._by_alias["service"]
        self.pod = self._by_alias["pod"] = Names("pod")
        self.node = self._by_alias["node"] = Names("node")
        self.ingress_class = self._by_alias["class"] = Names("class", CLASSES)
        self.config_map = self._by_alias["config"]
        self.workload = Names("workload")
        self.container = Names("container", CONTAINERS)
        self.image = Names("image")
        self.port = Names("port", KEPT_PORTS)
        self.controller = Names("controller", CONTROLLERS)
        self.taint = Names("taint")
        self.balancer_class = Names("balancer", frozenset({"", "tailscale"}))
        self._host = Names("host", _KEPT_HOSTS)
        self._hash = Names("hash")
        self._label = Names("label", KEPT_LABELS)
        self._value = Names("value", frozenset({""}))
        self._hidden = Names("**hidden")
        self._text = Names("text", frozenset({"", "None"}))

    def learn(self, objects: Iterable[tuple[Kind, Object]]) -> None:
        """Number the names of all objects, in their order."""
        namespaces: set[str] = set()
        names: dict[str, set[str]] = {alias: set() for alias in _ALIASES}
        for kind, item in objects:
            namespaces.add(item.namespace)
            names[RESOURCES[kind].alias].add(item.name)
            if isinstance(item, Pod):
                names["node"].add(item.node_name)
        self.namespace.learn(namespaces)
        for alias, found in names.items():
            self._by_alias[alias].learn(found)

    def name(self, kind: Kind, name: str) -> str:
        """The name of an object. An IPAddress is named after its address."""
        if kind is Kind.IP_ADDRESS:
            return self.addresses.address(name) or self._by_alias["address"](name)
        return self._by_alias[RESOURCES[kind].alias](name)

    def key_of(self, kind: Kind, key: Key) -> Key:
        """Namespace and name of an object."""
        return (self.namespace(key[0]), self.name(kind, key[1]))

    def uid(self, text: str) -> str:
        """A uid."""
        return hidden_uid(self._key, text)

    def ip(self, text: str) -> str:
        """An address or a range. Any other text is replaced by a text that is not an address either."""
        return self.addresses.range(text) or self._other(text)

    def _other(self, text: str) -> str:
        """The replacement for a text that is not an address; a masked value stays masked."""
        return self._hidden(text) if is_redacted(text) else self._text(text)

    def ips(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Addresses or ranges."""
        return tuple(self.ip(text) for text in texts)

    def comma_separated(self, text: str) -> str:
        """A list of addresses, ranges and harmless words, separated by commas, as in flags and annotations."""
        return ",".join(self._redacted_item(part.strip()) for part in text.split(","))

    def _redacted_item(self, part: str) -> str:
        inside = part.strip("[]")
        mapped = self.addresses.range(inside)
        if mapped is not None:
            return part.replace(inside, mapped)
        return part if part.lower() in _KEPT_WORDS else self._other(part)

    def host(self, text: str) -> str:
        """A host name or an address. A leading wildcard is kept."""
        if text in _KEPT_HOSTS:
            return text
        if text.startswith("*."):
            return f"*.{self.host(text[2:])}"
        mapped = self.addresses.range(text)
        if mapped is not None:
            return mapped
        if is_redacted(text):
            return self._hidden(text)
        name = self._host(text)
        return name if name in _KEPT_HOSTS else f"{name}.example"

    def ovn_subnets(self, text: str) -> str:
        """The annotation k8s.ovn.org/node-subnets. It is JSON, in which only the default network matters."""
        try:
            subnets = json.loads(text)["default"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return ""
        texts = [subnets] if isinstance(subnets, str) else subnets if isinstance(subnets, list) else []
        return json.dumps({"default": [self.ip(t) for t in texts if isinstance(t, str)]})

    def labels(self, labels: Labels) -> Labels:
        """Labels, or a selector."""
        if not labels:
            return NO_LABELS
        return {self.label_key(k): self.label_value(k, v) for k, v in known_labels(labels).items()}

    def label_key(self, key: str) -> str:
        """The key of a label; keys with a fixed meaning are kept."""
        known = key in HASH_LABELS or key in {"kubernetes.io/service-name", "kubernetes.io/hostname"}
        return key if known else self._label(key)

    def label_value(self, key: str, value: str) -> str:
        """The value of a label."""
        if key in HASH_LABELS:
            return self._hash(value)
        if key == "kubernetes.io/service-name":
            return self.service(value)
        if key == "kubernetes.io/hostname":
            return self.node(value)
        of_gateway = door_label_value(key, value, self)
        if of_gateway is not None:
            return of_gateway
        return value if key in KEPT_LABELS and value in KEPT_VALUES else self._value(value)

    def owner_name(self, kind: str, name: str, labels: Labels) -> str:
        """The name of a pod's owner; the hash at its end matches the one in the pod's labels."""
        if kind == "Node":
            return self.node(name)
        revision = labels.get(HASH_LABELS[0], "")
        if revision and name.endswith(f"-{revision}"):
            return f"{self.workload(name.removesuffix(f'-{revision}'))}-{self._hash(revision)}"
        return self.workload(name)
