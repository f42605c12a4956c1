"""Determines the kind of an object that does not specify it.

Typed clients omit `kind` and `apiVersion`, and so do the archives of OpenShift Insights and other support bundles. The
fields or the path (`config/pod/shop/web.json`, `services.yaml`) then determine the kind.
"""

from __future__ import annotations

import re
from pathlib import PurePath

import msgspec
from msgspec import Raw

from dsview.core.address import family_of
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.sources.files.documents import BROKEN

_NOT_READ = (
    "clusterrole clusterrolebinding controllerrevision cronjob csidriver csinode customresourcedefinition daemonset "
    "deployment flowschema horizontalpodautoscaler job lease limitrange namespace persistentvolume "
    "persistentvolumeclaim poddisruptionbudget podtemplate priorityclass replicaset replicationcontroller "
    "resourcequota role rolebinding runtimeclass secret serviceaccount statefulset storageclass volumeattachment"
)
"""Kinds of Kubernetes that dsview does not read, in lower case."""

_NAMES: dict[str, Kind | None] = {
    name: None for kind in _NOT_READ.split() for name in (kind, f"{kind}es" if kind.endswith("s") else f"{kind}s")
}
_NAMES |= {
    name: kind
    for kind, resource in RESOURCES.items()
    for name in (
        *(() if resource.served_as else (kind.lower(), resource.plural)),
        resource.rbac_name,
        f"{resource.plural}.{resource.group or 'core'}",
    )
}
"""The kind that a file or a folder with this name contains; None for a kind that dsview does not read."""

_EXTENSION = re.compile(r"(?:\.(?:json|ya?ml|txt|log|out|err|gz))+$")
_COMMAND = re.compile(r"^(?:kubectl|oc)?[-_ ]*(?:get|all|list)?[-_ ]*(?=[a-z])")
_LEADING_WORD = re.compile(r"[a-z]+")


def is_named(path: PurePath) -> bool:
    """Whether the path names a kind, even one that dsview does not read."""
    return bool(_kind_names_in(path))


def kind_in_path(path: PurePath, *, has_namespace: bool = False) -> Kind | None:
    """The kind in the name of the file or of its folders, the nearest first; None if there is none.

    The whole file name may be the kind (`pods.json`, `pods.core.yaml`, `network-policies.json`), or its start if no
    folder names a kind (`kubectl-get-pods-all.json`, `pods-errors.json`). For an object in a namespace, the names of
    cluster-scoped kinds are ignored.
    """
    kinds = (_NAMES[name] for name in _kind_names_in(path))
    return next((kind for kind in kinds if kind is None or RESOURCES[kind].namespaced or not has_namespace), None)


def _kind_names_in(path: PurePath) -> list[str]:
    stem = _EXTENSION.sub("", path.name.lower())
    folders = (folder.lower() for folder in reversed(path.parts[:-1]))
    places = [part for part in (name.replace("-", "").replace("_", "") for name in (stem, *folders)) if part in _NAMES]
    if places or "." in stem:  # With a dot, the name of a resource of another API group.
        return places
    first = _LEADING_WORD.match(_COMMAND.sub("", stem))
    return [first.group()] if first is not None and first.group().endswith("s") and first.group() in _NAMES else []


class _Metadata(msgspec.Struct):
    name: str = ""
    namespace: str = ""


class _Spec(msgspec.Struct, rename="camel"):
    containers: Raw = Raw(b"")
    cluster_ip: Raw = msgspec.field(default=Raw(b""), name="clusterIP")
    ip_families: Raw = Raw(b"")
    external_name: Raw = Raw(b"")
    cidrs: Raw = Raw(b"")
    parent_ref: Raw = Raw(b"")
    pod_selector: Raw = Raw(b"")
    policy_types: Raw = Raw(b"")
    controller: Raw = Raw(b"")
    group_priority_minimum: Raw = Raw(b"")
    gateway_class_name: Raw = Raw(b"")
    controller_name: Raw = Raw(b"")


class _Status(msgspec.Struct, rename="camel"):
    node_info: Raw = Raw(b"")


class _Shape(msgspec.Struct, rename="camel"):
    metadata: _Metadata | None = None
    spec: _Spec | None = None
    status: _Status | None = None
    address_type: Raw = Raw(b"")
    subsets: Raw = Raw(b"")
    involved_object: Raw = Raw(b"")


_shape_decoder = msgspec.json.Decoder(_Shape)


def unnamed_kind(path: PurePath, raw: Raw) -> Kind | None:
    """The kind of an object that does not specify it: by its fields, otherwise by its path."""
    try:
        shape = _shape_decoder.decode(raw)
    except BROKEN:
        return kind_in_path(path)
    if shape.metadata is None or not shape.metadata.name:
        return None
    return _kind_by_shape(shape, shape.metadata) or kind_in_path(path, has_namespace=bool(shape.metadata.namespace))


def _kind_by_shape(shape: _Shape, metadata: _Metadata) -> Kind | None:
    """The kind with these fields; only fields of a single kind count."""
    spec = shape.spec or _Spec()
    evidence = (
        (bytes(shape.address_type), Kind.ENDPOINT_SLICE),
        (bytes(shape.subsets), Kind.ENDPOINTS),
        (bytes(shape.involved_object), Kind.EVENT),
        (bytes(shape.status.node_info) if shape.status is not None else b"", Kind.NODE),
        (bytes(spec.containers), Kind.POD),
        (bytes(spec.cluster_ip) or bytes(spec.ip_families) or bytes(spec.external_name), Kind.SERVICE),
        (bytes(spec.cidrs), Kind.SERVICE_CIDR),
        (bytes(spec.pod_selector) and bytes(spec.policy_types), Kind.NETWORK_POLICY),
        (bytes(spec.group_priority_minimum), Kind.API_SERVICE),
        (bytes(spec.gateway_class_name), Kind.GATEWAY),
        (bytes(spec.controller_name), Kind.GATEWAY_CLASS),
        (bytes(spec.controller), Kind.INGRESS_CLASS),
        (bytes(spec.parent_ref) if family_of(metadata.name) is not None else b"", Kind.IP_ADDRESS),
    )
    return next((kind for value, kind in evidence if value not in (b"", b"null")), None)
