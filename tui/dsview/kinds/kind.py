"""The kinds of objects that dsview reads, and what each kind's module declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """A Kubernetes kind, by its Kubernetes name."""

    SERVICE = "Service"
    ENDPOINT_SLICE = "EndpointSlice"
    POD = "Pod"
    NODE = "Node"
    SERVICE_CIDR = "ServiceCIDR"
    IP_ADDRESS = "IPAddress"
    INGRESS = "Ingress"
    INGRESS_CLASS = "IngressClass"
    NETWORK_POLICY = "NetworkPolicy"
    VALIDATING_WEBHOOK = "ValidatingWebhookConfiguration"
    MUTATING_WEBHOOK = "MutatingWebhookConfiguration"
    API_SERVICE = "APIService"
    CONFIG_MAP = "ConfigMap"
    EVENT = "Event"
    ENDPOINTS = "Endpoints"
    GATEWAY_CLASS = "GatewayClass"
    GATEWAY = "Gateway"
    HTTP_ROUTE = "HTTPRoute"
    ENVOY_PROXY = "EnvoyProxy"
    NGINX_PROXY = "NginxProxy"
    CILIUM_GATEWAY_CLASS_CONFIG = "CiliumGatewayClassConfig"
    ISTIO_GATEWAY = "IstioGateway"
    """The Gateway of networking.istio.io. The API calls it Gateway, like that of the Gateway API."""

    PROXY_LISTENERS = "ProxyListeners"
    """Not a Kubernetes kind: the addresses that a proxy pod listens on, according to its configuration."""


KINDS_BY_NAME: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
"""The kinds by name, for names that may be of no kind."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A kind: where the API serves it, and how it is decoded and encoded. Each module defines its own.

    Attributes:
        versions: The API versions, in the order in which they are tried.
        core: A verdict requires this kind.
        optional: The kind belongs to an add-on. A cluster that does not serve it is normal and not reported.
        has_detail: A single object can be shown, with its facts, or as YAML, for which it is read again.
        has_protobuf: The API server supports protobuf for this kind.
        alias: The prefix of redacted names, as in `pod-1`.
        served_as: The API's name for the kind, if it is not unique.
        wire: The fields that are decoded from JSON.
        decode: Converts a wire struct to the object that is kept.
        encode: The fields of an object in Kubernetes' JSON shape, without `metadata`. `_annotations` and `_owners` are
            moved to the metadata.
    """

    kind: Kind
    group: str
    versions: tuple[str, ...]
    plural: str
    namespaced: bool
    core: bool = False
    optional: bool = False
    has_detail: bool = False
    has_protobuf: bool = False
    alias: str
    served_as: str = ""
    # Wire structs and kept objects differ by kind, so these can only be typed inside the module of each kind.
    wire: type[Any]
    decode: Callable[[Any], Any]
    encode: Callable[[Any], dict[str, Any]]

    def path(self, version: str, namespace: str | None = None) -> str:
        """The URL path of the collection, in one namespace or in all."""
        root = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{scope}/{self.plural}"

    @property
    def api_kind(self) -> str:
        """The value of the field `kind` in its objects."""
        return self.served_as or self.kind.value

    @property
    def rbac_name(self) -> str:
        """`plural.group`, as in API errors and `kubectl auth can-i`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural
