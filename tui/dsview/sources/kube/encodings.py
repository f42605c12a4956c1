"""The two encodings that an API server answers in, and what both are read into.

Protobuf is asked for where Kubernetes has it: the server writes it several times faster than JSON. Where an answer
comes in another type, or cannot be read, JSON takes its place for the rest of the session.
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

BAD_ANSWERS = 2
"""Answers in protobuf that could not be read, after which JSON is asked for."""


class ListPage(msgspec.Struct):
    """A page of a list: its metadata, and each object's bytes."""

    metadata: ListMeta
    items: list[bytes]


class WatchEvent(msgspec.Struct):
    """An event of a watch: its type, and the object's bytes."""

    type: str
    object: bytes


class Encoding(Protocol):
    """How to ask for an encoding, and how to read it."""

    @property
    def name(self) -> str:
        """`protobuf` or `json`."""

    def accept(self, verb: str) -> str:
        """The Accept header for a `list` or a `watch`."""

    def split(self, chunks: Iterable[bytes], hold: Callable[[int], None]) -> Iterator[list[bytes | None]]:
        """The events of a watch as bytes, chunk by chunk; None for one that is too long. Raises `BadAnswer`.

        `hold` is told how many bytes of an unfinished event came so far; see `batches_of_lines`.
        """

    def page(self, kind: Kind, body: bytes) -> ListPage:
        """A page of a list. Raises `BadAnswer`."""

    def event(self, data: bytes) -> WatchEvent:
        """An event of a watch. Raises `BadAnswer`."""

    def item(self, kind: Kind, data: bytes) -> Object:
        """An object of a page. Raises `BadObject`."""

    def object(self, kind: Kind, data: bytes) -> Object:
        """The object of an event. Raises `BadObject`."""

    def whole(self, kind: Kind, data: bytes) -> tuple[str, Object] | None:
        """The type and the object of an event in one go; None where the event has to be taken apart."""

    def bookmark(self, kind: Kind, data: bytes) -> Bookmark:
        """The object of a BOOKMARK. Raises `BadAnswer`."""

    def status(self, data: bytes) -> bytes:
        """The Status of an ERROR, or of a failed request, as JSON; other bytes as they are."""


class Json:
    """JSON: one line an event."""

    name = "json"

    def accept(self, verb: str) -> str:
        """See `Encoding.accept`."""
        return JSON_TYPE

    def split(self, chunks: Iterable[bytes], hold: Callable[[int], None]) -> Iterator[list[bytes | None]]:
        """See `Encoding.split`."""
        return batches_of_lines(chunks, hold=hold)

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


class WireChoice:
    """Which encoding a session asks for. Shared by all its threads."""

    def __init__(self, *, json_only: bool = False) -> None:
        self._lock = threading.Lock()
        self._bad_answers = 0
        self._protobuf: Encoding | None = None
        self._uses_json = json_only

    def encoding(self, *, has_protobuf: bool) -> Encoding:
        """What to ask for, for a kind that has protobuf or does not."""
        if self._uses_json or not has_protobuf:
            return JSON
        with self._lock:
            if self._protobuf is None:
                from dsview.sources.kube.protobuf import Protobuf  # noqa: PLC0415  (the runtime, after the first frame)

                self._protobuf = Protobuf()
            return self._protobuf

    def answered(self, asked: Encoding, content_type: str | None) -> Encoding:
        """What an answer is in. JSON where protobuf was asked for: nobody asks for that again."""
        if asked is JSON or (content_type or "").startswith(PROTOBUF_TYPE):
            return asked
        if (content_type or "").startswith(JSON_TYPE):
            self.fall_back("it answers in JSON")
        return JSON

    def was_refused(self) -> bool:
        """The server answered 406 or 415. Whether JSON is worth a try now."""
        if self._uses_json:
            return False
        self.fall_back("it does not accept protobuf")
        return True

    def was_bad(self, problem: str) -> None:
        """An answer in protobuf could not be read. A connection may be cut once; a proxy that garbles does so again."""
        with self._lock:
            self._bad_answers += 1
            is_garbled = self._bad_answers >= BAD_ANSWERS
        if is_garbled:
            self.fall_back(problem)

    def fall_back(self, reason: str) -> None:
        """Use JSON from now on, and say so once."""
        with self._lock:
            if self._uses_json:
                return
            self._uses_json = True
        _log.warning("The API server is asked for JSON instead of protobuf: %s.", reason)


def readable_status(body: bytes) -> bytes:
    """The body of a failed request as JSON, where it is a Status in protobuf; other bytes as they are."""
    if not body.startswith(b"k8s\0"):
        return body
    from dsview.sources.kube.protobuf import status_as_json  # noqa: PLC0415  (the runtime, after the first frame)

    return status_as_json(body)
