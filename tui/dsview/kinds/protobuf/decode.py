"""From the bytes of one object in protobuf to the struct that dsview keeps; the counterpart of `kinds.decode`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from dsview.core.text import safe
from dsview.kinds.decode import BadObject
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.endpoint_slice import decode_endpoint_slice
from dsview.kinds.protobuf.messages import wire_reader
from dsview.kinds.protobuf.pod import decode_pod
from dsview.kinds.registry import RESOURCES

MAGIC = b"k8s\0"
"""What every object and list begins with, before its `Unknown`."""

_FAST: dict[Kind, Callable[[Any], Object]] = {Kind.POD: decode_pod, Kind.ENDPOINT_SLICE: decode_endpoint_slice}

_FAILURES = (DecodeError, UnicodeError, ValueError, OverflowError, TypeError, OSError)


@functools.cache
def _decoder(kind: Kind) -> Callable[[bytes], Object]:
    parse: Callable[[bytes], Any] = getattr(pb, kind.value).FromString
    fast = _FAST.get(kind)
    if fast is not None:
        return lambda data: fast(parse(data))
    resource = RESOURCES[kind]
    read = wire_reader(resource.wire)
    return lambda data: resource.decode(read(parse(data)))


def unwrap(data: bytes, kind: str) -> bytes:
    """The message inside `MAGIC` and an `Unknown`, if it is of that kind (`Pod`, `PodList`).

    Raises `ValueError` with a sentence.
    """
    if not data.startswith(MAGIC):
        raise ValueError("it is not Kubernetes' protobuf")
    try:
        unknown = pb.Unknown.FromString(data[len(MAGIC) :])
        found = unknown.type_meta.kind
    except (DecodeError, UnicodeError):
        raise ValueError("its envelope is broken") from None
    if found != kind:
        raise ValueError(f"it is of kind {found[:60]!r}")
    return unknown.raw


def decode_message(kind: Kind, data: bytes) -> Object:
    """The object of that kind in a message, as it is in a list's `items`.

    Raises `BadObject`, with a sentence that names the object, where it cannot be read.
    """
    try:
        return _decoder(kind)(data)
    except _FAILURES as error:
        raise _bad(kind, data, error) from None


def decode_object(kind: Kind, data: bytes) -> Object:
    """The object of that kind in an envelope, as it is in a watch. Raises `BadObject`."""
    try:
        message = unwrap(data, kind.value)
    except ValueError as error:
        raise BadObject(safe(f"{kind} (no name) cannot be read: {error}"), "(no name)") from None
    return decode_message(kind, message)


def _bad(kind: Kind, data: bytes, error: Exception) -> BadObject:
    name = "(no name)"
    try:
        meta = pb.PartialObject.FromString(data).metadata
        if meta.name:
            name = f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
    except (DecodeError, UnicodeError):
        pass
    what = "it is not a message of that kind" if isinstance(error, DecodeError) else str(error) or type(error).__name__
    return BadObject(safe(f"{kind} {name[:300]} cannot be read: {what[:300]}"), name[:300])
