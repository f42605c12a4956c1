"""Decodes the chunked transfer coding (RFC 9112, section 7.1), with all chunks of one read at once.

http.client returns one chunk at a time, and a watch sends a chunk for each event. Each chunk then takes three calls and
two waits for the interpreter lock. For 30,000 pods, this costs as much as TLS decryption.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator

MAX_LINE = 16 << 10
"""The maximum length in bytes of a chunk-size line, including its extensions, or of a trailer line."""

_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


def unchunked(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """The data of a chunked body, without the framing: one item for each call of `read` that returned data.

    `read` returns at most `size` bytes, as soon as some are available. The generator ends after the last trailer.

    Raises:
        http.client.IncompleteRead: the body is truncated or malformed.
    """
    left = 0
    partial = b""
    ends_chunk = is_after_last = False
    while data := read(size):
        data = partial + data if partial else data
        partial = b""
        position = 0
        parts: list[bytes] = []
        while True:
            if left:
                part = data[position : position + left]
                parts.append(part)
                position += len(part)
                left -= len(part)
                if left:
                    break
                ends_chunk = True
            newline = data.find(b"\n", position)
            if newline < 0:
                partial = data[position:]
                break
            line = data[position:newline].rstrip(b"\r")
            position = newline + 1
            if is_after_last and not line:
                if parts:
                    yield b"".join(parts)
                return
            if ends_chunk:
                if line:
                    raise http.client.IncompleteRead(line)
                ends_chunk = False
            elif not is_after_last:
                found = _SIZE.fullmatch(line)
                if found is None:
                    raise http.client.IncompleteRead(line)
                left = int(found[1], 16)
                is_after_last = left == 0
        if len(partial) > MAX_LINE:
            raise http.client.IncompleteRead(partial)
        if parts:
            yield b"".join(parts)
    raise http.client.IncompleteRead(partial, left or None)
