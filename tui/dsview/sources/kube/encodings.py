"""The two encodings of an API server, and a common interface for both.

Protobuf is requested if Kubernetes supports it for the kind: the server encodes it several times faster than JSON. If a
response has another content type, or responses cannot be read, JSON is used for the rest of the session.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from dsview.kinds.decode import decode, decode_line
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.sources.kube.stream import (
    Bookmark,
    ListMeta,
    batches_of_lines,
    bookmark_decoder,
    page_decoder,
    watch_line_decoder,
)

_log = logging.getLogger(__name__)

JSON_TYPE = "application/json"
PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"

MAX_MALFORMED = 2
"""Malformed protobuf responses after which JSON is requested."""


class ListPage(msgspec.Struct):
    """A page of a list: its metadata, and the bytes of each object."""

    metadata: ListMeta
    items: list[bytes]


class WatchEvent(msgspec.Struct):
    """A watch event: its type, and the bytes of its object."""

    type: str
    object: bytes


class Encoding(Protocol):
    """Requests and decodes one encoding."""

    @property
    def name(self) -> str:
        """`protobuf` or `json`."""

    def accept(self, verb: str) -> str:
        """The Accept header for a `list` or a `watch`."""

    def split(self, chunks: Iterable[bytes], on_buffered: Callable[[int], None]) -> Iterator[list[bytes | None]]:
        """The events of a watch as bytes, chunk by chunk; None for one that is too long. Raises `MalformedResponse`.

        `on_buffered` receives the number of bytes of a partial event so far; see `batches_of_lines`.
        """

    def page(self, kind: Kind, body: bytes) -> ListPage:
        """A page of a list. Raises `MalformedResponse`."""

    def event(self, data: bytes) -> WatchEvent:
        """A watch event. Raises `MalformedResponse`."""

    def item(self, kind: Kind, data: bytes) -> Object:
        """An object of a page. Raises `BadObject`."""

    def object(self, kind: Kind, data: bytes) -> Object:
        """The object of a watch event. Raises `BadObject`."""

    def whole(self, kind: Kind, data: bytes) -> tuple[str, Object] | None:
        """The type and the object of an event in one step; None if they must be read separately."""

    def bookmark(self, kind: Kind, data: bytes) -> Bookmark:
        """The object of a BOOKMARK. Raises `MalformedResponse`."""

    def status(self, data: bytes) -> bytes:
        """The Status of an ERROR event or of a failed request, as JSON; other bytes unchanged."""


class Json:
    """JSON: a watch sends one line for each event."""

    name = "json"

    def accept(self, verb: str) -> str:
        """See `Encoding.accept`."""
        return JSON_TYPE

    def split(self, chunks: Iterable[bytes], on_buffered: Callable[[int], None]) -> Iterator[list[bytes | None]]:
        """See `Encoding.split`."""
        return batches_of_lines(chunks, on_buffered=on_buffered)

    def page(self, kind: Kind, body: bytes) -> ListPage:
        """See `Encoding.page`."""
        page = page_decoder.decode(body)
        return ListPage(page.metadata, [bytes(item) for item in page.items or ()])

    def event(self, data: bytes) -> WatchEvent:
        """See `Encoding.event`."""
        event = watch_line_decoder.decode(data)
        return WatchEvent(event.type, bytes(event.object))

    def item(self, kind: Kind, data: bytes) -> Object:
        """See `Encoding.item`."""
        return decode(kind, data)

    object = item

    def whole(self, kind: Kind, data: bytes) -> tuple[str, Object] | None:
        """See `Encoding.whole`."""
        return decode_line(kind, data)

    def bookmark(self, kind: Kind, data: bytes) -> Bookmark:
        """See `Encoding.bookmark`."""
        return bookmark_decoder.decode(data)

    def status(self, data: bytes) -> bytes:
        """See `Encoding.status`."""
        return data


JSON = Json()


class EncodingChoice:
    """The encoding that a session requests. Shared by all its threads."""

    def __init__(self, *, json_only: bool = False) -> None:
        self._lock = threading.Lock()
        self._malformed = 0
        self._protobuf: Encoding | None = None
        self._uses_json = json_only

    def encoding(self, *, has_protobuf: bool) -> Encoding:
        """The encoding to request for a kind that supports protobuf, or does not."""
        if self._uses_json or not has_protobuf:
            return JSON
        with self._lock:
            if self._protobuf is None:
                from dsview.sources.kube.protobuf import Protobuf  # noqa: PLC0415  (the runtime, after the first frame)

                self._protobuf = Protobuf()
            return self._protobuf

    def of_response(self, requested: Encoding, content_type: str | None) -> Encoding:
        """The encoding of a response. If the server responds in JSON, protobuf is no longer requested."""
        if requested is JSON or (content_type or "").startswith(PROTOBUF_TYPE):
            return requested
        if (content_type or "").startswith(JSON_TYPE):
            self.fall_back("it responds in JSON")
        return JSON

    def report_not_acceptable(self) -> bool:
        """Note that the server returned 406 or 415. Returns whether to try JSON now."""
        if self._uses_json:
            return False
        self.fall_back("it does not accept protobuf")
        return True

    def report_malformed(self, problem: str) -> None:
        """Note a malformed protobuf response. One may be due to a broken connection; a bad proxy causes several."""
        with self._lock:
            self._malformed += 1
            is_garbled = self._malformed >= MAX_MALFORMED
        if is_garbled:
            self.fall_back(problem)

    def fall_back(self, reason: str) -> None:
        """Use JSON from now on, and log this once."""
        with self._lock:
            if self._uses_json:
                return
            self._uses_json = True
        _log.warning("Requesting JSON instead of protobuf from the API server: %s.", reason)


def readable_status(body: bytes) -> bytes:
    """The body of a failed request as JSON if it is a Status in protobuf; other bytes unchanged."""
    if not body.startswith(b"k8s\0"):
        return body
    from dsview.sources.kube.protobuf import status_as_json  # noqa: PLC0415  (the runtime, after the first frame)

    return status_as_json(body)
