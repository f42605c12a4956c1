"""Splits the bytes of a response into lines or frames, and decodes the parts of a line."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO

import msgspec
from msgspec import Raw

from dsview.sources.kube.bodies import UNDECODABLE
from dsview.sources.kube.limits import WATCH_EVENT
from dsview.sources.kube.segments import Segments, append

_DECIMAL = re.compile(r"[0-9]{1,40}")


class MalformedResponse(ValueError):  # noqa: N818  (names the response, not the failure)
    """A response that is not in the encoding that it declares. The message is a clause with the reason."""


class WatchLine(msgspec.Struct):
    """One line of a watch."""

    type: str
    object: Raw


class ListMeta(msgspec.Struct, rename="camel"):
    """The metadata of a list or of a bookmark."""

    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")
    remaining_item_count: int | None = None
    annotations: dict[str, str] | None = None


class Page(msgspec.Struct):
    """A page of a list."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    items: list[Raw] | None = None


class Bookmark(msgspec.Struct):
    """The object of a BOOKMARK."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)

    @property
    def ends_initial_events(self) -> bool:
        """Whether all existing objects have been sent (KEP-3157)."""
        return (self.metadata.annotations or {}).get("k8s.io/initial-events-end") == "true"


watch_line_decoder = msgspec.json.Decoder(WatchLine)
page_decoder = msgspec.json.Decoder(Page)
bookmark_decoder = msgspec.json.Decoder(Bookmark)


def is_older(version: str, than: str) -> bool:
    """Whether a resourceVersion precedes another one. Never true unless both are decimal numbers (KEP-5504)."""
    return bool(_DECIMAL.fullmatch(version) and _DECIMAL.fullmatch(than)) and int(version) < int(than)


class _Code(msgspec.Struct):
    code: int = 0


def code_of(status: bytes) -> int:
    """The HTTP code in the Status of an ERROR event; 0 if there is none."""
    try:
        return msgspec.json.decode(status, type=_Code).code
    except UNDECODABLE:
        return 0


def _ignore_size(size: int) -> None:
    """The default for `on_buffered`."""


def batches_of_lines(
    chunks: Iterable[bytes], limit: int = WATCH_EVENT.size, on_buffered: Callable[[int], None] = _ignore_size
) -> Iterator[list[bytes | None]]:
    """The lines that each chunk completes, chunk by chunk; None for a line that was too long.

    If the chunks end normally, the text after the last newline is a line as well: a watch does not send this, but the
    HTML of a proxy may be a single line. A line may include its newline, which JSON allows. `on_buffered` receives the
    number of bytes of a partial line so far, including skipped bytes, and 0 at its end; it may raise.
    """
    buffer: BytesIO | Segments = BytesIO()
    size = 0
    is_dropping = False
    for chunk in chunks:
        if not size and chunk.find(b"\n") == len(chunk) - 1:
            # A chunk is usually one event, which need not be copied.
            yield [chunk] if len(chunk) > 1 else []
            continue
        lines: list[bytes | None] = []
        parts = chunk.split(b"\n")
        size_before = size
        for part in parts[:-1]:
            if is_dropping:
                lines.append(None)
                is_dropping = False
            elif size:
                buffer.write(part)
                lines.append(buffer.getvalue())
                buffer = BytesIO()
            elif part:
                lines.append(part)
            size = 0
        rest = parts[-1]
        if rest:
            size += len(rest)
            if not is_dropping and size > limit:
                buffer, is_dropping = BytesIO(), True
            elif not is_dropping:
                buffer = append(buffer, rest, size)
        if size_before and len(parts) > 1:
            on_buffered(0)
        if size:
            on_buffered(size)
        yield lines
    if size and not is_dropping:
        yield [buffer.getvalue()]


_LENGTH = 4
"""Bytes of a frame's length, big-endian (k8s.io/apimachinery/pkg/runtime/serializer/streaming)."""

_big_endian = struct.Struct(">I").unpack_from

NO_LENGTH = 0x20000000
"""A length of at least this is text: the first four characters of HTML or JSON."""


def batches_of_frames(
    chunks: Iterable[bytes], limit: int = WATCH_EVENT.size, on_buffered: Callable[[int], None] = _ignore_size
) -> Iterator[list[bytes | None]]:
    """The frames that each chunk completes, chunk by chunk; None for a frame longer than `limit`.

    `on_buffered` is as in `batches_of_lines`. Raises `MalformedResponse` if the data is not in frames, or ends inside
    one.
    """
    buffer: BytesIO | Segments = BytesIO()
    size = to_skip = 0
    size_needed = _LENGTH
    for whole_chunk in chunks:
        if not size and not to_skip and _is_one_frame(whole_chunk, limit):
            # A chunk is usually one event.
            yield [whole_chunk[_LENGTH:]]
            continue
        data = whole_chunk[to_skip:]
        if to_skip:
            to_skip -= len(whole_chunk) - len(data)
            on_buffered(limit + to_skip if to_skip else 0)
        if size:
            # A large frame spans many chunks, which are joined when it is complete.
            size += len(data)
            buffer = append(buffer, data, size)
            if size < size_needed:
                on_buffered(size)
                yield []
                continue
            data = buffer.getvalue()
            buffer = BytesIO()
            on_buffered(0)
        frames: list[bytes | None] = []
        start, end = 0, len(data)
        while end - start >= _LENGTH:
            first = start + _LENGTH
            last = first + _length_of(data, start)
            if last - first >= NO_LENGTH:
                raise MalformedResponse("it is not in frames")
            if last - first > limit:
                frames.append(None)
                to_skip = max(0, last - end)
            elif last > end:
                break
            else:
                frames.append(data[first:last])
            start = min(last, end)
        size = end - start
        if size:
            buffer.write(data[start:])
            size_needed = _LENGTH + (_length_of(data, start) if size >= _LENGTH else 0)
        if size or to_skip:
            on_buffered(size or limit + to_skip)
        yield frames
    if size or to_skip:
        raise MalformedResponse("it ends inside a frame")


def _length_of(data: bytes, at: int) -> int:
    """The length of the frame at an offset. All bytes of the length must be present."""
    length: int = _big_endian(data, at)[0]
    return length


def _is_one_frame(data: bytes, limit: int) -> bool:
    return len(data) >= _LENGTH and _length_of(data, 0) == len(data) - _LENGTH <= limit
