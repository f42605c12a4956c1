"""Many MB that come in pieces, in pages of their own.

What malloc gives back after a large buffer grew step by step stays with the process, some dozen MB for each thread.
"""

from __future__ import annotations

import mmap
from io import BytesIO

SEGMENT = 1 << 20
"""Bytes from which pages of their own are worth it."""


class Segments:
    """As much of `io.BytesIO` as is needed to write to the end; begins with what one of those has."""

    def __init__(self, begun: BytesIO) -> None:
        self._full: list[mmap.mmap] = []
        self._last = begun

    def write(self, piece: bytes) -> None:
        """Put a piece behind the others."""
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
    """What holds `size` bytes once a piece is put behind what was begun."""
    if size > SEGMENT and isinstance(begun, BytesIO):
        begun = Segments(begun)
    begun.write(piece)
    return begun
