"""From the bytes of a response to lines or frames, and from a line to its content."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO

import msgspec
from msgspec import Raw

from dsview.sources.kube.bodies import UNDECODABLE
from dsview.sources.kube.limits import WATCH_EVENT
from dsview.sources.kube.segments import Segments, written

_DECIMAL = re.compile(r"[0-9]{1,40}")


class BadAnswer(ValueError):  # noqa: N818  (it is the answer that is bad)
    """A response that is not in the encoding that it declares; the text is a clause with the reason."""


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
    """Whether one resourceVersion precedes another; never, unless both are decimal numbers (KEP-5504)."""
    return bool(_DECIMAL.fullmatch(version) and _DECIMAL.fullmatch(than)) and int(version) < int(than)


class _Coded(msgspec.Struct):
    code: int = 0


def code_of(status: bytes) -> int:
    """The HTTP code in the Status of an ERROR event; 0 if there is none."""
    try:
        return msgspec.json.decode(status, type=_Coded).code
    except UNDECODABLE:
        return 0


def _held_by_nobody(size: int) -> None:
    """Ignore the bytes of an unfinished event."""


def batches_of_lines(
    chunks: Iterable[bytes], limit: int = WATCH_EVENT.size, hold: Callable[[int], None] = _held_by_nobody
) -> Iterator[list[bytes | None]]:
    """The lines that each chunk completes, chunk by chunk; None for a line that was too long.

    If the chunks end normally, the text after the last newline is a line as well: a watch does not send this, but an
    HTML page of a proxy may be a single line. A line may end with its newline, which JSON allows. `hold` receives the
    number of bytes of an unfinished line so far, including dropped ones, and 0 at its end; it raises if these are too
    many.
    """
    begun: BytesIO | Segments = BytesIO()
    size = 0
    is_dropping = False
    for chunk in chunks:
        if not size and chunk.find(b"\n") == len(chunk) - 1:
            # The usual chunk is one event, which needs no copying.
            yield [chunk] if len(chunk) > 1 else []
            continue
        lines: list[bytes | None] = []
        pieces = chunk.split(b"\n")
        had = size
        for piece in pieces[:-1]:
            if is_dropping:
                lines.append(None)
                is_dropping = False
            elif size:
                begun.write(piece)
                lines.append(begun.getvalue())
                begun = BytesIO()
            elif piece:
                lines.append(piece)
            size = 0
        rest = pieces[-1]
        if rest:
            size += len(rest)
            if not is_dropping and size > limit:
                begun, is_dropping = BytesIO(), True
            elif not is_dropping:
                begun = written(begun, rest, size)
        if had and len(pieces) > 1:
            hold(0)
        if size:
            hold(size)
        yield lines
    if size and not is_dropping:
        yield [begun.getvalue()]


_LENGTH = 4
"""Bytes of a frame's length, big-endian (k8s.io/apimachinery/pkg/runtime/serializer/streaming)."""

_big_endian = struct.Struct(">I").unpack_from

NO_LENGTH = 0x20000000
"""A length of at least this is text: the first four characters of an HTML page, or of a line of JSON."""


def batches_of_frames(
    chunks: Iterable[bytes], limit: int = WATCH_EVENT.size, hold: Callable[[int], None] = _held_by_nobody
) -> Iterator[list[bytes | None]]:
    """The frames that each chunk completes, chunk by chunk; None for a frame longer than `limit`.

    `hold` is as in `batches_of_lines`. Raises `BadAnswer` if these are not frames, or the chunks end inside one.
    """
    begun: BytesIO | Segments = BytesIO()
    size = to_skip = 0
    wanted = _LENGTH
    for whole_chunk in chunks:
        if not size and not to_skip and _is_one_frame(whole_chunk, limit):
            # The usual chunk is one event.
            yield [whole_chunk[_LENGTH:]]
            continue
        data = whole_chunk[to_skip:]
        if to_skip:
            to_skip -= len(whole_chunk) - len(data)
            hold(limit + to_skip if to_skip else 0)
        if size:
            # A large frame spans many chunks, which are joined once it is complete.
            size += len(data)
            begun = written(begun, data, size)
            if size < wanted:
                hold(size)
                yield []
                continue
            data = begun.getvalue()
            begun = BytesIO()
            hold(0)
        frames: list[bytes | None] = []
        start, end = 0, len(data)
        while end - start >= _LENGTH:
            first = start + _LENGTH
            last = first + _length_of(data, start)
            if last - first >= NO_LENGTH:
                raise BadAnswer("it is not in frames")
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
            begun.write(data[start:])
            wanted = _LENGTH + (_length_of(data, start) if size >= _LENGTH else 0)
        if size or to_skip:
            hold(size or limit + to_skip)
        yield frames
    if size or to_skip:
        raise BadAnswer("it ends inside a frame")


def _length_of(data: bytes, at: int) -> int:
    """The length of a frame that begins there; all of its bytes are there."""
    length: int = _big_endian(data, at)[0]
    return length


def _is_one_frame(data: bytes, limit: int) -> bool:
    return len(data) >= _LENGTH and _length_of(data, 0) == len(data) - _LENGTH <= limit
