"""The configuration of Gateway controllers: EnvoyProxy, NginxProxy and CiliumGatewayClassConfig.

Only the fields that determine address families are read. The groups and versions are those of the projects' own CRDs.
"""

from __future__ import annotations

from collections.abc import Callable

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, texts


class GatewayParameters(Object, frozen=True, gc=False):
    """The settings of a controller or of one Gateway.

    `ip_family` is spec.ipFamily in the controller's own vocabulary; empty if it is not set. `routing_type` is that of
    an EnvoyProxy; with `Service`, requests go to the cluster IPs of backends. `ip_family_policy` and `ip_families` are
    requested for the Service. `merge_type` says how an EnvoyProxy is merged with that of the class; if it is empty, it
    replaces it.
    """

    kind: str = ""
    ip_family: str = ""
    merge_gateways: bool = False
    merge_type: str = ""
    routing_type: str = ""
    ip_family_policy: str = ""
    ip_families: tuple[str, ...] = ()

    @property
    def replaces_class(self) -> bool:
        """Whether these parameters of a Gateway replace all parameters of the class.

        Envoy Gateway only merges if it is configured to (api/v1alpha1/envoyproxy_types.go, MergeType).
        """
        return self.kind == Kind.ENVOY_PROXY.value and self.merge_type in {"", "Replace"}


class _ServiceWire(Wire):
    ip_family_policy: str | None = None
    ip_families: list[str] | None = None


class _Spec(Wire):
    ip_family: str | None = None
    merge_gateways: bool | None = None
    merge_type: str | None = None
    routing_type: str | None = None
    service: _ServiceWire | None = None


class GatewayParametersWire(Wire):
    """An object of any of the three kinds."""

    metadata: ObjectMeta
    spec: _Spec | None = None


def _reader(kind: str) -> Callable[[GatewayParametersWire], GatewayParameters]:
    def read(o: GatewayParametersWire) -> GatewayParameters:
        spec = o.spec or _Spec()
        service = spec.service or _ServiceWire()
        return GatewayParameters(
            **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
            kind=kind,
            ip_family=spec.ip_family or "",
            merge_gateways=bool(spec.merge_gateways),
            merge_type=spec.merge_type or "",
            routing_type=spec.routing_type or "",
            ip_family_policy=service.ip_family_policy or "",
            ip_families=texts(service.ip_families),
        )

    return read


def _encode(item: GatewayParameters) -> Json:
    service = {"ipFamilyPolicy": item.ip_family_policy, "ipFamilies": list(item.ip_families)}
    spec = {
        "ipFamily": item.ip_family,
        "mergeGateways": item.merge_gateways,
        "mergeType": item.merge_type,
        "routingType": item.routing_type,
    }
    spec = {key: value for key, value in spec.items() if value}
    service_fields = {key: value for key, value in service.items() if value}
    return {"spec": {**spec, "service": service_fields} if service_fields else spec}


def _resource(kind: Kind, group: str, plural: str, *versions: str) -> Resource:
    return Resource(
        kind=kind,
        group=group,
        versions=versions,
        plural=plural,
        namespaced=True,
        optional=True,
        alias=kind.value.lower(),
        wire=GatewayParametersWire,
        decode=_reader(kind.value),
        encode=_encode,
    )


ENVOY_PROXY = _resource(Kind.ENVOY_PROXY, "gateway.envoyproxy.io", "envoyproxies", "v1alpha1")
NGINX_PROXY = _resource(Kind.NGINX_PROXY, "gateway.nginx.org", "nginxproxies", "v1alpha2", "v1alpha1")
CILIUM_GATEWAY_CLASS_CONFIG = _resource(
    Kind.CILIUM_GATEWAY_CLASS_CONFIG, "cilium.io", "ciliumgatewayclassconfigs", "v2alpha1"
)
