"""Converts JSON objects to the protobuf that a real API server would send, as far as dsview reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from dsview.kinds.protobuf import kubernetes_pb2 as pb

Json = dict[str, Any]

MAPS = {"labels", "annotations"}
INNER: dict[str, type[Message]] = {
    "owner_references": pb.OwnerReference,
    "containers": pb.Container,
    "ports": pb.ContainerPort,
    "env": pb.EnvVar,
    "env_from": pb.EnvFromSource,
    "liveness_probe": pb.Probe,
    "readiness_probe": pb.Probe,
    "startup_probe": pb.Probe,
    "host_ips": pb.PodIP,
    "container_statuses": pb.ContainerStatus,
}
"""The message types of fields that the trimmed schema declares as bytes."""

INLINED = {"ingress_rule_value", "handler"}
"""Messages that Go inlines into the JSON of the enclosing message."""


def message_of(kind: str, item: Json) -> bytes:
    """An object as in the items of a list."""
    message: Message = getattr(pb, kind)()
    fill(message, item)
    return message.SerializeToString(deterministic=True)


def fill(message: Message, values: Mapping[str, Any]) -> None:
    """Set the fields of a message from JSON; null values and unknown fields are skipped."""
    fields: list[Any] = list(message.DESCRIPTOR.fields)
    for field in fields:
        if field.name in INLINED:
            # Go always writes it, even if none of its fields are set.
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name), values)
            continue
        value = values.get(field.json_name)
        if value is None:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            _fill_message(message, field, value)
        elif field.type == FieldDescriptor.TYPE_BYTES:
            _fill_bytes(message, field, value)
        elif field.is_repeated:
            getattr(message, field.name).extend(value)
        else:
            setattr(message, field.name, value)


def _fill_message(message: Message, field: Any, value: Any) -> None:
    target = getattr(message, field.name)
    name = field.message_type.name
    if field.message_type.GetOptions().map_entry:
        target.update(value)
    elif field.is_repeated:
        for one in value:
            fill(target.add(), one)
    elif name == "Time":
        target.seconds = int(datetime.fromisoformat(value).timestamp())
    elif name == "IntOrString":
        if isinstance(value, str):
            target.type, target.str_val = 1, value
        else:
            target.type, target.int_val = 0, value
    else:
        target.SetInParent()
        fill(target, value)


def _fill_bytes(message: Message, field: Any, value: Any) -> None:
    if field.name in MAPS:
        entries = [pb.MapEntry(key=k, value=v).SerializeToString() for k, v in sorted(value.items())]
        getattr(message, field.name).extend(entries)
    elif field.name in INNER:
        built = []
        for one in value if field.is_repeated else [value]:
            inner = INNER[field.name]()
            fill(inner, one)
            built.append(inner.SerializeToString())
        if field.is_repeated:
            getattr(message, field.name).extend(built)
        else:
            setattr(message, field.name, built[0])
    else:
        # Of a probe's action, dsview only reads whether it is present.
        setattr(message, field.name, b"")


def envelope(kind: str, api_version: str, message: bytes) -> bytes:
    """Wrap a message as the body of a response, or as the object of an event."""
    unknown = pb.Unknown(type_meta=pb.TypeMeta(kind=kind, api_version=api_version), raw=message)
    return b"k8s\0" + unknown.SerializeToString()


def frame(event: str, wrapped: bytes) -> bytes:
    """A watch event, prefixed with its length."""
    data = pb.WatchEvent(type=event, object=pb.RawExtension(raw=wrapped)).SerializeToString()
    return len(data).to_bytes(4, "big") + data


def frame_of_item(event: str, kind: str, item: Json, *, size: int = 0) -> bytes:
    """A watch event about an object, padded to `size` bytes with a field that dsview skips."""
    message = message_of(kind, item)
    padding = size - len(message)
    if padding > _PADDING.bit_length():
        message += _varint(_PADDING << 3 | 2) + _varint(padding) + bytes(padding)
    return frame(event, envelope(kind, item.get("apiVersion", "v1"), message))


_PADDING = 1000
"""A field number that no kind uses."""


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def list_of_frames(kind: str, api_version: str, version: str, more: tuple[str, int], frames: list[bytes]) -> bytes:
    """A page of a list with the objects of these frames; `more` is the continue token and the remaining item count."""
    events = [pb.WatchEvent.FromString(data[4:]) for data in frames]
    built = pb.List(items=[pb.Unknown.FromString(event.object.raw[4:]).raw for event in events])
    built.metadata.resource_version, built.metadata.continue_ = version, more[0]
    if more[1]:
        built.metadata.remaining_item_count = more[1]
    return envelope(f"{kind}List", api_version, built.SerializeToString())


def status_of(body: Json) -> bytes:
    """A Status."""
    status = pb.Status()
    fill(status, body)
    return envelope("Status", "v1", status.SerializeToString())


def frame_of_line(line: bytes) -> bytes:
    """Convert a line of a JSON watch to a frame; a line that is not valid is returned unchanged."""
    try:
        event = json.loads(line)
        item = event["object"]
        kind = item["kind"]
    except (ValueError, KeyError, TypeError):
        return line
    if kind == "Status":
        return frame(event["type"], status_of(item))
    return frame(event["type"], envelope(kind, item.get("apiVersion", ""), message_of(kind, item)))


def list_of(body: Json) -> bytes:
    """Convert a JSON list."""
    kind = body["kind"].removesuffix("List")
    built = pb.List(items=[message_of(kind, item) for item in body["items"] or ()])
    fill(built.metadata, body["metadata"])
    return envelope(body["kind"], body["apiVersion"], built.SerializeToString())
