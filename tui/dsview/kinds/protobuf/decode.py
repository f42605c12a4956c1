"""Decodes the protobuf of one object into the Struct that dsview keeps, as `kinds.decode` does for JSON."""

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
"""The prefix of every object and list, before its `Unknown`."""

_DIRECT_DECODERS: dict[Kind, Callable[[Any], Object]] = {
    Kind.POD: decode_pod,
    Kind.ENDPOINT_SLICE: decode_endpoint_slice,
}

_FAILURES = (DecodeError, UnicodeError, ValueError, OverflowError, TypeError, OSError)


@functools.cache
def _decoder(kind: Kind) -> Callable[[bytes], Object]:
    parse: Callable[[bytes], Any] = getattr(pb, kind.value).FromString
    direct = _DIRECT_DECODERS.get(kind)
    if direct is not None:
        return lambda data: direct(parse(data))
    resource = RESOURCES[kind]
    read = wire_reader(resource.wire)
    return lambda data: resource.decode(read(parse(data)))


def unwrap(data: bytes, kind: str) -> bytes:
    """The message inside an envelope: `MAGIC` and an `Unknown`.

    Raises `ValueError` with a clause if it is not an envelope of that kind (`Pod`, `PodList`).
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


def split_event(kind: Kind, data: bytes) -> tuple[str, bytes] | None:
    """The type of an ADDED or MODIFIED event, and the message of its object; None if the event must be parsed.

    If the event is encoded as Go encodes it, the lengths alone locate the object, which is then copied once instead of
    four times.
    """
    if data.startswith(_ADDED):
        event, at = "ADDED", len(_ADDED)
    elif data.startswith(_MODIFIED):
        event, at = "MODIFIED", len(_MODIFIED)
    else:
        return None
    size = len(data)
    try:
        # event.object, and its only field: raw.
        length, at = _varint(data, at)
        if at + length != size or data[at] != _TAG_1:
            return None
        length, at = _varint(data, at + 1)
        if at + length != size:
            return None
        for start in _envelope_starts(kind):
            if data.startswith(start, at):
                length, at = _varint(data, at + len(start))
                end = at + length
                return (event, data[at:end]) if end <= size and data[end:] in _ENVELOPE_ENDS else None
    except IndexError:
        return None
    return None


_TAG_1, _TAG_2 = b"\n\x12"
"""The tags of fields 1 and 2 if they are bytes, text or a message. The length of the field follows."""

_ADDED, _MODIFIED = (b"\n%c%b\x12" % (len(name), name) for name in (b"ADDED", b"MODIFIED"))
"""The start of a WatchEvent of each type, up to the length of its object."""

_ENVELOPE_ENDS = (b"", b'\x1a\0"\0')
"""What follows the message in an Unknown: nothing, or an empty contentEncoding and contentType."""


@functools.cache
def _envelope_starts(kind: Kind) -> tuple[bytes, ...]:
    """The start of an envelope in each version of the kind, up to the length of its message."""
    resource = RESOURCES[kind]
    versions = [f"{resource.group}/{version}" if resource.group else version for version in resource.versions]
    metas = [pb.TypeMeta(api_version=version, kind=kind).SerializeToString() for version in versions]
    return tuple(MAGIC + b"\n%c%b%c" % (len(meta), meta, _TAG_2) for meta in metas)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The varint at an offset, and the offset after it. Raises `IndexError` if the data ends inside it."""
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    number = shift = 0
    while byte >= 128:
        number |= (byte & 127) << shift
        shift += 7
        at += 1
        byte = data[at]
    return number | byte << shift, at + 1


def decode_message(kind: Kind, data: bytes) -> Object:
    """The object in a message, as in the `items` of a list.

    Raises `BadObject`, whose sentence names the object, if it cannot be read.
    """
    try:
        return _decoder(kind)(data)
    except _FAILURES as error:
        raise _bad(kind, data, error) from None


def decode_object(kind: Kind, data: bytes) -> Object:
    """The object in an envelope, as in a watch. Raises `BadObject`."""
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
    is_other_kind = isinstance(error, DecodeError)
    reason = "it is not a message of that kind" if is_other_kind else str(error) or type(error).__name__
    return BadObject(safe(f"{kind} {name[:300]} cannot be read: {reason[:300]}"), name[:300])
