"""Reads what a server answers, bounded in bytes and in time: the server may be broken, or hostile."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Any

import msgspec
import urllib3

from dsview.sources.kube.chunks import unchunked
from dsview.sources.kube.deadlines import Deadline
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.in_flight import InFlight
from dsview.sources.kube.limits import PIECE, BodyLimit
from dsview.sources.kube.segments import Segments, written

UNDECODABLE = (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError)
"""What decoding bytes raises where they are not what was asked for, values that are nested too deep included."""

BROKEN = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
"""What reading from a connection raises where it breaks."""


class Answer:
    """An answer whose head was read and whose body is still to come. `deadline` breaks its connection."""

    def __init__(self, response: urllib3.BaseHTTPResponse, deadline: Deadline, in_flight: InFlight) -> None:
        self.headers: Mapping[str, str] = response.headers
        self.status = response.status
        self.in_flight = in_flight
        self.response = response
        self._deadline = deadline

    def body(self, limit: BodyLimit) -> bytes:
        """The whole body.

        Raises:
            TooLarge: it has more bytes than the limit.
            RequestFailed: it is slower than the limit, has an encoding that nobody asked for, or breaks off.
        """
        ends = time.monotonic() + limit.seconds
        read: BytesIO | Segments = BytesIO()
        size = 0
        with self.in_flight.share() as share:
            for piece in self._read(limit.seconds):
                size += len(piece)
                if size > limit.size:
                    raise too_large(limit)
                if time.monotonic() > ends:
                    raise _too_slow(limit.seconds)
                share.hold(size)
                read = written(read, piece, size)
        return read.getvalue()

    def pieces(self, silence: float) -> Iterator[bytes]:
        """The body as it comes, a piece at a time; at most `silence` seconds lie between two of them.

        Raises `RequestFailed` as `body` does.
        """
        for piece in self._read(silence):
            yield piece
            self._deadline.within(silence)

    def _read(self, seconds: float) -> Iterator[bytes]:
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            text = "The API server, or a proxy before it, answers in an encoding that was not asked for."
            raise RequestFailed(0, text)
        # As urllib3's `read1`, without its share of each piece: 8 µs, as much as a third of decoding a pod.
        # Not `read`: that waits until a piece is full, for ever where the server sends a byte now and then.
        raw: Any = self.response
        body: Any = raw._original_response
        self._deadline.within(seconds)
        left = body.length
        pieces = unchunked(body.fp.read1, PIECE) if body.chunked and body.fp else iter(partial(body.read1, PIECE), b"")
        try:
            for piece in pieces:
                if self._deadline.has_passed:
                    break
                yield piece
                left = left and left - len(piece)
            if body.chunked and not self._deadline.has_passed:
                # Read to its end, of which http.client knows nothing.
                body.close()
        except BROKEN:
            if not self._deadline.has_passed:
                raise
        if self._deadline.has_passed:
            raise _too_slow(seconds)
        if left:
            raise http.client.IncompleteRead(b"", left)
        self._deadline.until = float("inf")
        if body.isclosed():
            # Read to its end: the connection serves the next request.
            raw.release_conn()


def _too_slow(seconds: float) -> RequestFailed:
    return RequestFailed(0, f"The answer of the API server took longer than {seconds:g} s.")


def too_large(limit: BodyLimit) -> TooLarge:
    """The failure of an answer that has more bytes than its limit."""
    size = f"{limit.size >> 20} MB" if limit.size >= 1 << 20 else f"{limit.size >> 10} kB"
    return TooLarge(f"The answer of the API server is larger than {size}.")
