"""Reads the responses of a server, limited in size and time: the server may be broken or hostile."""

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
"""The exceptions for bytes that are not what was requested, including values that are nested too deeply."""

BROKEN = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
"""The exceptions for a connection that breaks while it is read."""


class Answer:
    """A response with its header read and its body not yet read. `deadline` breaks its connection."""

    def __init__(self, response: urllib3.BaseHTTPResponse, deadline: Deadline, in_flight: InFlight) -> None:
        self.headers: Mapping[str, str] = response.headers
        self.status = response.status
        self.in_flight = in_flight
        self.response = response
        self._deadline = deadline

    def body(self, limit: BodyLimit) -> bytes:
        """The whole body.

        Raises `TooLarge` if it exceeds the limit in bytes, and `RequestFailed` if it exceeds the limit in seconds, has
        an encoding that was not requested, or is truncated.
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
        """The body piece by piece as it arrives, with at most `silence` seconds between two pieces.

        Raises `RequestFailed` like `body`.
        """
        for piece in self._read(silence):
            yield piece
            self._deadline.within(silence)

    def _read(self, seconds: float) -> Iterator[bytes]:
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            text = "The API server, or a proxy before it, responds in an encoding that was not requested."
            raise RequestFailed(0, text)
        # Like urllib3's `read1`, without its overhead for each piece: 8 µs, a third of the time to decode a pod. Not
        # `read`, which waits until a piece is full: forever, if the server sends a byte now and then.
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
            # Read to its end: the connection can serve the next request.
            raw.release_conn()


def _too_slow(seconds: float) -> RequestFailed:
    return RequestFailed(0, f"The answer of the API server took longer than {seconds:g} s.")


def too_large(limit: BodyLimit) -> TooLarge:
    """The error for a response that exceeds its limit in bytes."""
    size = f"{limit.size >> 20} MB" if limit.size >= 1 << 20 else f"{limit.size >> 10} kB"
    return TooLarge(f"The answer of the API server is larger than {size}.")
