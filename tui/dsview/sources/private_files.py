"""Files that only their owner may read, because data of a cluster is confidential."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def private_folder(path: Path) -> Path:
    """The folder, created for its owner only if it is missing, together with missing parent folders.

    Raises:
        OSError: it cannot be created.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def append_private(path: Path) -> BinaryIO:
    """The file, open for appending, unbuffered; created for its owner only if it is missing.

    Raises:
        OSError: it cannot be opened.
    """
    return os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab", buffering=0)


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that replaces `path` at the end, for its owner only: completely or not at all.

    Raises:
        OSError: it cannot be written.
    """
    handle, temporary = tempfile.mkstemp(prefix=".dsview-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
