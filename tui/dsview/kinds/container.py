"""The containers of pods. Equal containers are decoded once and shared."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import msgspec
from msgspec import Raw

from dsview.kinds.wire import NULL, NULLS, Json, Memo, Wire, without_empty


class ContainerPort(msgspec.Struct, frozen=True, gc=False):
    """A declared port of a container."""

    name: str
    container_port: int
    protocol: str


class Container(msgspec.Struct, frozen=True, gc=False):
    """A container. `command_line` is command and args together; `probes` are the kinds, such as `httpGet`.

    `environment` contains only the variables in `READ_VARIABLES`, as (name, value), because environments can contain
    passwords. The value is None if it comes from another object. `env_from` contains the prefixes of `envFrom` entries
    that may set one of them, such as `""`.
    """

    name: str
    image: str
    command_line: tuple[str, ...]
    ports: tuple[ContainerPort, ...]
    probes: tuple[str, ...]
    environment: tuple[tuple[str, str | None], ...] = ()
    env_from: tuple[str, ...] = ()


class ContainerWire(Wire):
    """spec.containers[] as raw values, so that equal containers are recognised before they are decoded."""

    name: str | None = None
    image: str | None = None
    command: Raw = NULL
    args: Raw = NULL
    ports: Raw = NULL
    liveness_probe: Raw = NULL
    readiness_probe: Raw = NULL
    startup_probe: Raw = NULL
    env: Raw = NULL
    env_from: Raw = NULL


class EnvFromWire(Wire):
    """spec.containers[].envFrom[]."""

    prefix: str | None = None


class EnvVarWire(Wire):
    """spec.containers[].env[]."""

    name: str = ""
    value: str | None = None
    value_from: Raw = NULL


class ContainerPortWire(Wire):
    """spec.containers[].ports[]."""

    name: str | None = None
    container_port: int = 0
    protocol: str | None = None


_strings_decoder = msgspec.json.Decoder(list[str])
_ports_decoder = msgspec.json.Decoder(list[ContainerPortWire])
_env_decoder = msgspec.json.Decoder(list[EnvVarWire])
_env_from_decoder = msgspec.json.Decoder(list[EnvFromWire])
_probe_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PROBE_KINDS = ("httpGet", "tcpSocket", "grpc", "exec")
READ_VARIABLES = ("ISTIO_DUAL_STACK", "ROUTER_IP_V4_V6_MODE", "KONG_PROXY_LISTEN", "KGW_LISTENER_BIND_IPV6")
"""The variables that determine what a proxy listens on."""

_ENCODED_VARIABLES = tuple(name.encode() for name in READ_VARIABLES)

_ContainerKey = tuple[str | None, str | None, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]


def read_containers(containers: Iterable[ContainerWire]) -> tuple[Container, ...]:
    """The containers of a pod, as one tuple shared by all pods with equal containers."""
    # A single look-up by raw bytes, without decoding. Even so, it takes a third of the time needed to read a pod.
    keys: tuple[_ContainerKey, ...] = tuple(
        [
            (
                c.name,
                c.image,
                bytes(c.command),
                bytes(c.args),
                bytes(c.ports),
                bytes(c.liveness_probe),
                bytes(c.readiness_probe),
                bytes(c.startup_probe),
                _read_environment(c.env),
                bytes(c.env_from),
            )
            for c in containers
        ]
    )
    return _container_lists[keys]


def _read_environment(raw: msgspec.Raw) -> bytes:
    """The raw environment if it may contain one of `READ_VARIABLES`, otherwise nothing."""
    data = bytes(raw)
    return data if any(name in data for name in _ENCODED_VARIABLES) else b""


def _environment(data: bytes) -> tuple[tuple[str, str | None], ...]:
    return tuple(
        (sys.intern(v.name), None if bytes(v.value_from) not in NULLS else v.value or "")
        for v in _env_decoder.decode(data)
        if v.name in READ_VARIABLES
    )


def _container(key: _ContainerKey) -> Container:
    name, image, command, arguments, ports, *probes, environment, env_from = key
    words = [_strings_decoder.decode(raw) for raw in (command, arguments) if raw not in NULLS]
    return Container(
        name=name or "",
        image=image or "",
        command_line=tuple(word for part in words for word in part),
        ports=tuple(
            ContainerPort(p.name or "", p.container_port, p.protocol or "TCP")
            for p in (() if ports in NULLS else _ports_decoder.decode(ports))
        ),
        probes=tuple(_probe_kind(raw) for raw in probes if raw not in NULLS),
        environment=_environment(environment) if environment else (),
        env_from=()
        if env_from in NULLS
        else relevant_prefixes(each.prefix or "" for each in _env_from_decoder.decode(env_from)),
    )


_containers = Memo(_container)
_container_lists: Memo[tuple[_ContainerKey, ...], tuple[Container, ...]] = Memo(
    lambda keys: tuple(map(_containers.__getitem__, keys))
)


def relevant_prefixes(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The prefixes of `envFrom` entries through which a ConfigMap or Secret may set one of `READ_VARIABLES`."""
    return tuple(dict.fromkeys(p for p in prefixes if any(name.startswith(p) for name in READ_VARIABLES)))


def _probe_kind(data: bytes) -> str:
    return next((kind for kind in _PROBE_KINDS if kind in _probe_decoder.decode(data)), "unknown")


_PROBE_FIELDS = ("livenessProbe", "readinessProbe", "startupProbe")


def encode_container(c: Container) -> Json:
    """spec.containers[]."""
    ports = [without_empty(name=p.name, containerPort=p.container_port, protocol=p.protocol) for p in c.ports]
    probes: Json = {field: {kind: {}} for field, kind in zip(_PROBE_FIELDS, c.probes, strict=False)}
    environment = [
        {"name": name, "value": value} if value is not None else {"name": name, "valueFrom": {"fieldRef": {}}}
        for name, value in c.environment
    ]
    env_from = [without_empty(prefix=prefix) | {"configMapRef": {}} for prefix in c.env_from]
    words = list(c.command_line)
    return (
        without_empty(name=c.name, image=c.image, args=words, ports=ports, env=environment, envFrom=env_from) | probes
    )
