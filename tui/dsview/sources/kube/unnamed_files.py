"""Certificates and keys as files, as OpenSSL requires, but without a name, and in memory if the system supports that.

An ordinary temporary file would remain if a signal ended the process, and would need a writable folder.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def unnamed_file(content: bytes) -> Iterator[str]:
    """A path from which this process can read the content once, until the end of the block. Raises `OSError`."""
    with _open_unnamed() as file:
        file.write(content)
        file.flush()
        # If /dev/fd duplicates the descriptor, as on macOS, the reader shares its position.
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"


def _open_unnamed() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("dsview"), "w+b")
    return tempfile.TemporaryFile()
