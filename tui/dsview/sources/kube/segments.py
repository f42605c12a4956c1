"""Many MB that arrive in pieces, in separate memory pages.

Memory that malloc frees after a large buffer grew step by step stays with the process, some dozen MB for each thread.
"""

from __future__ import annotations

import mmap
from io import BytesIO

SEGMENT = 1 << 20
"""Bytes from which separate pages are worthwhile."""


class Segments:
    """The part of `io.BytesIO` that is needed to append; starts with the content of a `BytesIO`."""

    def __init__(self, begun: BytesIO) -> None:
        self._full: list[mmap.mmap] = []
        self._last = begun

    def write(self, piece: bytes) -> None:
        """Append a piece."""
        self._last.write(piece)
        if self._last.tell() >= SEGMENT:
            pages = mmap.mmap(-1, self._last.tell())
            pages.write(self._last.getbuffer())
            self._full.append(pages)
            self._last = BytesIO()

    def getvalue(self) -> bytes:
        """All pieces together."""
        return b"".join((*self._full, self._last.getbuffer()))


def written(begun: BytesIO | Segments, piece: bytes, size: int) -> BytesIO | Segments:
    """The buffer of `size` bytes after a piece is appended to the one that was begun."""
    if size > SEGMENT and isinstance(begun, BytesIO):
        begun = Segments(begun)
    begun.write(piece)
    return begun
