"""The parts of objects that repeat from one to the next: decoded once for each distinct text, and shared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec

from dsview.kinds import json_core
from dsview.kinds.annotations import IGNORE_ANNOTATION, NULLS, Annotations
from dsview.kinds.objects import (
    NO_LABELS,
    Container,
    ContainerPort,
    Labels,
    LoadBalancerIngress,
    OwnerRef,
)

T = TypeVar("T")


class Interner:
    """Decoded values by the bytes or words they came from. Emptied when it has grown to `limit` entries."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._values: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value made for an equal key before, or a new one."""
        value: T | None = self._values.get(key)
        if value is None:
            value = make()
            if len(self._values) >= self._limit:
                self._values.clear()
            self._values[key] = value
        return value


_labels = Interner()
_owners = Interner()
_hosts = Interner()
_containers = Interner()
_container_lists = Interner()

_labels_decoder = msgspec.json.Decoder(dict[str, str])
_owners_decoder = msgspec.json.Decoder(list[json_core.OwnerReference])
_hosts_decoder = msgspec.json.Decoder(list[json_core.PodIP])
_strings_decoder = msgspec.json.Decoder(list[str])
_ports_decoder = msgspec.json.Decoder(list[json_core.ContainerPortWire])
_probe_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PROBE_KINDS = ("httpGet", "tcpSocket", "grpc", "exec")


def seconds(moment: datetime | None) -> int:
    """A moment as whole epoch seconds; 0 where there is none."""
    return int(moment.timestamp()) if moment is not None else 0


def texts(values: Iterable[str] | None) -> tuple[str, ...]:
    """A list that may be missing."""
    return tuple(values) if values else ()


def read_labels(raw: msgspec.Raw) -> Labels:
    """Labels, shared by all objects that have the same."""
    data = bytes(raw)
    if data in NULLS:
        return NO_LABELS
    return _labels.get(data, lambda: {sys.intern(k): sys.intern(v) for k, v in _labels_decoder.decode(data).items()})


def read_owner(raw: msgspec.Raw) -> OwnerRef | None:
    """The controller among the owners."""
    data = bytes(raw)
    if data in NULLS:
        return None

    def make() -> tuple[OwnerRef | None]:
        owners = _owners_decoder.decode(data)
        chosen = next((o for o in owners if o.controller), None)
        return (OwnerRef(chosen.kind, chosen.name, chosen.uid) if chosen else None,)

    return _owners.get(data, make)[0]


def read_hosts(raw: msgspec.Raw) -> tuple[str, ...]:
    """The addresses of status.hostIPs, shared by all pods of a node."""
    data = bytes(raw)
    if data in NULLS:
        return ()
    return _hosts.get(data, lambda: tuple(host.ip for host in _hosts_decoder.decode(data) if host.ip))


def read_meta(meta: json_core.ObjectMeta, annotations: Annotations) -> dict[str, Any]:
    """What every object has, as keyword arguments."""
    if not meta.name:
        raise ValueError("metadata.name is empty")
    return {
        "name": meta.name,
        "namespace": sys.intern(meta.namespace or ""),
        "uid": meta.uid or "",
        "resource_version": meta.resource_version or "",
        "created": seconds(meta.creation_timestamp),
        "labels": read_labels(meta.labels),
        "ignore": annotations[0][1] if annotations and annotations[0][0] == IGNORE_ANNOTATION else "",
    }


def ingress_entries(status: json_core.ServiceStatus | None) -> tuple[LoadBalancerIngress, ...]:
    """status.loadBalancer.ingress[]."""
    if status is None or status.load_balancer is None or not status.load_balancer.ingress:
        return ()
    return tuple(
        LoadBalancerIngress(e.ip or "", e.hostname or "", e.ip_mode or "") for e in status.load_balancer.ingress
    )


_ContainerKey = tuple[str | None, str | None, bytes, bytes, bytes, bytes, bytes, bytes]


def read_containers(containers: Iterable[json_core.ContainerWire]) -> tuple[Container, ...]:
    """The containers of a pod, as the one tuple that all pods with the same ones share."""
    # One look-up for all of them, and nothing decoded for it: this is a third of what a pod takes to be read.
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
            )
            for c in containers
        ]
    )
    return _container_lists.get(keys, lambda: tuple(_containers.get(key, partial(_container, key)) for key in keys))


def _container(key: _ContainerKey) -> Container:
    name, image, command, arguments, ports, *probes = key
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
    )


def _probe_kind(data: bytes) -> str:
    return next((kind for kind in _PROBE_KINDS if kind in _probe_decoder.decode(data)), "unknown")
