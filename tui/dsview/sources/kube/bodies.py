"""Reads the responses of a server, with limits on size and time: the server may be broken or hostile."""

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
from dsview.sources.kube.in_flight import InFlightLimit
from dsview.sources.kube.limits import READ_SIZE, BodyLimit
from dsview.sources.kube.segments import Segments, append

UNDECODABLE = (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError)
"""The exceptions for a body that cannot be decoded, including values that are nested too deeply."""

BROKEN = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
"""The exceptions for a connection that breaks while the response is read."""


class ApiResponse:
    """A response whose header was read, and whose body was not. `deadline` breaks its connection."""

    def __init__(self, response: urllib3.BaseHTTPResponse, deadline: Deadline, in_flight: InFlightLimit) -> None:
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
        deadline = time.monotonic() + limit.seconds
        buffer: BytesIO | Segments = BytesIO()
        size = 0
        with self.in_flight.reserve() as reservation:
            for chunk in self._read(limit.seconds):
                size += len(chunk)
                if size > limit.size:
                    raise too_large(limit)
                if time.monotonic() > deadline:
                    raise _too_slow(limit.seconds)
                reservation.set_size(size)
                buffer = append(buffer, chunk, size)
        return buffer.getvalue()

    def stream(self, silence: float) -> Iterator[bytes]:
        """The body in chunks as they arrive, with at most `silence` seconds between two chunks.

        Raises `RequestFailed` like `body`.
        """
        for chunk in self._read(silence):
            yield chunk
            self._deadline.within(silence)

    def _read(self, seconds: float) -> Iterator[bytes]:
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            text = "The API server, or a proxy before it, responds in an encoding that was not requested."
            raise RequestFailed(0, text)
        # Like urllib3's `read1`, without its overhead for each chunk: 8 µs, a third of the time to decode a pod. Not
        # `read`, which waits until a chunk is full: forever, if the server sends a byte now and then.
        raw: Any = self.response
        body: Any = raw._original_response
        self._deadline.within(seconds)
        left = body.length
        chunks = (
            unchunked(body.fp.read1, READ_SIZE)
            if body.chunked and body.fp
            else iter(partial(body.read1, READ_SIZE), b"")
        )
        try:
            for chunk in chunks:
                if self._deadline.has_passed:
                    break
                yield chunk
                left = left and left - len(chunk)
            if body.chunked and not self._deadline.has_passed:
                # The body is complete, but http.client does not know that.
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
            # The body is complete: the connection can serve the next request.
            raw.release_conn()


def _too_slow(seconds: float) -> RequestFailed:
    return RequestFailed(0, f"The response of the API server took longer than {seconds:g} s.")


def too_large(limit: BodyLimit) -> TooLarge:
    """The error for a response that exceeds its limit in bytes."""
    size = f"{limit.size >> 20} MB" if limit.size >= 1 << 20 else f"{limit.size >> 10} kB"
    return TooLarge(f"The response of the API server is larger than {size}.")
