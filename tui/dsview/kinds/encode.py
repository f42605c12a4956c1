"""The inverse of `decode`: an object in Kubernetes' JSON shape, with only the fields that dsview keeps."""

from __future__ import annotations

from dsview.kinds.annotations import IGNORE_ANNOTATION
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.registry import RESOURCES
from dsview.kinds.wire import Json, iso_time, without_empty


def encode(kind: Kind, item: Object) -> Json:
    """The object as a dict that `decode` reads back to an equal object."""
    resource = RESOURCES[kind]
    version = f"{resource.group}/{resource.versions[0]}" if resource.group else resource.versions[0]
    body = resource.encode(item)
    annotations = dict(body.pop("_annotations", ()))
    if item.ignore:
        annotations[IGNORE_ANNOTATION] = item.ignore
    metadata = without_empty(
        name=item.name,
        namespace=item.namespace,
        uid=item.uid,
        resourceVersion=item.resource_version,
        creationTimestamp=iso_time(item.created),
        deletionTimestamp=iso_time(getattr(item, "deleted", 0)),
        labels=dict(item.labels),
        annotations=annotations,
        ownerReferences=body.pop("_owners", None),
    )
    return {"kind": resource.api_kind, "apiVersion": version, "metadata": metadata, **body}
