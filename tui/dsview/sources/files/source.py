"""`--from PATH`: a file, a directory, or standard input, read once and told as the same events as a cluster's."""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from msgspec import Raw

from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.kinds.decode import BadObject, decode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.sources.events import Sink
from dsview.sources.files.documents import BROKEN, MAX_BYTES, Document, Unreadable, document, documents, unpack
from dsview.sources.files.gathered import MAX_LISTS, Gathered, is_conf, kind_in, version_of
from dsview.sources.manifest import manifest


class FilesSource:
    """Files as a source. What is broken costs only itself and is named; the same bytes give the same events."""

    kind: Literal["files"] = "files"
    is_live = False

    def __init__(self, path: str, *, stdin: BinaryIO | None = None, namespaces: tuple[str, ...] = ()) -> None:
        self._path = path
        self._stdin = stdin
        # Not `Path.resolve`, which fails where links lead in circles.
        self.name = "standard input" if path == "-" else safe(os.path.basename(os.path.realpath(path)) or "/")  # noqa: PTH119
        self._gathered = Gathered(namespaces)

    @property
    def captured_at(self) -> float | None:
        """When a snapshot was taken, epoch seconds."""
        return self._gathered.captured_at

    def now(self, wall: float) -> float:
        """When a snapshot was taken; else after every grace period."""
        return self.captured_at if self.captured_at is not None else math.inf

    def start(self, sink: Sink) -> None:
        """Read everything and tell it. Raises `UserError` where there is nothing to read."""
        gathered = self._gathered
        for path, data in self._contents():
            gathered.take(path, data, sink)
        if not gathered.has_any:
            detail = f" {gathered.broken[0]}" if gathered.broken else ""
            raise UserError(f"{self.name} holds no Kubernetes objects.{detail} Give what `kubectl get -o json` wrote.")
        gathered.tell(sink)

    def stop(self) -> None:
        """Nothing runs."""

    def read_nginx_conf(self, pod: Pod, container: str, sink: Sink) -> None:
        """Everything there is was told at the start."""

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Everything there is was told at the start."""

    def _contents(self) -> Iterator[tuple[Path, bytes]]:
        if self._path == "-":
            if self._stdin is None:
                raise UserError("There is no standard input to read.")
            yield Path("standard input"), self._stdin.read(MAX_BYTES)
            return
        if not self._path:
            raise UserError("--from names nothing. Give a file, a directory, or - for standard input.")
        root = Path(self._path)
        try:
            mode = root.stat().st_mode
            if stat.S_ISDIR(mode):
                yield from self._directory(root)
            elif stat.S_ISREG(mode):
                if root.stat().st_size > MAX_BYTES:
                    raise UserError(f"{safe(self._path)} is larger than 2 GB. Give its objects in several files.")
                yield Path(root.name), root.read_bytes()
            else:
                raise UserError(
                    f"{safe(self._path)} is neither a file nor a directory. Give - and pipe it to standard input."
                )
        except FileNotFoundError:
            raise UserError(f"{safe(self._path)} does not exist.") from None
        except PermissionError:
            raise UserError(f"{safe(self._path)} cannot be read: permission denied.") from None
        except OSError as error:
            raise UserError(f"{safe(self._path)} cannot be read: {error.strerror or error}.") from None

    def _directory(self, root: Path) -> Iterator[tuple[Path, bytes]]:
        seen: set[tuple[int, int]] = set()
        broken = self._gathered.broken
        pending = [root]
        files: list[Path] = []
        while pending:
            folder = pending.pop()
            try:
                info = folder.stat()
                if (info.st_dev, info.st_ino) in seen:
                    continue
                seen.add((info.st_dev, info.st_ino))
                entries = list(folder.iterdir())
            except OSError as error:
                broken.append(f"{safe(str(folder.relative_to(root)))} cannot be read ({error.strerror}).")
                continue
            for entry in entries:
                try:
                    mode = entry.stat().st_mode
                except OSError as error:
                    broken.append(f"{safe(str(entry.relative_to(root)))} cannot be read ({error.strerror}).")
                    continue
                if stat.S_ISDIR(mode):
                    pending.append(entry)
                elif stat.S_ISREG(mode):
                    files.append(entry)
                else:
                    self._gathered.passed_over.append(str(entry.relative_to(root)))
        for path in sorted(files):
            relative = path.relative_to(root)
            if not _is_wanted(relative) and not (not relative.suffix and _begins_like_objects(path)):
                self._gathered.passed_over.append(str(relative))
                continue
            try:
                if path.stat().st_size > MAX_BYTES:
                    broken.append(f"{safe(str(relative))} is larger than 2 GB and was passed over.")
                    continue
                yield relative, path.read_bytes()
            except OSError as error:
                broken.append(f"{safe(str(relative))} cannot be read ({error.strerror}).")

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object as it stands in its file, read anew, as YAML."""
        where = self._gathered.where.get((kind, key))
        if where is None or self._path == "-":
            raise UserError("The manifest is not available: it was read from standard input.")
        root = Path(self._path)
        try:
            content = unpack((root if root.is_file() else root / where).read_bytes())
            best: tuple[tuple[int, int], Raw] | None = None
            for item, raw in _objects_in(where, content, kind):
                if item.key == key and (best is None or version_of(item) >= best[0]):
                    best = (version_of(item), raw)
        except (OSError, Unreadable, *BROKEN) as error:
            raise UserError(f"The manifest cannot be read: {safe(str(error))}") from None
        if best is None:
            raise UserError("The manifest is not in its file any more.")
        return manifest(best[1])


def _objects_in(path: Path, content: bytes, kind: Kind) -> Iterator[tuple[Object, Raw]]:
    """The objects of a kind in a file; broken ones were reported when it was first read."""
    for found in documents(content):
        yield from _objects_of(path, found, kind, 0)


def _objects_of(path: Path, found: Document, kind: Kind, depth: int) -> Iterator[tuple[Object, Raw]]:
    list_kind = found.kind.removesuffix("List") if found.kind.endswith("List") else ""
    for raw in found.items if found.items is not None else [found.raw]:
        try:
            inner = document(raw)
            if inner.kind == "List" and found.items is not None and depth < MAX_LISTS:
                yield from _objects_of(path, inner, kind, depth + 1)
            elif kind_in(path, raw, list_kind, found.api_version) is kind:
                yield decode(kind, raw), raw
        except (BadObject, *BROKEN):
            continue


def _is_wanted(path: Path) -> bool:
    name = path.name.removesuffix(".gz")
    if name.endswith(".conf"):
        return is_conf(path)
    is_watch_recording = name.endswith((".jsonl", ".ndjson"))
    is_expectation = name == "expect.json"
    return name.endswith((".json", ".yaml", ".yml", ".err")) and not is_watch_recording and not is_expectation


_BEGINS_LIKE_OBJECTS = re.compile(rb"\s*(?:\{\s*\"|---\s|apiVersion:|items:|kind:)")


def _begins_like_objects(path: Path) -> bool:
    """Whether a file without an extension begins as kubectl's output does."""
    try:
        with path.open("rb") as file:
            return _BEGINS_LIKE_OBJECTS.match(file.read(256)) is not None
    except OSError:
        return True  # Reading it says why it cannot be read.
