"""Finds objects by names such as `service/shop/web`, `svc/web`, `pod/shop/web-0`, `host/shop.example.com`."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import TypeVar

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.gateway_trace import routes_of, trace_gateway
from dsview.analysis.hop import Trace
from dsview.analysis.trace import trace_ingress, trace_pod, trace_service
from dsview.cluster.store import Store
from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.kinds.gateway import Gateway
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.registry import RESOURCES
from dsview.listeners.gateway_api import hosts_of

T = TypeVar("T", bound=Object)

_LOOKED_AT = 2_000
_SUGGESTED = 3
_MOST_DOORS = 4
"""How many doors of one host are traced."""

_WORDS = {
    **dict.fromkeys(("service", "services", "svc"), Kind.SERVICE),
    **dict.fromkeys(("pod", "pods", "po"), Kind.POD),
    **dict.fromkeys(("ingress", "ingresses", "ing"), Kind.INGRESS),
    **dict.fromkeys(("gateway", "gateways", "gtw"), Kind.GATEWAY),
}
_HOST = "host"

USAGE = "service/NAMESPACE/NAME, pod/NAMESPACE/NAME, ingress/NAMESPACE/NAME, gateway/NAMESPACE/NAME or host/HOST"
"""The targets that can be traced, in their notation."""


def parse_target(text: str) -> tuple[Kind | None, str]:
    """The kind, None for a host, and the rest. Raises `UserError` if it is neither."""
    word, _, rest = text.strip().partition("/")
    kind = _WORDS.get(word.lower())
    if not rest or rest.count("/") > 1 or (kind is None and word.lower() != _HOST):
        raise UserError(f"{_quoted(text)} cannot be traced; write {USAGE}.")
    return kind, rest


def trace_named(view: ClusterView, text: str) -> Trace:
    """The trace of a named target. Without a namespace, the name must be unique in its kind.

    Raises `UserError` (exit code 2) with a sentence that suggests similar names.
    """
    kind, rest = parse_target(text)
    if kind is None:
        return _host(view, rest)
    state = view.state
    match kind:
        case Kind.SERVICE:
            return trace_service(view, find_named(view, kind, state.services, rest))
        case Kind.POD:
            return trace_pod(view, find_named(view, kind, state.pods, rest))
        case Kind.GATEWAY:
            return trace_gateway(view, find_named(view, kind, state.gateways, rest))
    if "/" not in rest and not any(item.name == rest for item in state.ingresses):
        return _host(view, rest)
    return trace_ingress(view, find_named(view, kind, state.ingresses, rest))


def find_named(view: ClusterView, kind: Kind, store: Store[T], rest: str) -> T:
    """The object with the name `NAMESPACE/NAME` or `NAME`. Raises `UserError` like `trace_named`."""
    namespace, slash, name = rest.rpartition("/")
    named = [item for item in store if item.name == name and (not slash or item.namespace == namespace)]
    if len(named) == 1:
        return named[0]
    if named:
        listed = _either(sorted(_path(item.key) for item in named)[:_SUGGESTED])
        raise UserError(f"There is more than one {kind.value} called {_quoted(name)}. Use {listed}.")
    _must_be_known(view, kind, f"{kind.value} {_quoted(rest)}")
    elsewhere = [_path(item.key) for item in store if item.name == name][:_SUGGESTED]
    # Similarity is slow to compute: of 150,000 pods only those with the same beginning are compared.
    alike = (_path(item.key) for item in store if item.name[:2] == name[:2] or item.namespace == namespace)
    close = elsewhere or get_close_matches(rest, list(islice(alike, _LOOKED_AT)), n=_SUGGESTED, cutoff=0.75)
    hint = f" Did you mean {_either(close)}?" if close else ""
    raise UserError(f"There is no {kind.value} {_quoted(rest)}.{hint}")


def _host(view: ClusterView, host: str) -> Trace:
    traces = list(_of_doors(view, host, host)) or list(_of_doors(view, host, _wildcard(host)))
    if traces:
        return msgspec.structs.replace(traces[0], others=tuple(traces[1:_MOST_DOORS]))
    for gateway in _gateways(view):
        # A wildcard of a route covers more than one label.
        if routes_of(view, gateway, host):
            return trace_gateway(view, gateway, host)
    _must_be_known(view, Kind.INGRESS, f"host {_quoted(host)}")
    hosts = sorted({name for item in view.state.ingresses for name in item.hosts if name != "*"})
    close = get_close_matches(host, hosts, n=_SUGGESTED, cutoff=0.5)
    hint = f" Did you mean {_either(close)}?" if close else ""
    raise UserError(f"No Ingress or HTTPRoute has the host {_quoted(host)}.{hint}")


def _of_doors(view: ClusterView, host: str, name: str) -> Iterator[Trace]:
    """A trace for each door that serves the host by that name: of the Ingresses of a class, and of each Gateway."""
    classes: set[str] = set()
    for ingress in _sorted(view):
        if name in ingress.hosts and ingress.of_class not in classes:
            classes.add(ingress.of_class)
            yield trace_ingress(view, ingress, host)
    for gateway in _gateways(view):
        if any(name in hosts_of(gateway, route) for route in routes_of(view, gateway)):
            yield trace_gateway(view, gateway, host)


def _gateways(view: ClusterView) -> list[Gateway]:
    return sorted(view.state.gateways, key=lambda item: (item.created, item.key))


def _sorted(view: ClusterView) -> list[Ingress]:
    # Where several Ingresses have a host, controllers use the oldest.
    return sorted(view.state.ingresses, key=lambda item: (item.created, item.key))


def _wildcard(host: str) -> str:
    return f"*.{host.partition('.')[2]}"


def _must_be_known(view: ClusterView, kind: Kind, what: str) -> None:
    """Do not report as missing what was not read."""
    if not view.state.is_known(kind):
        plural = RESOURCES[kind].plural
        reason = view.state.status(kind).reason or "not given"
        raise UserError(f"It is not known whether there is a {what}: {plural}: {safe(reason)}.")


def _path(key: Key) -> str:
    return safe("/".join(key))


def _quoted(text: str) -> str:
    return f"'{safe(text[:200])}'"


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
