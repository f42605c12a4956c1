"""A buffer for large responses that keeps them in separate memory pages.

If a large buffer grows step by step, malloc does not return its memory to the system: some dozen MB for each thread.
"""

from __future__ import annotations

import mmap
from io import BytesIO

SEGMENT = 1 << 20
"""The size in bytes from which separate pages are worthwhile."""


class Segments:
    """Like an `io.BytesIO` that can only be appended to. Starts with the content of a `BytesIO`."""

    def __init__(self, buffer: BytesIO) -> None:
        self._full: list[mmap.mmap] = []
        self._last = buffer

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        self._last.write(chunk)
        if self._last.tell() >= SEGMENT:
            pages = mmap.mmap(-1, self._last.tell())
            pages.write(self._last.getbuffer())
            self._full.append(pages)
            self._last = BytesIO()

    def getvalue(self) -> bytes:
        """All chunks together."""
        return b"".join((*self._full, self._last.getbuffer()))


def append(buffer: BytesIO | Segments, chunk: bytes, size: int) -> BytesIO | Segments:
    """The buffer, now of `size` bytes, with a chunk appended. It may be another object."""
    if size > SEGMENT and isinstance(buffer, BytesIO):
        buffer = Segments(buffer)
    buffer.write(chunk)
    return buffer
