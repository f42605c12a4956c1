"""The kinds of object that dsview reads, and what each kind's module declares about it."""

from __future__ import annotations

from collections.abc import Callable
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
    """The Gateway of networking.istio.io, which has its name in common with that of the Gateway API."""

    PROXY_LISTENERS = "ProxyListeners"
    """Not a Kubernetes kind: the addresses that a proxy pod listens on, according to its configuration."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A kind: where the API serves it, and how it is read and written. Its module makes it; `registry` lists it.

    `versions` are tried in the order given; `core` kinds are the ones a verdict cannot do without, `optional`
    ones those of add-ons: that a cluster does not serve them is normal, and nothing is said of it. `alias` is what
    redaction calls names of the kind (`pod-1`). `has_detail`: one object can be shown by itself, with its facts and as
    YAML, for which it is read anew. `wire` is the JSON that is read, `decode` makes the kept object of it,
    and `encode` gives the object's fields beside `metadata` in Kubernetes' shape; there, `_annotations` and `_owners`
    are what belongs in the metadata. `served_as` is what the API calls the kind, where another kind has that name.
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
        """The kind as its objects write it."""
        return self.served_as or self.kind.value

    @property
    def rbac_name(self) -> str:
        """`plural.group`, as in API errors and `kubectl auth can-i`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural
