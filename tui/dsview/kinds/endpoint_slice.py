"""EndpointSlices, packed: 15,000 slices with 300,000 endpoints take 120 to 200 MB as Structs, 20 MB as joined text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import msgspec

from dsview.core.redacted import is_redacted
from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Key, Labels, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, texts, without_empty

_READY = 1


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    """One endpoint of a slice, unpacked for reading.

    `ready` is true unless the condition is false: null means ready. `target` is the namespace and name of its Pod, and
    `target_uid` the uid of that Pod. Both are empty if the slice does not contain them.
    """

    addresses: tuple[str, ...]
    ready: bool
    target: Key
    target_uid: str
    node_name: str

    @property
    def identity(self) -> str:
        """What distinguishes the endpoint: the uid of its target, otherwise its name, otherwise the addresses."""
        return self.target_uid or "/".join(self.target).strip("/") or ",".join(self.addresses)


class EndpointSlice(Object, frozen=True, gc=False):
    """A discovery.k8s.io/v1 EndpointSlice.

    `service_name` and `managed_by` are the values of the labels with this meaning. Endpoints are packed in `rows`, one
    line each, with fields separated by tabs; `endpoints()` unpacks them.
    """

    address_type: str = ""
    service_name: str = ""
    managed_by: str = ""
    size: int = 0
    rows: str = ""

    def endpoints(self) -> Iterator[Endpoint]:
        """The endpoints, in their order in the object."""
        return map(unpack, self.packed())

    def packed(self) -> list[str]:
        """The rows, for `unpack` and similar functions."""
        return self.rows.split("\n") if self.size else []


def unpack(row: str) -> Endpoint:
    """The endpoint of a row."""
    flags, addresses, namespace, name, uid, node_name = row.split("\t")
    return Endpoint(
        addresses=tuple(addresses.split(",")) if addresses else (),
        ready=bool(int(flags) & _READY),
        target=(namespace, name),
        target_uid=uid,
        node_name=node_name,
    )


def unpack_identity(row: str) -> tuple[str, bool]:
    """`Endpoint.identity` and `ready` of a row, at a third of the cost of unpacking all of it."""
    flags, addresses, namespace, name, uid, _ = row.split("\t")
    return uid or f"{namespace}/{name}".strip("/") or addresses, flags == "1"


_NO_TARGET = "\t\t\t\t"
"""The end of a row that names neither a pod nor a node."""

PLACEHOLDER = "192.192.192.192"
"""The endpoint that Cilium adds to the Services of its Gateways and Ingresses: the proxy on each node accepts the
traffic of both families (cilium/cilium operator/pkg/model/translation).
"""


def is_placeholder(row: str) -> bool:
    """Whether the endpoint of a row never receives traffic, and therefore says nothing about either family."""
    return PLACEHOLDER in row and unpack_addresses(row) == (PLACEHOLDER,)


def is_hidden(row: str) -> bool:
    """Whether a capture hides the endpoint of a row that names neither a pod nor a node: it may be the placeholder."""
    addresses = unpack_addresses(row) if row.endswith(_NO_TARGET) else ()
    return bool(addresses) and all(map(is_redacted, addresses))


def unpack_addresses(row: str) -> tuple[str, ...]:
    """`Endpoint.addresses` of a row."""
    addresses = row.split("\t", 2)[1]
    return tuple(addresses.split(",")) if addresses else ()


def pack(endpoints: Iterable[Endpoint]) -> tuple[int, str]:
    """The number of endpoints, and their rows. Separators inside hostile text become spaces."""
    rows = [
        "\t".join(
            (
                str(_READY if e.ready else 0),
                ",".join(_clean(a).replace(",", " ") for a in e.addresses),
                _clean(e.target[0]),
                _clean(e.target[1]),
                _clean(e.target_uid),
                _clean(e.node_name),
            )
        )
        for e in endpoints
    ]
    return len(rows), "\n".join(rows)


def _clean(text: str) -> str:
    return text if text.isprintable() else text.replace("\t", " ").replace("\n", " ")


class Conditions(Wire):
    """endpoints[].conditions; null means true."""

    ready: bool | None = None


class TargetRef(Wire):
    """endpoints[].targetRef."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class EndpointWire(Wire):
    """endpoints[] of an EndpointSlice. `topology` names the node in v1beta1, which files of old clusters contain."""

    addresses: list[str] | None = None
    conditions: Conditions | None = None
    target_ref: TargetRef | None = None
    node_name: str | None = None
    topology: dict[str, str] | None = None


class EndpointSliceWire(Wire):
    """discovery.k8s.io/v1 EndpointSlice."""

    metadata: ObjectMeta
    address_type: str | None = None
    endpoints: list[EndpointWire] | None = None


def _decode(o: EndpointSliceWire) -> EndpointSlice:
    meta = read_meta(o.metadata, plain_annotations(o.metadata.annotations))
    size, rows = pack(_endpoint(e, meta["namespace"]) for e in o.endpoints or ())
    labels: Labels = meta["labels"]
    return EndpointSlice(
        **meta,
        address_type=sys.intern(o.address_type or ""),
        service_name=labels.get("kubernetes.io/service-name", ""),
        managed_by=labels.get("endpointslice.kubernetes.io/managed-by", ""),
        size=size,
        rows=rows,
    )


def _endpoint(e: EndpointWire, namespace: str) -> Endpoint:
    target = e.target_ref
    is_pod = target is not None and target.kind in (None, "Pod")
    return Endpoint(
        addresses=texts(e.addresses),
        ready=e.conditions is None or e.conditions.ready is not False,
        target=(target.namespace or namespace, target.name or "") if target is not None and is_pod else ("", ""),
        target_uid=(target.uid or "") if target is not None else "",
        node_name=e.node_name or (e.topology or {}).get("kubernetes.io/hostname", ""),
    )


def _encode(item: EndpointSlice) -> Json:
    endpoints = []
    for e in item.endpoints():
        # Only a Pod is kept by name; for any other target, only the uid is kept.
        kind = "Pod" if any(e.target) else "Other" if e.target_uid else ""
        target = without_empty(kind=kind, namespace=e.target[0], name=e.target[1], uid=e.target_uid)
        endpoints.append(
            {
                "addresses": list(e.addresses),
                "conditions": {"ready": e.ready},
                **without_empty(targetRef=target, nodeName=e.node_name),
            }
        )
    return {"addressType": item.address_type, "endpoints": endpoints}


ENDPOINT_SLICE = Resource(
    kind=Kind.ENDPOINT_SLICE,
    group="discovery.k8s.io",
    versions=("v1",),
    plural="endpointslices",
    namespaced=True,
    core=True,
    has_detail=True,
    has_protobuf=True,
    alias="slice",
    wire=EndpointSliceWire,
    decode=_decode,
    encode=_encode,
)
