"""Finds the object to trace by a name such as `service/shop/web`, `svc/web`, `pod/shop/web-0`, `host/example.com`."""

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

_MAX_COMPARED = 2_000
_MAX_SUGGESTIONS = 3
_MAX_FRONT_DOORS = 4
"""The largest number of front doors of a host that are traced."""

KIND_WORDS = {
    **dict.fromkeys(("service", "services", "svc"), Kind.SERVICE),
    **dict.fromkeys(("pod", "pods", "po"), Kind.POD),
    **dict.fromkeys(("ingress", "ingresses", "ing"), Kind.INGRESS),
    **dict.fromkeys(("gateway", "gateways", "gtw"), Kind.GATEWAY),
}
"""The kinds that can be traced, by the words that name them: the singular, the plural and the short name of kubectl."""

_HOST = "host"

USAGE = "service/NAMESPACE/NAME, pod/NAMESPACE/NAME, ingress/NAMESPACE/NAME, gateway/NAMESPACE/NAME or host/HOST"
"""The notation of the targets that can be traced."""


def parse_target(text: str) -> tuple[Kind | None, str]:
    """The kind and the name. The kind is None for a host. Raises `UserError` for anything else."""
    word, _, name_or_path = text.strip().partition("/")
    kind = KIND_WORDS.get(word.lower())
    if not name_or_path or name_or_path.count("/") > 1 or (kind is None and word.lower() != _HOST):
        raise UserError(f"{_quoted(text)} cannot be traced; write {USAGE}.")
    return kind, name_or_path


def trace_named(view: ClusterView, text: str) -> Trace:
    """The trace of a named target. Without a namespace, the name must be unique among the objects of its kind.

    Raises `UserError` (exit code 2), which suggests similar names.
    """
    kind, name_or_path = parse_target(text)
    if kind is None:
        return _trace_host(view, name_or_path)
    state = view.state
    match kind:
        case Kind.SERVICE:
            return trace_service(view, find_named(view, kind, state.services, name_or_path))
        case Kind.POD:
            return trace_pod(view, find_named(view, kind, state.pods, name_or_path))
        case Kind.GATEWAY:
            return trace_gateway(view, find_named(view, kind, state.gateways, name_or_path))
    if "/" not in name_or_path and not any(item.name == name_or_path for item in state.ingresses):
        return _trace_host(view, name_or_path)
    return trace_ingress(view, find_named(view, kind, state.ingresses, name_or_path))


def find_named(view: ClusterView, kind: Kind, store: Store[T], name_or_path: str) -> T:
    """The object with the name `NAMESPACE/NAME` or `NAME`. Raises `UserError` like `trace_named`."""
    namespace, slash, name = name_or_path.rpartition("/")
    named = [item for item in store if item.name == name and (not slash or item.namespace == namespace)]
    if len(named) == 1:
        return named[0]
    if named:
        listed = _any_of(sorted(_path(item.key) for item in named)[:_MAX_SUGGESTIONS])
        raise UserError(f"There is more than one {kind.value} called {_quoted(name)}. Use {listed}.")
    _require_read(view, kind, f"{kind.value} {_quoted(name_or_path)}")
    elsewhere = [_path(item.key) for item in store if item.name == name][:_MAX_SUGGESTIONS]
    # Comparing names is slow, so of 150,000 pods only some are compared: those that share a prefix or the namespace.
    candidates = (_path(item.key) for item in store if item.name[:2] == name[:2] or item.namespace == namespace)
    close = elsewhere or get_close_matches(
        name_or_path, list(islice(candidates, _MAX_COMPARED)), n=_MAX_SUGGESTIONS, cutoff=0.75
    )
    hint = f" Did you mean {_any_of(close)}?" if close else ""
    raise UserError(f"There is no {kind.value} {_quoted(name_or_path)}.{hint}")


def _trace_host(view: ClusterView, host: str) -> Trace:
    traces = list(_traces_of_front_doors(view, host, host)) or list(_traces_of_front_doors(view, host, _wildcard(host)))
    if traces:
        return msgspec.structs.replace(traces[0], others=tuple(traces[1:_MAX_FRONT_DOORS]))
    for gateway in _gateways(view):
        # A wildcard of a route may match several labels.
        if routes_of(view, gateway, host):
            return trace_gateway(view, gateway, host)
    _require_read(view, Kind.INGRESS, f"host {_quoted(host)}")
    hosts = sorted({name for item in view.state.ingresses for name in item.hosts if name != "*"})
    close = get_close_matches(host, hosts, n=_MAX_SUGGESTIONS, cutoff=0.5)
    hint = f" Did you mean {_any_of(close)}?" if close else ""
    raise UserError(f"No Ingress or HTTPRoute has the host {_quoted(host)}.{hint}")


def _traces_of_front_doors(view: ClusterView, host: str, name: str) -> Iterator[Trace]:
    """A trace for each front door that serves the host under a name: each Ingress class, and each Gateway."""
    classes: set[str] = set()
    for ingress in _ingresses(view):
        if name in ingress.hosts and ingress.effective_class not in classes:
            classes.add(ingress.effective_class)
            yield trace_ingress(view, ingress, host)
    for gateway in _gateways(view):
        if any(name in hosts_of(gateway, route) for route in routes_of(view, gateway)):
            yield trace_gateway(view, gateway, host)


def _gateways(view: ClusterView) -> list[Gateway]:
    return sorted(view.state.gateways, key=lambda item: (item.created, item.key))


def _ingresses(view: ClusterView) -> list[Ingress]:
    # If several Ingresses have the same host, controllers use the oldest.
    return sorted(view.state.ingresses, key=lambda item: (item.created, item.key))


def _wildcard(host: str) -> str:
    return f"*.{host.partition('.')[2]}"


def _require_read(view: ClusterView, kind: Kind, what: str) -> None:
    """Raise `UserError` if the kind was not read, because then the object may exist."""
    if not view.state.is_known(kind):
        plural = RESOURCES[kind].plural
        reason = view.state.status(kind).reason or "not given"
        raise UserError(f"It is not known whether there is a {what}: {plural}: {safe(reason)}.")


def _path(key: Key) -> str:
    return safe("/".join(key))


def _quoted(text: str) -> str:
    return f"'{safe(text[:200])}'"


def _any_of(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
