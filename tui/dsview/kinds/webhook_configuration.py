"""Webhook configurations, validating and mutating: the Services that the API server calls."""

from __future__ import annotations

from collections.abc import Callable

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Key, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire


class WebhookConfiguration(Object, frozen=True, gc=False):
    """A validating or mutating webhook configuration, or an APIService: the Services that it calls."""

    kind: str = ""
    services: tuple[Key, ...] = ()


class ServiceReference(Wire):
    """clientConfig.service of a webhook, spec.service of an APIService."""

    namespace: str = ""
    name: str = ""


class ClientConfig(Wire):
    """clientConfig of a webhook."""

    service: ServiceReference | None = None


class Webhook(Wire):
    """webhooks[]."""

    client_config: ClientConfig | None = None


class WebhookConfigurationWire(Wire):
    """admissionregistration.k8s.io/v1 webhook configurations."""

    metadata: ObjectMeta
    webhooks: list[Webhook] | None = None


def _decoder(kind: Kind) -> Callable[[WebhookConfigurationWire], WebhookConfiguration]:
    def convert(o: WebhookConfigurationWire) -> WebhookConfiguration:
        called = (h.client_config.service for h in o.webhooks or () if h.client_config)
        return WebhookConfiguration(
            **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
            kind=kind.value,
            services=tuple(dict.fromkeys((s.namespace, s.name) for s in called if s)),
        )

    return convert


def _encode(item: WebhookConfiguration) -> Json:
    calls = [{"namespace": namespace, "name": name} for namespace, name in item.services]
    return {"webhooks": [{"clientConfig": {"service": call}} for call in calls]}


VALIDATING_WEBHOOK = Resource(
    kind=Kind.VALIDATING_WEBHOOK,
    group="admissionregistration.k8s.io",
    versions=("v1",),
    plural="validatingwebhookconfigurations",
    namespaced=False,
    alias="webhook",
    wire=WebhookConfigurationWire,
    decode=_decoder(Kind.VALIDATING_WEBHOOK),
    encode=_encode,
)

MUTATING_WEBHOOK = Resource(
    kind=Kind.MUTATING_WEBHOOK,
    group="admissionregistration.k8s.io",
    versions=("v1",),
    plural="mutatingwebhookconfigurations",
    namespaced=False,
    alias="webhook",
    wire=WebhookConfigurationWire,
    decode=_decoder(Kind.MUTATING_WEBHOOK),
    encode=_encode,
)
