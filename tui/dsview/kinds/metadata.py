"""The metadata of every object: name, namespace, uid, version, labels and owner."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from dsview.kinds.annotations import IGNORE_ANNOTATION, Annotations
from dsview.kinds.wire import NULL, NULLS, Memo, Wire, seconds

Key = tuple[str, str]
"""Namespace (empty for cluster-scoped kinds) and name."""

Labels = Mapping[str, str]

NO_LABELS: Labels = {}


class Object(msgspec.Struct, frozen=True, gc=False):
    """The fields that every object has. `ignore` is the annotation `dsview.io/ignore`; `created` is in epoch seconds.

    No field of an object is keyword-only, because reading a recording with positional arguments takes a quarter of the
    time.
    """

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    created: int = 0
    labels: Labels = NO_LABELS
    ignore: str = ""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return (self.namespace, self.name)


class OwnerRef(msgspec.Struct, frozen=True, gc=False):
    """The controller of an object: its kind, name and uid."""

    kind: str
    name: str
    uid: str = ""


class ObjectMeta(Wire):
    """Metadata of most kinds."""

    name: str
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: Raw = NULL
    owner_references: Raw = NULL
    annotations: Raw = NULL


class OwnerReference(Wire):
    """metadata.ownerReferences[]."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


_labels_decoder = msgspec.json.Decoder(dict[str, str])
_owners_decoder = msgspec.json.Decoder(list[OwnerReference])


def _read_labels(data: bytes) -> Labels:
    if data in NULLS:
        return NO_LABELS
    return {sys.intern(k): sys.intern(v) for k, v in _labels_decoder.decode(data).items()}


_labels = Memo(_read_labels)


def read_labels(raw: msgspec.Raw) -> Labels:
    """Labels, shared by all objects with equal labels."""
    return _labels[bytes(raw)]


def _read_owner(data: bytes) -> OwnerRef | None:
    chosen = next((o for o in _owners_decoder.decode(data) if o.controller), None) if data not in NULLS else None
    return OwnerRef(chosen.kind, chosen.name, chosen.uid) if chosen else None


_owners = Memo(_read_owner)


def read_owner(raw: msgspec.Raw) -> OwnerRef | None:
    """The controller among the owners."""
    return _owners[bytes(raw)]


def read_meta(meta: ObjectMeta, annotations: Annotations) -> dict[str, Any]:
    """The metadata of every object, as keyword arguments."""
    if not meta.name:
        raise ValueError("metadata.name is empty")
    return {
        "name": meta.name,
        "namespace": sys.intern(meta.namespace or ""),
        "uid": meta.uid or "",
        "resource_version": meta.resource_version or "",
        "created": seconds(meta.creation_timestamp),
        "labels": read_labels(meta.labels),
        "ignore": annotations[0][1] if annotations and annotations[0][0] == IGNORE_ANNOTATION else "",
    }
