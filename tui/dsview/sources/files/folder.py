"""Selects the files of a folder: the whole tree, within limits, without links that leave it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from dsview.sources.bounded_files import begins_with
from dsview.sources.files.documents import SAID
from dsview.sources.files.gathered import is_conf

MAX_ENTRIES = 500_000
"""Files and folders; a must-gather of a large cluster has about 100,000."""

MAX_DEPTH = 64
"""Levels of nested folders."""

Refuse = Callable[[Path, str], None]
"""Receives a path relative to the folder, and a clause with the reason why it is not read."""


def files_in(root: Path, pass_over: Callable[[Path], None], refuse: Refuse) -> Iterator[Path]:
    """The files to read, relative to the folder, sorted. Raises `OSError` if the folder itself cannot be read."""
    for relative in sorted(_files(root, pass_over, refuse)):
        if _is_wanted(relative) or (_may_hold_objects(relative) and _begins_like_objects(root / relative)):
            yield relative
        else:
            pass_over(relative)


def _files(root: Path, pass_over: Callable[[Path], None], refuse: Refuse) -> Iterator[Path]:
    real_root = root.resolve()
    seen: set[tuple[int, int]] = set()
    pending = [root]
    left = MAX_ENTRIES
    while pending:
        folder = pending.pop()
        here = folder.relative_to(root)
        try:
            info = folder.stat()
            if (info.st_dev, info.st_ino) in seen:
                continue
            seen.add((info.st_dev, info.st_ino))
            with os.scandir(folder) as scan:
                # Sorted, so that the same folder gives the same events.
                entries = sorted(islice(scan, left + 1), key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise
            refuse(here, error.strerror or str(error))
            continue
        for entry in entries:
            left -= 1
            if left < 0:
                refuse(here, f"the folder contains more than {MAX_ENTRIES:,} files")
                return
            relative = here / entry.name
            try:
                mode = entry.stat().st_mode
                if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(real_root):
                    refuse(relative, "it is a link that leads out of the folder")
                    continue
            except (OSError, RuntimeError) as error:
                # RuntimeError: circular links, before Python 3.13.
                refuse(relative, getattr(error, "strerror", None) or str(error))
                continue
            if stat.S_ISDIR(mode):
                if len(relative.parts) > MAX_DEPTH:
                    refuse(relative, f"it is more than {MAX_DEPTH} folders deep")
                else:
                    pending.append(folder / entry.name)
            elif stat.S_ISREG(mode):
                yield relative
            else:
                pass_over(relative)


def _is_wanted(path: Path) -> bool:
    name = path.name.removesuffix(".gz")
    if name.endswith(".conf"):
        return is_conf(path)
    is_watch_recording = name.endswith((".jsonl", ".ndjson"))
    is_expectation = name == "expect.json"
    return name.endswith((".json", ".yaml", ".yml", ".err")) and not is_watch_recording and not is_expectation


def _may_hold_objects(path: Path) -> bool:
    """Whether what the file begins with tells, and not its name: people save what kubectl wrote as text, too."""
    return path.suffix in {"", ".txt", ".out"}


_BEGINS_LIKE_OBJECTS = re.compile(rb"\s*(?:\{\s*\"|---\s|apiVersion:|items:|kind:)")
_BEGINS_LIKE_A_LIST = re.compile(
    rb"\s*(?:\{\s*\"(?:apiVersion|items|kind|metadata)\"|(?:---\s+)?(?:apiVersion|items|kind):)"
)
"""In a file of text, such as the log of a container, a brace or three dashes say too little."""


def _begins_like_objects(path: Path) -> bool:
    """Whether a file begins as kubectl's output does, after lines of the shell."""
    begin = _BEGINS_LIKE_A_LIST if path.suffix else _BEGINS_LIKE_OBJECTS
    try:
        return begin.match(SAID.sub(b"", begins_with(path, 4096).replace(b"\r\n", b"\n"))) is not None
    except OSError:
        return True  # Reading it reports the reason.
