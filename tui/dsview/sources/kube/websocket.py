"""The messages of a WebSocket, on an ordinary connection. Imported when a proxy configuration is read.

websocket-client only parses the frames. It does not open the connection, because it would follow redirects with the
credentials, and read headers, errors and frames of any size.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import time
from collections.abc import Iterator
from typing import Any

import websocket
from websocket import ABNF, frame_buffer

from dsview.sources.kube.bodies import BROKEN, ApiResponse, too_large
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import BodyLimit

EXEC_PROTOCOL = "v4.channel.k8s.io"
"""The framing of pods/exec over WebSockets that every supported API server understands."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""

_CLOSE_TIMEOUT = 1.0
"""Seconds for sending the close message."""


def handshake() -> dict[str, str]:
    """The headers that request a WebSocket."""
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": EXEC_PROTOCOL,
    }


class WebSocket:
    """The connection after a 101 response to the headers of `handshake`. The limit applies to all messages together.

    Raises `RequestFailed` if the server did not accept the protocol.
    """

    def __init__(self, response: ApiResponse, request_headers: dict[str, str], limit: BodyLimit) -> None:
        digest = hashlib.sha1(request_headers["Sec-WebSocket-Key"].encode() + _GUID, usedforsecurity=False).digest()
        if (
            response.headers.get("Sec-WebSocket-Accept", "").strip() != base64.b64encode(digest).decode()
            or response.headers.get("Sec-WebSocket-Protocol", "").strip().lower() != EXEC_PROTOCOL
        ):
            raise RequestFailed(0, f"The API server, or a proxy before it, does not speak {EXEC_PROTOCOL}.")
        raw: Any = response.response
        body: http.client.HTTPResponse = raw._original_response
        self._bytes: Any = body.fp
        self._socket: Any = raw.connection.sock
        self._in_flight = response.in_flight
        self._limit = limit
        self._deadline = time.monotonic() + limit.seconds
        self._frames = _Frames(self._receive, limit)

    def messages(self) -> Iterator[bytes]:
        """Each message, until the server closes the connection.

        Raises `TooLarge` if the messages exceed the limit in bytes, or a frame announces a length that would,
        `TimeoutError` if they exceed the limit in seconds, and `OSError`, `http.client.HTTPException` or
        `websocket.WebSocketException` if the connection breaks.
        """
        parts: list[bytes] = []
        with self._in_flight.reserve() as reservation:
            while True:
                frame: Any = self._frames.recv_frame()
                reservation.set_size(self._frames.received)
                if frame.opcode == ABNF.OPCODE_CLOSE:
                    return
                if frame.opcode == ABNF.OPCODE_PING:
                    self._send(frame.data, ABNF.OPCODE_PONG)
                if frame.opcode not in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY, ABNF.OPCODE_CONT):
                    continue
                if (frame.opcode == ABNF.OPCODE_CONT) is not bool(parts):
                    raise websocket.WebSocketProtocolException("a continuation frame is out of sequence")
                parts.append(frame.data)
                if frame.fin:
                    yield b"".join(parts)
                    parts = []

    def close(self) -> None:
        """Send a close message. The code that opened the connection closes it."""
        self._deadline = time.monotonic() + _CLOSE_TIMEOUT
        with contextlib.suppress(*BROKEN):
            self._send(b"\x03\xe8", ABNF.OPCODE_CLOSE)

    def _receive(self, size: int) -> bytes:
        self._socket.settimeout(self._left())
        data: bytes = self._bytes.read1(size)
        if not data:
            raise ConnectionResetError("the connection ended")
        return data

    def _send(self, data: bytes, opcode: int) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(ABNF.create_frame(data, opcode).format())

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the messages took too long")
        return left


class _Frames(frame_buffer):
    """Rejects an oversized frame as soon as its header announces the size. Header bytes count towards the limit."""

    def __init__(self, receive: Any, limit: BodyLimit) -> None:
        super().__init__(receive, True)  # no validation of text: the content is bytes of a file
        self._limit = limit
        self.received = 0

    def recv_length(self) -> None:
        """Read the length of the frame."""
        super().recv_length()
        self.received += 2 + (self.length or 0)
        if self.received > self._limit.size:
            raise too_large(self._limit)
