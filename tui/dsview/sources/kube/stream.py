"""From the bytes of a response to lines or frames, and from a line to what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw

from dsview.sources.kube.bodies import UNDECODABLE

MAX_LINE = 32 << 20
"""Bytes; no object that etcd takes is that large. A longer line or frame is dropped, and told as None."""

_DECIMAL = re.compile(r"[0-9]{1,40}")


class BadAnswer(ValueError):  # noqa: N818  (it is the answer that is bad)
    """An answer that is not in the encoding that it claims; its text is a sentence."""


class WatchLine(msgspec.Struct):
    """One line of a watch."""

    type: str
    object: Raw


class ListMeta(msgspec.Struct, rename="camel"):
    """metadata of a list, or of a bookmark."""

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
        """Whether everything that was there was sent by now (KEP-3157)."""
        return (self.metadata.annotations or {}).get("k8s.io/initial-events-end") == "true"


watch_line_decoder = msgspec.json.Decoder(WatchLine)
page_decoder = msgspec.json.Decoder(Page)
bookmark_decoder = msgspec.json.Decoder(Bookmark)


def is_older(version: str, than: str) -> bool:
    """Whether one resourceVersion comes before another; never for what are not both decimal numbers (KEP-5504)."""
    return bool(_DECIMAL.fullmatch(version) and _DECIMAL.fullmatch(than)) and int(version) < int(than)


class _Coded(msgspec.Struct):
    code: int = 0


def code_of(status: bytes) -> int:
    """The HTTP code in the Status of an ERROR event; 0 where there is none."""
    try:
        return msgspec.json.decode(status, type=_Coded).code
    except UNDECODABLE:
        return 0


def batches_of_lines(chunks: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[list[bytes | None]]:
    """The lines that each chunk completes, chunk by chunk; None stands for a line that was too long.

    What stands behind the last newline when the chunks end well is a line as well: nothing that a watch sends, but an
    HTML page of a proxy may be of one line.
    A line may end with its newline, which JSON does not mind.
    """
    parts: list[bytes] = []
    size = 0
    is_dropping = False
    for chunk in chunks:
        if not parts and not is_dropping and chunk.find(b"\n") == len(chunk) - 1:
            # The usual chunk: one event, which needs no copying.
            yield [chunk] if len(chunk) > 1 else []
            continue
        lines: list[bytes | None] = []
        pieces = chunk.split(b"\n")
        for piece in pieces[:-1]:
            if is_dropping:
                lines.append(None)
                is_dropping = False
            elif parts:
                parts.append(piece)
                lines.append(b"".join(parts))
            elif piece:
                lines.append(piece)
            parts, size = [], 0
        rest = pieces[-1]
        if rest and not is_dropping:
            size += len(rest)
            if size > limit:
                parts, is_dropping = [], True
            else:
                parts.append(rest)
        yield lines
    if parts:
        yield [b"".join(parts)]


_LENGTH = 4
"""Bytes of a frame's length, big-endian (k8s.io/apimachinery/pkg/runtime/serializer/streaming)."""

NO_LENGTH = 0x20000000
"""A length from here on is text: the first four characters of an HTML page, or of a line of JSON."""


def batches_of_frames(chunks: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[list[bytes | None]]:
    """The frames that each chunk completes, chunk by chunk; None stands for a frame that was longer than `limit`.

    Raises `BadAnswer` where these are no frames, or the chunks end inside one.
    """
    parts: list[bytes] = []
    size = to_skip = 0
    for whole_chunk in chunks:
        if not parts and not to_skip and _length_of(whole_chunk) == len(whole_chunk) - _LENGTH <= limit:
            # The usual chunk: one event.
            yield [whole_chunk[_LENGTH:]]
            continue
        chunk = whole_chunk[to_skip:]
        to_skip -= len(whole_chunk) - len(chunk)
        if chunk:
            parts.append(chunk)
            size += len(chunk)
        # A large frame comes in many chunks, which are joined once it is whole.
        if not chunk or size < _wanted(parts, limit):
            yield []
            continue
        data = b"".join(parts) if len(parts) > 1 else chunk
        frames: list[bytes | None] = []
        start, end = 0, len(data)
        while end - start >= _LENGTH:
            first = start + _LENGTH
            last = first + _length_of(data[start:first])
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
        parts = [data[start:]] if start < end else []
        size = end - start
        yield frames
    if size or to_skip:
        raise BadAnswer("it ends inside a frame")


def _length_of(data: bytes) -> int:
    return int.from_bytes(data[:_LENGTH], "big")


def _wanted(parts: list[bytes], limit: int) -> int:
    """How many bytes have to be there before the first frame can be taken or dropped."""
    head = parts[0] if len(parts[0]) >= _LENGTH else b"".join(parts)
    length = _length_of(head) if len(head) >= _LENGTH else 0
    return _LENGTH + (length if length <= limit else 0)
