"""Certificates and keys as files, which OpenSSL wants: without a name in any folder, and gone with the process.

A file that is removed afterwards stays where the process is ended by a signal in between.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unnamed_file(content: bytes) -> Iterator[str]:
    """A path under which this process can read the content once, until the end of the block. Raises `OSError`."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        # Where /dev/fd duplicates the descriptor, as on macOS, its position is the reader's.
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"
