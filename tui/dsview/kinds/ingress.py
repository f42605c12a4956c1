"""Ingresses."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dsview.kinds.annotations import (
    IGNORE_ANNOTATION,
    Annotations,
    annotation_reader,
    matching_annotations,
    without_ignore,
)
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.load_balancer import LoadBalancerIngress, ServiceStatus, encode_load_balancer, ingress_entries
from dsview.kinds.metadata import Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, without_empty


class IngressBackend(msgspec.Struct, frozen=True, gc=False):
    """A Service in a path or the default backend of an Ingress. `host` is empty if it applies to every host."""

    host: str
    service: str
    port: int | str = ""


CLASS_ANNOTATION = "kubernetes.io/ingress.class"
"""The annotation that named the class before spec.ingressClassName existed."""


class Ingress(Object, frozen=True, gc=False):
    """A networking.k8s.io Ingress. `annotations` contains only those that are read."""

    class_name: str = ""
    backends: tuple[IngressBackend, ...] = ()
    hosts: tuple[str, ...] = ()
    load_balancer_ingress: tuple[LoadBalancerIngress, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def effective_class(self) -> str:
        """The class in the field, otherwise in the annotation; empty for the default class."""
        return self.class_name or dict(self.annotations).get(CLASS_ANNOTATION, "")

    @property
    def is_manifest(self) -> bool:
        """Whether this is a manifest that has not been sent to an API server."""
        return not (self.uid or self.created or self.load_balancer_ingress)


INGRESS_ANNOTATIONS = (
    CLASS_ANNOTATION,
    "nginx.ingress.kubernetes.io/ssl-passthrough",
)

SOURCE_RANGE_ANNOTATIONS = ("whitelist-source-range", "allowlist-source-range", "denylist-source-range")
"""The annotations of an Ingress that specify source ranges, without their prefix, which `--annotations-prefix` sets."""

SERVICE_UPSTREAM = "service-upstream"
"""The annotation that makes requests go to the cluster IP of a backend, likewise without its prefix."""

_PREFIXED_ANNOTATIONS = tuple(f"/{name}" for name in (*SOURCE_RANGE_ANNOTATIONS, SERVICE_UPSTREAM))
_named_annotations = annotation_reader(IGNORE_ANNOTATION, *INGRESS_ANNOTATIONS)


def ingress_annotations(raw: msgspec.Raw) -> Annotations:
    """The annotations of an Ingress that are read: those with a fixed name, and those with any prefix."""
    return (*_named_annotations(raw), *matching_annotations(raw, _PREFIXED_ANNOTATIONS, str.endswith))


class BackendPort(Wire):
    """backend.service.port of an Ingress."""

    number: int | None = None
    name: str | None = None


class BackendService(Wire):
    """backend.service of an Ingress."""

    name: str = ""
    port: BackendPort | None = None


class Backend(Wire):
    """A backend of an Ingress. `service_name` and `service_port` are those of v1beta1, as in files of old clusters."""

    service: BackendService | None = None
    service_name: str | None = None
    service_port: int | str | None = None


class HTTPPath(Wire):
    """rules[].http.paths[] of an Ingress."""

    backend: Backend | None = None


class HTTPRule(Wire):
    """rules[].http of an Ingress."""

    paths: list[HTTPPath] | None = None


class IngressRule(Wire):
    """rules[] of an Ingress."""

    host: str | None = None
    http: HTTPRule | None = None


class IngressSpec(Wire):
    """spec of an Ingress."""

    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    backend: Backend | None = None
    rules: list[IngressRule] | None = None


class IngressWire(Wire):
    """networking.k8s.io/v1 Ingress."""

    metadata: ObjectMeta
    spec: IngressSpec | None = None
    status: ServiceStatus | None = None


def _backend(host: str, backend: Backend | None) -> Iterable[IngressBackend]:
    if backend is not None and backend.service is not None and backend.service.name:
        port = backend.service.port or BackendPort()
        yield IngressBackend(host, backend.service.name, port.number or port.name or "")
    elif backend is not None and backend.service_name:
        yield IngressBackend(host, backend.service_name, backend.service_port or "")


def _decode(o: IngressWire) -> Ingress:
    spec = o.spec or IngressSpec()
    annotations = ingress_annotations(o.metadata.annotations)
    backends = list(_backend("", spec.default_backend or spec.backend))
    for rule in spec.rules or ():
        for path in (rule.http.paths if rule.http else None) or ():
            backends.extend(_backend(rule.host or "", path.backend))
    return Ingress(
        **read_meta(o.metadata, annotations),
        class_name=spec.ingress_class_name or "",
        backends=tuple(dict.fromkeys(backends)),
        hosts=tuple(dict.fromkeys(rule.host or "*" for rule in spec.rules or ())),
        load_balancer_ingress=ingress_entries(o.status),
        annotations=without_ignore(annotations),
    )


def _encode(item: Ingress) -> Json:
    # Rules without paths come first, because rules determine the order of the hosts.
    rules: list[Json] = [{} if host == "*" else {"host": host} for host in item.hosts]
    default: Json | None = None
    for i, b in enumerate(item.backends):
        port = {"number": b.port} if isinstance(b.port, int) else without_empty(name=b.port)
        backend = {"service": {"name": b.service, "port": port}}
        if i == 0 and not b.host:
            default = backend
        else:
            rules.append(without_empty(host=b.host, http={"paths": [{"backend": backend}]}))
    spec = without_empty(ingressClassName=item.class_name, defaultBackend=default, rules=rules)
    return {"_annotations": item.annotations, "spec": spec, "status": encode_load_balancer(item.load_balancer_ingress)}


INGRESS = Resource(
    kind=Kind.INGRESS,
    group="networking.k8s.io",
    versions=("v1",),
    plural="ingresses",
    namespaced=True,
    has_detail=True,
    has_protobuf=True,
    alias="ingress",
    wire=IngressWire,
    decode=_decode,
    encode=_encode,
)
