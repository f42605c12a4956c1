"""Decodes the protobuf of an API server. Imported when the first kind is requested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec
from google.protobuf.message import DecodeError

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.decode import MAGIC, decode_message, decode_object, split_event, unwrap
from dsview.kinds.protobuf.messages import parse_map
from dsview.sources.kube.encodings import PROTOBUF_TYPE, ListPage, WatchEvent
from dsview.sources.kube.stream import Bookmark, ListMeta, MalformedResponse, batches_of_frames

_BROKEN = (DecodeError, UnicodeError, ValueError)
_OBJECTS = {"ADDED", "MODIFIED", "DELETED"}


class Protobuf:
    r"""`application/vnd.kubernetes.protobuf`: a list is an envelope; a watch is frames, each a length and a WatchEvent.

    An envelope is `k8s\0` and a runtime.Unknown (k8s.io/apimachinery/pkg/runtime/serializer/protobuf).
    """

    name = "protobuf"

    def accept(self, verb: str) -> str:
        """See `Encoding.accept`. JSON is the second choice, as in client-go, for a server without protobuf."""
        wanted = f"{PROTOBUF_TYPE};stream=watch" if verb == "watch" else PROTOBUF_TYPE
        return f"{wanted}, application/json;q=0.5"

    def split(self, chunks: Iterable[bytes], on_buffered: Callable[[int], None]) -> Iterator[list[bytes | None]]:
        """See `Encoding.split`."""
        return batches_of_frames(chunks, on_buffered=on_buffered)

    def page(self, kind: Kind, body: bytes) -> ListPage:
        """See `Encoding.page`."""
        try:
            page = pb.List.FromString(unwrap(body, f"{kind.value}List"))
            meta = page.metadata
            remaining = meta.remaining_item_count if meta.HasField("remaining_item_count") else None
            list_meta = ListMeta(meta.resource_version, meta.continue_, remaining)
            return ListPage(list_meta, list(page.items))
        except _BROKEN as error:
            raise MalformedResponse(f"a list of {kind} cannot be read ({_reason_of(error)})") from None

    def event(self, data: bytes) -> WatchEvent:
        """See `Encoding.event`."""
        try:
            event = pb.WatchEvent.FromString(data)
            return WatchEvent(event.type, event.object.raw)
        except _BROKEN as error:
            raise MalformedResponse(f"a watch event cannot be read ({_reason_of(error)})") from None

    def item(self, kind: Kind, data: bytes) -> Object:
        """See `Encoding.item`."""
        return decode_message(kind, data)

    def object(self, kind: Kind, data: bytes) -> Object:
        """See `Encoding.object`."""
        return decode_object(kind, data)

    def whole(self, kind: Kind, data: bytes) -> tuple[str, Object] | None:
        """See `Encoding.whole`."""
        try:
            found = split_event(kind, data)
            if found is not None:
                return found[0], decode_message(kind, found[1])
            event = pb.WatchEvent.FromString(data)
            if event.type not in _OBJECTS:
                return None
            return event.type, decode_object(kind, event.object.raw)
        except _BROKEN:
            # Includes `BadObject`: reading the event step by step reports the problem.
            return None

    def bookmark(self, kind: Kind, data: bytes) -> Bookmark:
        """See `Encoding.bookmark`."""
        try:
            meta = pb.PartialObject.FromString(unwrap(data, kind.value)).metadata
            return Bookmark(ListMeta(meta.resource_version, annotations=parse_map(meta.annotations)))
        except _BROKEN as error:
            raise MalformedResponse(f"a bookmark cannot be read ({_reason_of(error)})") from None

    def status(self, data: bytes) -> bytes:
        """See `Encoding.status`."""
        return status_as_json(data)


def _reason_of(error: Exception) -> str:
    return "it is not a message of that kind" if isinstance(error, DecodeError) else str(error)


def status_as_json(data: bytes) -> bytes:
    """A metav1.Status in protobuf, as JSON; other bytes unchanged."""
    if not data.startswith(MAGIC):
        return data
    try:
        status = pb.Status.FromString(unwrap(data, "Status"))
        return msgspec.json.encode({"message": status.message, "reason": status.reason, "code": status.code})
    except _BROKEN:
        return data
