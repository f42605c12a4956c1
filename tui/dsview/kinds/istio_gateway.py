"""Istio's own Gateway, which is not the Gateway of the Gateway API (istio/api networking/v1/gateway.proto).

Only its pod selector, and whether a server has a `bind`, are read.
"""

from __future__ import annotations

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import NO_LABELS, Labels, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, without_empty


class IstioGateway(Object, frozen=True, gc=False):
    """A Gateway of networking.istio.io. `binds`: whether a server has a `bind`, which replaces the wildcard address."""

    selector: Labels = NO_LABELS
    binds: bool = False

    def selects(self, labels: Labels) -> bool:
        """Whether its servers apply to pods with these labels. Without a selector, they apply to all gateway pods."""
        return all(labels.get(key) == value for key, value in self.selector.items())


class _Server(Wire):
    bind: str | None = None


class _Spec(Wire):
    selector: dict[str, str] | None = None
    servers: list[_Server] | None = None


class IstioGatewayWire(Wire):
    """networking.istio.io Gateway."""

    metadata: ObjectMeta
    spec: _Spec | None = None


def _decode(o: IstioGatewayWire) -> IstioGateway:
    spec = o.spec or _Spec()
    return IstioGateway(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        selector=spec.selector or NO_LABELS,
        binds=any(server.bind for server in spec.servers or ()),
    )


def _encode(item: IstioGateway) -> Json:
    servers = [{"bind": "given"}] if item.binds else None
    return {"spec": without_empty(selector=dict(item.selector), servers=servers)}


ISTIO_GATEWAY = Resource(
    kind=Kind.ISTIO_GATEWAY,
    group="networking.istio.io",
    versions=("v1", "v1beta1", "v1alpha3"),
    plural="gateways",
    namespaced=True,
    optional=True,
    alias="istio-gateway",
    served_as="Gateway",
    wire=IstioGatewayWire,
    decode=_decode,
    encode=_encode,
)
