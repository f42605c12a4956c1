"""ServiceCIDRs: the ranges from which cluster IPs are allocated."""

from __future__ import annotations

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.condition import Condition, ConditionWire, encode_conditions
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, seconds, texts


class ServiceCIDR(Object, frozen=True, gc=False):
    """A networking.k8s.io ServiceCIDR. `deleted` is its deletion time, 0 if it is not being deleted."""

    deleted: int = 0
    cidrs: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


class ServiceCIDRSpec(Wire):
    """spec of a ServiceCIDR."""

    cidrs: list[str] | None = None


class ServiceCIDRStatus(Wire):
    """status of a ServiceCIDR."""

    conditions: list[ConditionWire] | None = None


class ServiceCIDRWire(Wire):
    """networking.k8s.io ServiceCIDR."""

    metadata: ObjectMeta
    spec: ServiceCIDRSpec | None = None
    status: ServiceCIDRStatus | None = None


def _decode(o: ServiceCIDRWire) -> ServiceCIDR:
    conditions = (o.status.conditions if o.status else None) or ()
    return ServiceCIDR(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        deleted=seconds(o.metadata.deletion_timestamp),
        cidrs=texts(o.spec.cidrs if o.spec else None),
        conditions=tuple(
            Condition(c.type, c.status, c.reason or "", seconds(c.last_transition_time)) for c in conditions
        ),
    )


def _encode(item: ServiceCIDR) -> Json:
    return {"spec": {"cidrs": list(item.cidrs)}, "status": {"conditions": encode_conditions(item.conditions)}}


SERVICE_CIDR = Resource(
    kind=Kind.SERVICE_CIDR,
    group="networking.k8s.io",
    versions=("v1", "v1beta1"),
    plural="servicecidrs",
    namespaced=False,
    alias="service-cidr",
    wire=ServiceCIDRWire,
    decode=_decode,
    encode=_encode,
)
