"""Endpoints, the older form of EndpointSlices. Only read for DS-EPS-006."""

from __future__ import annotations

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Object, ObjectMeta, read_meta
from dsview.kinds.pod import PodIP
from dsview.kinds.wire import Json, Wire


class Endpoints(Object, frozen=True, gc=False):
    """A v1 Endpoints object: the addresses of all its subsets. Only read for DS-EPS-006."""

    addresses: tuple[str, ...] = ()


class EndpointSubset(Wire):
    """subsets[] of an Endpoints object."""

    addresses: list[PodIP] | None = None
    not_ready_addresses: list[PodIP] | None = None


class EndpointsWire(Wire):
    """v1 Endpoints."""

    metadata: ObjectMeta
    subsets: list[EndpointSubset] | None = None


def _decode(o: EndpointsWire) -> Endpoints:
    addresses = tuple(
        a.ip
        for subset in o.subsets or ()
        for group in (subset.addresses, subset.not_ready_addresses)
        for a in group or ()
        if a.ip
    )
    return Endpoints(**read_meta(o.metadata, plain_annotations(o.metadata.annotations)), addresses=addresses)


def _encode(item: Endpoints) -> Json:
    return {"subsets": [{"addresses": [{"ip": ip} for ip in item.addresses]}]}


ENDPOINTS = Resource(
    kind=Kind.ENDPOINTS,
    group="",
    versions=("v1",),
    plural="endpoints",
    namespaced=True,
    alias="service",
    wire=EndpointsWire,
    decode=_decode,
    encode=_encode,
)
