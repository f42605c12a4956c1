"""Rewrites flags, ConfigMaps and listeners so that they contain only what checks read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yaml

from dsview.core.corefile import drops_aaaa, forwards, kubernetes_zones
from dsview.core.listen import Listener, ListenSource, ProxyListeners
from dsview.core.ports import port_number
from dsview.core.yaml_text import YamlError, load_yaml
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.sources.redact.front_doors import BINARIES, CONFIG_SWITCHES, SUBCOMMANDS, config_switches, is_switch
from dsview.sources.redact.front_doors import flag as door_flag
from dsview.sources.redact.redactor import Redactor

_SUBCOMMANDS = 2
"""The number of words at the start of a command line that may be subcommands."""

_RANGES = ("service-cluster-ip-range", "cluster-cidr")
_PLAIN = (
    "allocate-node-cidrs",
    "enable-ssl-passthrough",
    "http-port",
    "https-port",
    "node-cidr-mask-size",
    "node-cidr-mask-size-ipv4",
    "node-cidr-mask-size-ipv6",
    "update-status",
    "watch-ingress-without-class",
)
_BOOLEANS = ("allocate-node-cidrs", "enable-ssl-passthrough", "update-status", "watch-ingress-without-class")
_OBJECTS = {"publish-service": Kind.SERVICE, "configmap": Kind.CONFIG_MAP}


def command_line(words: tuple[str, ...], redactor: Redactor) -> tuple[str, ...]:
    """The flags that are read, each as `--name=value`, and the name of the controller's binary."""
    kept: list[str] = []
    for i, word in enumerate(words):
        binary = next((binary for binary in BINARIES if word.endswith(binary)), None)
        if binary is not None:
            kept.append(binary)
        elif word.rpartition("/")[2] in SUBCOMMANDS and i < _SUBCOMMANDS:
            kept.append(word.rpartition("/")[2])
        elif word.startswith("-"):
            flag, equals, value = word.lstrip("-").partition("=")
            following = words[i + 1] if i + 1 < len(words) else ""
            if not equals:
                is_alone = is_switch(flag) or flag in _BOOLEANS or following.startswith("-") or not following
                value = "true" if is_alone else following
            redacted = _flag(flag, value, redactor)
            of_door = door_flag(flag, value, redactor) if redacted is None else f"{flag}={redacted}"
            if of_door is not None:
                kept.append(f"--{of_door}")
    return tuple(kept)


def _flag(flag: str, value: str, redactor: Redactor) -> str | None:
    if flag in _PLAIN:
        return value if port_number(value) is not None or value.lower() in {"true", "false"} else None
    if flag in _RANGES:
        return redactor.comma_separated(value)
    if flag == "ingress-class":
        return redactor.ingress_class(value)
    if flag == "controller-class":
        return redactor.controller(value)
    if flag == "watch-namespace":
        return value if value.startswith("$(") else redactor.namespace(value)
    if flag == "publish-status-address":
        # Only the presence of the flag matters.
        return "given" if value else None
    kind = _OBJECTS.get(flag)
    if kind is None:
        return None
    namespace, slash, name = value.rpartition("/")
    # The code that reads the flag resolves $(POD_NAMESPACE).
    return (
        (namespace if namespace.startswith("$(") else redactor.namespace(namespace)) + slash + redactor.name(kind, name)
    )


_SWITCHES = ("disable-ipv6", "use-proxy-protocol", "use-forwarded-headers", "enable-real-ip")
_LISTS = (
    "bind-address",
    "proxy-real-ip-cidr",
    "denylist-source-range",
    "block-cidrs",
    "allowlist-source-range",
    "whitelist-source-range",
)


def config_map(key: Key, data: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    """The settings in a ConfigMap that any check or controller reads."""
    if key in CONFIG_SWITCHES:
        return config_switches(key, data)
    kept = {name: redactor.comma_separated(data[name]) for name in (*_SWITCHES, *_LISTS) if name in data}
    if key == ("kube-system", "kube-proxy") and "config.conf" in data:
        kept["config.conf"] = _kube_proxy(data["config.conf"], redactor)
    if key == ("kube-system", "coredns") and "Corefile" in data:
        kept["Corefile"] = _corefile(data["Corefile"], redactor)
    return kept


def _kube_proxy(text: str, redactor: Redactor) -> str:
    try:
        data = next(load_yaml(text), None) if "&" not in text else None
    except YamlError:
        data = None
    if not isinstance(data, dict):
        # The replacement must be as unreadable as the original.
        return ""
    ports, mode, cidr = data.get("nodePortAddresses"), data.get("detectLocalMode"), data.get("clusterCIDR")
    kept: dict[str, object] = {"mode": str(data.get("mode") or "")}
    if isinstance(ports, list):
        kept["nodePortAddresses"] = [_port_addresses(text, redactor) for text in ports if isinstance(text, str)]
    if isinstance(mode, str):
        kept["detectLocalMode"] = mode
    if isinstance(cidr, str):
        kept["clusterCIDR"] = redactor.comma_separated(cidr)
    return str(yaml.safe_dump(kept))


def _port_addresses(text: str, redactor: Redactor) -> str:
    return text if text == "primary" else redactor.ip(text)


_ZONES = frozenset({".", "cluster.local", "in-addr.arpa", "ip6.arpa"})


def _corefile(text: str, redactor: Redactor) -> str:
    lines = [".:53 {"]
    found = kubernetes_zones(text)
    if found is not None:
        zones = [zone if zone in _ZONES else redactor.addresses.range(zone) or redactor.host(zone) for zone in found]
        lines.append(" ".join(("    kubernetes", *zones)))
    dropping = drops_aaaa(text)
    if dropping:
        is_rewrite = dropping.startswith("rewrite")
        lines += (
            ["    rewrite type AAAA A"] if is_rewrite else ["    template IN AAAA {", "        rcode NOERROR", "    }"]
        )
    for _, addresses in forwards(text):
        lines.append(
            " ".join(("    forward .", *(map(redactor.ip, addresses) if addresses else ("/etc/resolv.conf",))))
        )
    return "\n".join([*lines, "}", ""])


_OPTIONS = frozenset(
    {
        "backlog",
        "bind",
        "default_server",
        "deferred",
        "fastopen",
        "http2",
        "ipv6only",
        "proxy_protocol",
        "quic",
        "reuseport",
        "so_keepalive",
        "ssl",
        "udp",
    }
)


def proxy_listeners(conf: ProxyListeners, redactor: Redactor) -> ProxyListeners:
    """Only the sockets. The text contains a server for each of them, and is empty if the file was not read."""
    namespace, name = redactor.key_of(Kind.POD, conf.key)
    known = conf.source is ListenSource.READ
    listeners = tuple(_listener(x, redactor) for x in conf.listeners) if known else ()
    return ProxyListeners(
        namespace=namespace,
        name=name,
        source=conf.source,
        listeners=listeners,
        reason="",
        text=_text(listeners).encode() if known else b"",
    )


def _listener(x: Listener, redactor: Redactor) -> Listener:
    return Listener(
        transport=x.transport,
        address=_target(x.address, redactor),
        port=x.port,
        families=x.families,
        options=tuple(o for o in x.options if o.partition("=")[0] in _OPTIONS),
        server_names=tuple(redactor.host(name) for name in x.server_names),
        internal=x.internal,
        context=x.context,
    )


def _target(address: str, redactor: Redactor) -> str:
    if address == "*":
        return address
    if address.startswith("unix:"):
        return f"unix:/{redactor.host(address)}"
    inside = address.strip("[]")
    mapped = redactor.addresses.address(inside)
    return address.replace(inside, mapped) if mapped is not None else redactor.host(address)


def _text(listeners: Iterable[Listener]) -> str:
    blocks: dict[str, list[str]] = {"http": []}
    for x in listeners:
        target = x.address if x.port is None else f"{x.address}:{x.port}"
        names = " ".join(name or '""' for name in x.server_names)
        words = " ".join((target, *x.options))
        server = f"  server {{\n    listen {words};\n" + (f"    server_name {names};\n" if names else "") + "  }\n"
        blocks.setdefault(x.context, []).append(server)
    return "".join(f"{context} {{\n{''.join(servers)}}}\n" for context, servers in blocks.items())
