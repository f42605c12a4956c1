"""The metadata of a protobuf message, for the kinds with tens of thousands of objects."""

from __future__ import annotations

import sys
from typing import Any

from dsview.kinds.metadata import NO_LABELS, Labels, OwnerRef
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.messages import parse_map
from dsview.kinds.wire import Memo, shared_seconds


def _read_labels(entries: tuple[bytes, ...]) -> Labels:
    return {sys.intern(k): sys.intern(v) for k, v in parse_map(entries).items()} if entries else NO_LABELS


_labels = Memo(_read_labels)


def read_labels(meta: pb.ObjectMeta) -> Labels:
    """Labels, shared by all objects with equal labels."""
    # Here and elsewhere: copying a repeated field with a slice takes half the time of iterating over it.
    return _labels[tuple(meta.labels[:])]


def _read_owner(owners: tuple[bytes, ...]) -> OwnerRef | None:
    chosen = next((o for o in map(pb.OwnerReference.FromString, owners) if o.controller), None)
    return OwnerRef(chosen.kind, chosen.name, chosen.uid) if chosen else None


_owners = Memo(_read_owner)


def read_owner(meta: pb.ObjectMeta) -> OwnerRef | None:
    """The controller among the owners."""
    return _owners[tuple(meta.owner_references[:])]


def read_annotations(meta: pb.ObjectMeta, names: tuple[str, ...], prefixes: tuple[bytes, ...]) -> dict[str, str]:
    """The named annotations that are present; `prefixes` are `entry_prefixes(names)`."""
    found = [entry for entry in meta.annotations[:] if entry.startswith(prefixes)]
    if not found:
        return {}
    values = parse_map(found)
    return {name: values[name] for name in names if name in values}


def entry_prefixes(names: tuple[str, ...]) -> tuple[bytes, ...]:
    """The first bytes of map entries with these keys: Go writes the key first, and its length in one byte.

    Raises `ValueError` for a key longer than 127 bytes, whose length takes two bytes.
    """
    if any(len(name.encode()) > 127 for name in names):
        raise ValueError("a name is too long")
    return tuple(b"\n" + bytes([len(name.encode())]) + name.encode() for name in names)


def read_meta(meta: pb.ObjectMeta, ignore: str) -> dict[str, Any]:
    """The metadata of every object, as keyword arguments."""
    name = meta.name
    if not name:
        raise ValueError("metadata.name is empty")
    return {
        "name": name,
        "namespace": sys.intern(meta.namespace),
        "uid": meta.uid,
        "resource_version": meta.resource_version,
        "created": shared_seconds[meta.creation_timestamp.seconds],
        "labels": read_labels(meta),
        "ignore": ignore,
    }
