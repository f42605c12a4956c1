"""Selects the files to read in a folder: the whole tree, within limits, without links that lead out of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from dsview.sources.bounded_files import first_bytes
from dsview.sources.files.documents import TERMINAL_LINES
from dsview.sources.files.file_contents import is_conf

MAX_ENTRIES = 500_000
"""Files and folders; a must-gather of a large cluster has about 100,000."""

MAX_DEPTH = 64
"""Levels of nested folders."""

OnUnreadable = Callable[[Path, str], None]
"""Receives a path relative to the folder, and a clause with the reason why it is not read."""


def files_in(root: Path, on_skipped: Callable[[Path], None], on_unreadable: OnUnreadable) -> Iterator[Path]:
    """The files to read, relative to the folder, sorted. Raises `OSError` if the folder itself cannot be read."""
    for relative in sorted(_files(root, on_skipped, on_unreadable)):
        if _is_wanted(relative) or (_may_contain_objects(relative) and _begins_like_objects(root / relative)):
            yield relative
        else:
            on_skipped(relative)


def _files(root: Path, on_skipped: Callable[[Path], None], on_unreadable: OnUnreadable) -> Iterator[Path]:
    real_root = root.resolve()
    visited: set[tuple[int, int]] = set()
    pending = [root]
    left = MAX_ENTRIES
    while pending:
        folder = pending.pop()
        relative_folder = folder.relative_to(root)
        try:
            info = folder.stat()
            if (info.st_dev, info.st_ino) in visited:
                continue
            visited.add((info.st_dev, info.st_ino))
            with os.scandir(folder) as scan:
                # Sorted, so that the same folder gives the same events.
                entries = sorted(islice(scan, left + 1), key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise
            on_unreadable(relative_folder, error.strerror or str(error))
            continue
        for entry in entries:
            left -= 1
            if left < 0:
                on_unreadable(relative_folder, f"the folder contains more than {MAX_ENTRIES:,} files")
                return
            relative = relative_folder / entry.name
            try:
                mode = entry.stat().st_mode
                if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(real_root):
                    on_unreadable(relative, "it is a link that leads out of the folder")
                    continue
            except (OSError, RuntimeError) as error:
                # RuntimeError: circular links, before Python 3.13.
                on_unreadable(relative, getattr(error, "strerror", None) or str(error))
                continue
            if stat.S_ISDIR(mode):
                if len(relative.parts) > MAX_DEPTH:
                    on_unreadable(relative, f"it is more than {MAX_DEPTH} folders deep")
                else:
                    pending.append(folder / entry.name)
            elif stat.S_ISREG(mode):
                yield relative
            else:
                on_skipped(relative)


def _is_wanted(path: Path) -> bool:
    name = path.name.removesuffix(".gz")
    if name.endswith(".conf"):
        return is_conf(path)
    is_watch_recording = name.endswith((".jsonl", ".ndjson"))
    is_expectation = name == "expect.json"
    return name.endswith((".json", ".yaml", ".yml", ".err")) and not is_watch_recording and not is_expectation


def _may_contain_objects(path: Path) -> bool:
    """Whether the first bytes decide instead of the name, because the output of kubectl may be saved as text."""
    return path.suffix in {"", ".txt", ".out"}


_BEGINS_LIKE_OBJECTS = re.compile(rb"\s*(?:\{\s*\"|---\s|apiVersion:|items:|kind:)")
_BEGINS_LIKE_A_LIST = re.compile(
    rb"\s*(?:\{\s*\"(?:apiVersion|items|kind|metadata)\"|(?:---\s+)?(?:apiVersion|items|kind):)"
)
"""Stricter, for text files: the log of a container may also start with a brace or three dashes."""


def _begins_like_objects(path: Path) -> bool:
    """Whether a file starts like the output of kubectl, after lines of the shell."""
    pattern = _BEGINS_LIKE_A_LIST if path.suffix else _BEGINS_LIKE_OBJECTS
    try:
        return pattern.match(TERMINAL_LINES.sub(b"", first_bytes(path, 4096).replace(b"\r\n", b"\n"))) is not None
    except OSError:
        return True  # Reading it reports the reason.
