"""Certificates and keys as files, which OpenSSL wants: in memory where the system can do that, and without a name.

A file that is removed afterwards stays where a signal ends the process in between, and needs a folder to write to.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def unnamed_file(content: bytes) -> Iterator[str]:
    """A path under which this process can read the content once, until the end of the block. Raises `OSError`."""
    with _nameless() as file:
        file.write(content)
        file.flush()
        # Where /dev/fd duplicates the descriptor, as on macOS, its position is the reader's.
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"


def _nameless() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("dsview"), "w+b")
    return tempfile.TemporaryFile()
