"""IngressClasses."""

from __future__ import annotations

from dsview.kinds.annotations import IGNORE_ANNOTATION, annotation_reader
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, without_empty


class IngressClass(Object, frozen=True, gc=False):
    """A networking.k8s.io IngressClass."""

    controller: str = ""
    is_default: bool = False


DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"

class_annotations = annotation_reader(IGNORE_ANNOTATION, DEFAULT_CLASS_ANNOTATION)


class IngressClassSpec(Wire):
    """spec of an IngressClass."""

    controller: str | None = None


class IngressClassWire(Wire):
    """networking.k8s.io/v1 IngressClass."""

    metadata: ObjectMeta
    spec: IngressClassSpec | None = None


def _decode(o: IngressClassWire) -> IngressClass:
    annotations = class_annotations(o.metadata.annotations)
    return IngressClass(
        **read_meta(o.metadata, annotations),
        controller=(o.spec.controller if o.spec else None) or "",
        is_default=(DEFAULT_CLASS_ANNOTATION, "true") in annotations,
    )


def _encode(item: IngressClass) -> Json:
    marks = {DEFAULT_CLASS_ANNOTATION: "true"} if item.is_default else {}
    return {"_annotations": marks, "spec": without_empty(controller=item.controller)}


INGRESS_CLASS = Resource(
    kind=Kind.INGRESS_CLASS,
    group="networking.k8s.io",
    versions=("v1",),
    plural="ingressclasses",
    namespaced=False,
    alias="class",
    wire=IngressClassWire,
    decode=_decode,
    encode=_encode,
)
