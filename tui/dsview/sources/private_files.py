"""Files that only their owner may read, because data of a cluster is confidential."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def private_folder(path: Path) -> Path:
    """The folder. It and its parents are created if they are missing, accessible to their owner only.

    Raises:
        OSError: The folder cannot be created.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def append_private(path: Path) -> BinaryIO:
    """The file, open for appending, unbuffered. If it is missing, it is created for its owner only.

    Raises:
        OSError: The file cannot be opened.
    """
    return os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab", buffering=0)


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, for its owner only, that atomically replaces `path` at the end.

    Raises:
        OSError: The file cannot be written.
    """
    handle, temporary = tempfile.mkstemp(prefix=".dsview-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
