"""ConfigMaps. Only a few are read, by name."""

from __future__ import annotations

from collections.abc import Mapping

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import NO_LABELS, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire


class ConfigMap(Object, frozen=True, gc=False):
    """One of the few ConfigMaps that are read by name."""

    data: Mapping[str, str] = NO_LABELS


class ConfigMapWire(Wire):
    """v1 ConfigMap."""

    metadata: ObjectMeta
    data: dict[str, str] | None = None


def _decode(o: ConfigMapWire) -> ConfigMap:
    return ConfigMap(**read_meta(o.metadata, plain_annotations(o.metadata.annotations)), data=o.data or NO_LABELS)


def _encode(item: ConfigMap) -> Json:
    return {"data": dict(item.data)}


CONFIG_MAP = Resource(
    kind=Kind.CONFIG_MAP,
    group="",
    versions=("v1",),
    plural="configmaps",
    namespaced=True,
    has_detail=True,
    alias="config",
    wire=ConfigMapWire,
    decode=_decode,
    encode=_encode,
)
