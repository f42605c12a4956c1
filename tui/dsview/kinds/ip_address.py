"""IPAddresses: one for each allocated cluster IP."""

from __future__ import annotations

import sys

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import NO_LABELS, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, without_empty


class IPAddress(Object, frozen=True, gc=False):
    """A networking.k8s.io IPAddress: its name is the address. `parent_*` names the Service that has it."""

    parent_resource: str = ""
    parent_namespace: str = ""
    parent_name: str = ""


class ParentRef(Wire):
    """spec.parentRef of an IPAddress."""

    resource: str | None = None
    namespace: str | None = None
    name: str | None = None


class IPAddressSpec(Wire):
    """spec of an IPAddress."""

    parent_ref: ParentRef | None = None


class IPAddressWire(Wire):
    """networking.k8s.io IPAddress."""

    metadata: ObjectMeta
    spec: IPAddressSpec | None = None


def _decode(o: IPAddressWire) -> IPAddress:
    parent = (o.spec.parent_ref if o.spec else None) or ParentRef()
    meta = read_meta(o.metadata, plain_annotations(o.metadata.annotations))
    return IPAddress(
        **{**meta, "labels": NO_LABELS},
        parent_resource=sys.intern(parent.resource or ""),
        parent_namespace=sys.intern(parent.namespace or ""),
        parent_name=parent.name or "",
    )


def _encode(item: IPAddress) -> Json:
    parent = without_empty(resource=item.parent_resource, namespace=item.parent_namespace, name=item.parent_name)
    return {"spec": {"parentRef": parent}}


IP_ADDRESS = Resource(
    kind=Kind.IP_ADDRESS,
    group="networking.k8s.io",
    versions=("v1", "v1beta1"),
    plural="ipaddresses",
    namespaced=False,
    has_protobuf=True,
    alias="address",
    wire=IPAddressWire,
    decode=_decode,
    encode=_encode,
)
