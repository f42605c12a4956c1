"""EndpointSlices from protobuf, up to 300,000 endpoints in one list."""

from __future__ import annotations

import sys

from dsview.kinds.annotations import IGNORE_ANNOTATION
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.metadata import entry_prefixes, read_annotations, read_meta

_ANNOTATIONS = (IGNORE_ANNOTATION,)
_PREFIXES = entry_prefixes(_ANNOTATIONS)


def decode_endpoint_slice(message: pb.EndpointSlice) -> EndpointSlice:
    """The same EndpointSlice that `kinds.endpoint_slice` makes from the JSON."""
    annotations = read_annotations(message.metadata, _ANNOTATIONS, _PREFIXES)
    meta = read_meta(message.metadata, annotations.get(IGNORE_ANNOTATION, ""))
    namespace, labels = meta["namespace"], meta["labels"]
    size, rows = pack([_endpoint(e, namespace) for e in message.endpoints[:]])
    return EndpointSlice(
        **meta,
        address_type=sys.intern(message.address_type),
        service_name=labels.get("kubernetes.io/service-name", ""),
        managed_by=labels.get("endpointslice.kubernetes.io/managed-by", ""),
        size=size,
        rows=rows,
    )


def _endpoint(e: pb.Endpoint, namespace: str) -> Endpoint:
    target, conditions = e.target_ref, e.conditions
    is_pod = e.HasField("target_ref") and target.kind in ("", "Pod")
    return Endpoint(
        addresses=tuple(e.addresses[:]),
        # Null means ready, and so does a missing field.
        ready=conditions.ready or not conditions.HasField("ready"),
        target=(target.namespace or namespace, target.name) if is_pod else ("", ""),
        target_uid=target.uid,
        node_name=e.node_name,
    )
