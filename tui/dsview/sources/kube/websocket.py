"""Messages of a WebSocket, on a connection that was opened as any other. Imported when a controller pod is read.

websocket-client takes frames apart. It does not open the connection: it would follow redirects with the credentials,
and read heads, errors and frames of any size.
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

from dsview.sources.kube.bodies import BROKEN, Answer, too_large
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import BodyLimit

EXEC_PROTOCOL = "v4.channel.k8s.io"
"""The framing of pods/exec over WebSockets that every supported API server knows."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""

_LEAVE_WITHIN = 1.0
"""Seconds for saying that the connection ends."""


def handshake() -> dict[str, str]:
    """The headers that ask for a WebSocket."""
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": EXEC_PROTOCOL,
    }


class WebSocket:
    """The connection of an answer 101 to the headers of a `handshake`. All its messages together have one limit.

    Raises `RequestFailed` where the server did not agree to the protocol.
    """

    def __init__(self, answer: Answer, asked: dict[str, str], limit: BodyLimit) -> None:
        digest = hashlib.sha1(asked["Sec-WebSocket-Key"].encode() + _GUID, usedforsecurity=False).digest()
        if (
            answer.headers.get("Sec-WebSocket-Accept", "").strip() != base64.b64encode(digest).decode()
            or answer.headers.get("Sec-WebSocket-Protocol", "").strip().lower() != EXEC_PROTOCOL
        ):
            raise RequestFailed(0, f"The API server, or a proxy before it, does not speak {EXEC_PROTOCOL}.")
        response: Any = answer.response
        body: http.client.HTTPResponse = response._original_response
        self._bytes: Any = body.fp
        self._socket: Any = response.connection.sock
        self._in_flight = answer.in_flight
        self._limit = limit
        self._ends = time.monotonic() + limit.seconds
        self._frames = _Frames(self._receive, limit)

    def messages(self) -> Iterator[bytes]:
        """Each message, until the server closes the connection.

        Raises:
            TooLarge: the messages have more bytes than the limit, or a frame claims to.
            TimeoutError: they took longer than the limit.
            OSError, http.client.HTTPException, websocket.WebSocketException: the connection broke.
        """
        parts: list[bytes] = []
        with self._in_flight.share() as share:
            while True:
                frame: Any = self._frames.recv_frame()
                share.hold(self._frames.received)
                if frame.opcode == ABNF.OPCODE_CLOSE:
                    return
                if frame.opcode == ABNF.OPCODE_PING:
                    self._send(frame.data, ABNF.OPCODE_PONG)
                if frame.opcode not in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY, ABNF.OPCODE_CONT):
                    continue
                if (frame.opcode == ABNF.OPCODE_CONT) is not bool(parts):
                    raise websocket.WebSocketProtocolException("a frame continues no message")
                parts.append(frame.data)
                if frame.fin:
                    yield b"".join(parts)
                    parts = []

    def close(self) -> None:
        """Say that the connection ends; whoever opened it closes it."""
        self._ends = time.monotonic() + _LEAVE_WITHIN
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
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the messages took too long")
        return left


class _Frames(frame_buffer):
    """Rejects an oversized frame as soon as its header announces the size. Header bytes count towards the limit."""

    def __init__(self, receive: Any, limit: BodyLimit) -> None:
        super().__init__(receive, True)  # no validation of text: what comes is bytes of a file
        self._limit = limit
        self.received = 0

    def recv_length(self) -> None:
        """Read how long the frame is."""
        super().recv_length()
        self.received += 2 + (self.length or 0)
        if self.received > self._limit.size:
            raise too_large(self._limit)
