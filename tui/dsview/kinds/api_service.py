"""APIServices: aggregated APIs that a Service in the cluster serves."""

from __future__ import annotations

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import ObjectMeta, read_meta
from dsview.kinds.webhook_configuration import ServiceReference, WebhookConfiguration
from dsview.kinds.wire import Json, Wire


class APIServiceSpec(Wire):
    """spec of an APIService."""

    service: ServiceReference | None = None


class APIServiceWire(Wire):
    """apiregistration.k8s.io/v1 APIService."""

    metadata: ObjectMeta
    spec: APIServiceSpec | None = None


def _decode(o: APIServiceWire) -> WebhookConfiguration:
    service = o.spec.service if o.spec else None
    return WebhookConfiguration(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        kind=Kind.API_SERVICE.value,
        services=((service.namespace, service.name),) if service else (),
    )


def _encode(item: WebhookConfiguration) -> Json:
    calls = [{"namespace": namespace, "name": name} for namespace, name in item.services]
    return {"spec": {"service": calls[0]} if calls else {}}


API_SERVICE = Resource(
    kind=Kind.API_SERVICE,
    group="apiregistration.k8s.io",
    versions=("v1",),
    plural="apiservices",
    namespaced=False,
    alias="api",
    wire=APIServiceWire,
    decode=_decode,
    encode=_encode,
)
