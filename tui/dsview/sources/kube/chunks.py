"""Takes a body out of its chunks (RFC 9112, 7.1), as many of them at once as came.

http.client returns one chunk at a time, and a watch sends a chunk for each event: reading one costs three calls and
two waits for the interpreter. At 30,000 pods that is as much as taking TLS off.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator

LONGEST_LINE = 16 << 10
"""Bytes of the size of a chunk, its extensions included, or of a trailer."""

_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


def unchunked(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """The data of a chunked body: for each `read` what it brought, without the sizes between.

    `read` returns at most `size` bytes, as soon as there are some. The generator ends behind the last trailer.

    Raises:
        http.client.IncompleteRead: the bytes end before the body does, or are no chunks.
    """
    left = 0
    begun = b""
    ends_chunk = is_behind_last = False
    while data := read(size):
        data = begun + data if begun else data
        begun = b""
        at = 0
        parts: list[bytes] = []
        while True:
            if left:
                part = data[at : at + left]
                parts.append(part)
                at += len(part)
                left -= len(part)
                if left:
                    break
                ends_chunk = True
            newline = data.find(b"\n", at)
            if newline < 0:
                begun = data[at:]
                break
            line = data[at:newline].rstrip(b"\r")
            at = newline + 1
            if is_behind_last and not line:
                if parts:
                    yield b"".join(parts)
                return
            if ends_chunk:
                if line:
                    raise http.client.IncompleteRead(line)
                ends_chunk = False
            elif not is_behind_last:
                found = _SIZE.fullmatch(line)
                if found is None:
                    raise http.client.IncompleteRead(line)
                left = int(found[1], 16)
                is_behind_last = left == 0
        if len(begun) > LONGEST_LINE:
            raise http.client.IncompleteRead(begun)
        if parts:
            yield b"".join(parts)
    raise http.client.IncompleteRead(begun, left or None)
