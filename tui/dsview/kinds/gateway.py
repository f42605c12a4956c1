"""Gateway API: the fields of GatewayClass, Gateway and HTTPRoute that say how traffic enters and where it goes.

The fields are those of gateway.networking.k8s.io/v1 (kubernetes-sigs/gateway-api apis/v1).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.condition import ConditionWire
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Key, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Memo, Wire, iso_time, seconds, texts, without_empty

GROUP = "gateway.networking.k8s.io"


class ParametersRef(msgspec.Struct, frozen=True, gc=False):
    """A parametersRef. An empty `namespace` means that of the referring object."""

    group: str
    kind: str
    name: str
    namespace: str = ""


class GatewayClass(Object, frozen=True, gc=False):
    """A GatewayClass: the controller that serves the Gateways of the class."""

    controller: str = ""
    parameters: ParametersRef | None = None


class GatewayListener(msgspec.Struct, frozen=True, gc=False):
    """One of a Gateway's listeners."""

    name: str
    port: int
    protocol: str = ""
    hostname: str = ""


class GatewayAddress(msgspec.Struct, frozen=True, gc=False):
    """An address of a Gateway: `IPAddress`, `Hostname`, or a type that the controller defines."""

    type: str
    value: str


class Gateway(Object, frozen=True, gc=False):
    """A Gateway. `requested` is spec.addresses, `addresses` is status.addresses; `programmed` is empty if unknown."""

    class_name: str = ""
    listeners: tuple[GatewayListener, ...] = ()
    requested: tuple[GatewayAddress, ...] = ()
    addresses: tuple[GatewayAddress, ...] = ()
    programmed: str = ""
    programmed_since: int = 0
    parameters: ParametersRef | None = None


class RouteBackend(msgspec.Struct, frozen=True, gc=False):
    """A Service to which a rule of a route sends requests."""

    namespace: str
    name: str
    port: int = 0

    @property
    def key(self) -> Key:
        """The key of the Service."""
        return (self.namespace, self.name)


class HTTPRoute(Object, frozen=True, gc=False):
    """An HTTPRoute. `parents` are the Gateways that it names, `accepted` those of them that accepted it.

    `sections` are the listeners that it names, each with its Gateway. It attaches to all listeners of other Gateways.
    """

    hostnames: tuple[str, ...] = ()
    parents: tuple[Key, ...] = ()
    accepted: tuple[Key, ...] = ()
    sections: tuple[tuple[Key, str], ...] = ()
    backends: tuple[RouteBackend, ...] = ()


class _ParametersWire(Wire):
    group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str | None = None


class _ClassSpec(Wire):
    controller_name: str | None = None
    parameters_ref: _ParametersWire | None = None


class GatewayClassWire(Wire):
    """gateway.networking.k8s.io GatewayClass."""

    metadata: ObjectMeta
    spec: _ClassSpec | None = None


class _ListenerWire(Wire):
    name: str = ""
    port: int = 0
    protocol: str | None = None
    hostname: str | None = None


class _AddressWire(Wire):
    type: str | None = None
    value: str | None = None


class _Infrastructure(Wire):
    parameters_ref: _ParametersWire | None = None


class _GatewaySpec(Wire):
    gateway_class_name: str | None = None
    listeners: list[_ListenerWire] | None = None
    addresses: list[_AddressWire] | None = None
    infrastructure: _Infrastructure | None = None


class _GatewayStatus(Wire):
    addresses: list[_AddressWire] | None = None
    conditions: list[ConditionWire] | None = None


class GatewayWire(Wire):
    """gateway.networking.k8s.io Gateway."""

    metadata: ObjectMeta
    spec: _GatewaySpec | None = None
    status: _GatewayStatus | None = None


class _ParentWire(Wire):
    group: str | None = None
    kind: str | None = None
    name: str = ""
    namespace: str | None = None
    section_name: str | None = None


class _BackendWire(Wire):
    group: str | None = None
    kind: str | None = None
    name: str = ""
    namespace: str | None = None
    port: int | None = None


class _RouteRule(Wire):
    backend_refs: list[_BackendWire] | None = None


class _RouteSpec(Wire):
    hostnames: list[str] | None = None
    parent_refs: list[_ParentWire] | None = None
    rules: list[_RouteRule] | None = None


class _RouteParent(Wire):
    parent_ref: _ParentWire | None = None
    conditions: list[ConditionWire] | None = None


class _RouteStatus(Wire):
    parents: list[_RouteParent] | None = None


class HTTPRouteWire(Wire):
    """gateway.networking.k8s.io HTTPRoute."""

    metadata: ObjectMeta
    spec: _RouteSpec | None = None
    status: _RouteStatus | None = None


def _parameters(ref: _ParametersWire | None) -> ParametersRef | None:
    return ParametersRef(ref.group, ref.kind, ref.name, ref.namespace or "") if ref is not None and ref.name else None


def _addresses(found: list[_AddressWire] | None) -> tuple[GatewayAddress, ...]:
    return tuple(GatewayAddress(a.type or "IPAddress", a.value) for a in found or () if a.value)


def _read_gateway_class(o: GatewayClassWire) -> GatewayClass:
    spec = o.spec or _ClassSpec()
    return GatewayClass(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        controller=spec.controller_name or "",
        parameters=_parameters(spec.parameters_ref),
    )


def _read_gateway(o: GatewayWire) -> Gateway:
    spec, status = o.spec or _GatewaySpec(), o.status or _GatewayStatus()
    programmed = next((c for c in status.conditions or () if c.type == "Programmed"), None)
    return Gateway(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        class_name=spec.gateway_class_name or "",
        listeners=tuple(
            GatewayListener(x.name, x.port, x.protocol or "", x.hostname or "") for x in spec.listeners or ()
        ),
        requested=_addresses(spec.addresses),
        addresses=_addresses(status.addresses),
        programmed=programmed.status if programmed is not None else "",
        programmed_since=seconds(programmed.last_transition_time) if programmed is not None else 0,
        parameters=_parameters(spec.infrastructure.parameters_ref if spec.infrastructure is not None else None),
    )


def _interned_key(names: tuple[str, str]) -> Key:
    return (sys.intern(names[0]), sys.intern(names[1]))


_gateway_keys: Memo[tuple[str, str], Key] = Memo(_interned_key)
"""Many routes name the same Gateway, and each names it twice: in the spec and in the status."""


_gateway_lists: Memo[tuple[Key, ...], tuple[Key, ...]] = Memo(lambda keys: keys)
"""Most routes have one parent, the Gateway that other routes have as well."""


def _gateway_key(parent: _ParentWire | None, namespace: str) -> Key | None:
    if parent is None or (parent.kind or "Gateway") != "Gateway" or (parent.group or GROUP) != GROUP:
        return None
    return _gateway_keys[(parent.namespace or namespace, parent.name)]


def _read_http_route(o: HTTPRouteWire) -> HTTPRoute:
    # Loops instead of generators: there are thousands of routes, and most have one parent and one backend.
    spec, status = o.spec or _RouteSpec(), o.status or _RouteStatus()
    meta = read_meta(o.metadata, plain_annotations(o.metadata.annotations))
    namespace: str = meta["namespace"]
    parents: dict[Key, None] = {}
    sections: dict[tuple[Key, str], None] = {}
    for ref in spec.parent_refs or ():
        if (key := _gateway_key(ref, namespace)) is not None:
            parents[key] = None
            sections[(key, ref.section_name or "")] = None
    accepted: dict[Key, None] = {}
    for parent in status.parents or ():
        for condition in parent.conditions or ():
            if condition.type == "Accepted" and condition.status == "True":
                # The status may still have a Gateway that the route no longer names.
                key = _gateway_key(parent.parent_ref, namespace)
                if key is not None and key in parents:
                    accepted[key] = None
                break
    backends: dict[RouteBackend, None] = {}
    for rule in spec.rules or ():
        for target in rule.backend_refs or ():
            if target.name and (target.kind or "Service") == "Service" and not target.group:
                backend_namespace = sys.intern(target.namespace or namespace)
                backends[RouteBackend(backend_namespace, sys.intern(target.name), target.port or 0)] = None
    parent_keys, accepted_keys = _gateway_lists[tuple(parents)], _gateway_lists[tuple(accepted)]
    return HTTPRoute(
        **meta,
        hostnames=texts(spec.hostnames),
        parents=parent_keys,
        accepted=accepted_keys,
        sections=tuple((key, name) for key, name in sections if name and (key, "") not in sections),
        backends=tuple(backends),
    )


def _parameters_body(ref: ParametersRef | None) -> Json:
    return (
        without_empty(group=ref.group, kind=ref.kind, name=ref.name, namespace=ref.namespace) if ref is not None else {}
    )


def _encode_gateway_class(item: GatewayClass) -> Json:
    return {"spec": without_empty(controllerName=item.controller, parametersRef=_parameters_body(item.parameters))}


def _encode_gateway(item: Gateway) -> Json:
    parameters = _parameters_body(item.parameters)
    listeners = [
        without_empty(name=x.name, port=x.port, protocol=x.protocol, hostname=x.hostname) for x in item.listeners
    ]
    since = iso_time(item.programmed_since)
    programmed = without_empty(type="Programmed", status=item.programmed, lastTransitionTime=since)
    return {
        "spec": without_empty(
            gatewayClassName=item.class_name,
            listeners=listeners,
            addresses=[without_empty(type=a.type, value=a.value) for a in item.requested],
            infrastructure={"parametersRef": parameters} if parameters else None,
        ),
        "status": without_empty(
            addresses=[without_empty(type=a.type, value=a.value) for a in item.addresses],
            conditions=[programmed] if item.programmed else None,
        ),
    }


def _parent_refs(item: HTTPRoute) -> list[Json]:
    refs: list[Json] = []
    for parent in item.parents:
        namespace, name = parent
        names = [section for key, section in item.sections if key == parent] or [""]
        refs += [without_empty(name=name, namespace=namespace, sectionName=section) for section in names]
    return refs


def _encode_http_route(item: HTTPRoute) -> Json:
    backends = [without_empty(name=b.name, namespace=b.namespace, port=b.port) for b in item.backends]
    accepted = [{"type": "Accepted", "status": "True"}]
    return {
        "spec": without_empty(
            hostnames=list(item.hostnames),
            parentRefs=_parent_refs(item),
            rules=[{"backendRefs": backends}] if backends else None,
        ),
        "status": without_empty(
            parents=[
                {"parentRef": without_empty(name=name, namespace=namespace), "conditions": accepted}
                for namespace, name in item.accepted
            ]
        ),
    }


def _resource(
    kind: Kind, plural: str, wire: type[Any], decode: Callable[[Any], Any], encode: Callable[[Any], Json]
) -> Resource:
    return Resource(
        kind=kind,
        group=GROUP,
        versions=("v1", "v1beta1"),
        plural=plural,
        namespaced=kind is not Kind.GATEWAY_CLASS,
        optional=True,
        has_detail=kind in (Kind.GATEWAY, Kind.HTTP_ROUTE),
        alias=kind.value.lower(),
        wire=wire,
        decode=decode,
        encode=encode,
    )


GATEWAY_CLASS = _resource(
    Kind.GATEWAY_CLASS, "gatewayclasses", GatewayClassWire, _read_gateway_class, _encode_gateway_class
)
GATEWAY = _resource(Kind.GATEWAY, "gateways", GatewayWire, _read_gateway, _encode_gateway)
HTTP_ROUTE = _resource(Kind.HTTP_ROUTE, "httproutes", HTTPRouteWire, _read_http_route, _encode_http_route)
