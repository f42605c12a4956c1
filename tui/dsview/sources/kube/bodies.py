"""Reads what a server answers, bounded in bytes and in time: the server may be broken, or hostile."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import urllib3

from dsview.sources.kube.errors import RequestFailed

UNDECODABLE = (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError)
"""What decoding bytes raises where they are not what was asked for, values that are nested too deep included."""

_PIECE = 1 << 16


class BodyLimit(msgspec.Struct, frozen=True):
    """The most that a body may have: `size` in bytes after decompression, `seconds` from its first byte to its last."""

    size: int
    seconds: float


VERSION = BodyLimit(64 << 10, 10.0)
"""/version: a real one has 0.5 kB."""

DISCOVERY = BodyLimit(4 << 20, 30.0)
"""/apis and the resources of a group: 0.2 MB with several hundred custom resources."""

ERROR = BodyLimit(64 << 10, 10.0)
"""A Status, or what a proxy says instead."""

OBJECT = BodyLimit(16 << 20, 60.0)
"""One object: etcd takes 1.5 MB, and aggregated API servers may take more."""

PAGE = BodyLimit(256 << 20, 300.0)
"""A page of a list: 500 objects of 0.5 MB."""


def read_body(response: urllib3.BaseHTTPResponse, limit: BodyLimit, *, may_be_gzip: bool = False) -> bytes:
    """The whole body.

    Raises:
        RequestFailed: the body is larger or slower than the limit, or has an encoding that nobody asked for.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity") and not (may_be_gzip and encoding == "gzip"):
        raise RequestFailed(0, "The API server, or a proxy before it, answers in an encoding that was not asked for.")
    ends = time.monotonic() + limit.seconds
    pieces: list[bytes] = []
    size = 0
    # Not `read`: that waits until a piece is full, for ever where the server sends a byte now and then.
    raw: Any = response
    while piece := raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > limit.size:
            raise RequestFailed(0, f"The answer of the API server is larger than {limit.size >> 10:,} kB.")
        if time.monotonic() > ends:
            raise RequestFailed(0, f"The answer of the API server took longer than {limit.seconds:g} s.")
        pieces.append(piece)
    return b"".join(pieces)
