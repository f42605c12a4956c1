"""`--from PATH`: reads a file, a directory or standard input once, and sends the events that a cluster would send."""

from __future__ import annotations

import math
import os
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
from dsview.sources.bounded_files import (
    KUBECTL_ERRORS,
    OBJECTS,
    PROXY_LISTENERS,
    STANDARD_INPUT,
    FileLimit,
    read_bounded,
    read_stream,
)
from dsview.sources.events import Sink
from dsview.sources.files.documents import BROKEN, Document, Unreadable, document, documents
from dsview.sources.files.file_contents import MAX_NESTED_LISTS, FileContents, is_conf, version_of
from dsview.sources.files.folder import files_in
from dsview.sources.files.object_kind import kind_in
from dsview.sources.manifest import manifest


class FilesSource:
    """Files as a source. Invalid parts are skipped and reported. The same bytes always give the same events."""

    kind: Literal["files"] = "files"
    is_live = False

    def __init__(self, path: str, *, stdin: BinaryIO | None = None, namespaces: tuple[str, ...] = ()) -> None:
        self._path = path
        self._stdin = stdin
        # Not `Path.resolve`, which fails on circular links.
        self.name = "standard input" if path == "-" else safe(os.path.basename(os.path.realpath(path)) or "/")  # noqa: PTH119
        self._files = FileContents(namespaces)

    @property
    def captured_at(self) -> float | None:
        """The time when a snapshot was taken, epoch seconds."""
        return self._files.captured_at

    def now(self, wall: float) -> float:
        """The time when a snapshot was taken; otherwise infinity, which is after every grace period."""
        return self.captured_at if self.captured_at is not None else math.inf

    def start(self, sink: Sink) -> None:
        """Read everything and send it. Raises `UserError` if there is nothing to read."""
        contents = self._files
        for path, data in self._read_files():
            contents.add(path, data, sink)
        if not contents.has_objects:
            first = contents.errors[0] if contents.errors else ""
            # The name of a single file is said once.
            reason = first.removeprefix(f"{self.name} could not be read: ")
            detail = "." if not first else f": {reason}" if reason != first else f". {first}"
            raise UserError(
                f"{self.name} contains no Kubernetes objects{detail} Use the output of `kubectl get -o json`."
            )
        contents.send(sink)

    def stop(self) -> None:
        """Nothing to stop."""

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Nothing to do: everything was sent at the start."""

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Nothing to do: everything was sent at the start."""

    def _read_files(self) -> Iterator[tuple[Path, bytes]]:
        if not self._path:
            raise UserError("--from names nothing. Give a file, a directory, or - for standard input.")
        if self._path == "-":
            if self._stdin is None:
                raise UserError("There is no standard input to read.")
            try:
                yield Path("standard input"), read_stream(self._stdin, STANDARD_INPUT)
            except OSError as error:
                raise UserError(f"Standard input cannot be read: {error.strerror or error}.") from None
            return
        root = Path(self._path)
        try:
            if root.is_dir():
                yield from self._read_folder(root)
            else:
                yield Path(root.name), read_bounded(root, _limit_of(root))
        except FileNotFoundError:
            raise UserError(f"{safe(self._path)} does not exist.") from None
        except OSError as error:
            hint = "" if root.is_file() else " Give a file, a directory, or - and pipe it to standard input."
            raise UserError(f"{safe(self._path)} cannot be read: {safe(error.strerror or str(error))}.{hint}") from None

    def _read_folder(self, root: Path) -> Iterator[tuple[Path, bytes]]:
        contents = self._files
        for path in files_in(root, lambda path: contents.skipped.append(str(path)), contents.add_unreadable):
            try:
                content = read_bounded(root / path, _limit_of(path), within=root)
            except OSError as error:
                contents.add_unreadable(path, error.strerror or str(error))
                continue
            yield path, content

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object in its file as YAML, read again."""
        file = self._files.paths.get((kind, key))
        if file is None or self._path == "-":
            raise UserError("The manifest is not available: it was read from standard input.")
        root = Path(self._path)
        try:
            content = read_bounded(root if root.is_file() else root / file, OBJECTS)
            best: tuple[tuple[int, int], Raw] | None = None
            for item, raw in _objects_in(file, content, kind):
                if item.key == key and (best is None or version_of(item) >= best[0]):
                    best = (version_of(item), raw)
        except (OSError, Unreadable, *BROKEN) as error:
            raise UserError(f"The manifest cannot be read: {safe(str(error))}") from None
        if best is None:
            raise UserError("The manifest is not in its file any more.")
        return manifest(best[1])


def _objects_in(path: Path, content: bytes, kind: Kind) -> Iterator[tuple[Object, Raw]]:
    """The objects of a kind in a file; invalid ones were reported when it was first read."""
    for part in documents(content):
        yield from _objects_of(path, part, kind, 0)


def _objects_of(path: Path, part: Document, kind: Kind, depth: int) -> Iterator[tuple[Object, Raw]]:
    list_kind = part.kind.removesuffix("List") if part.kind.endswith("List") else ""
    for raw in part.items if part.items is not None else [part.raw]:
        try:
            inner = document(raw)
            if inner.kind == "List" and part.items is not None and depth < MAX_NESTED_LISTS:
                yield from _objects_of(path, inner, kind, depth + 1)
            elif kind_in(path, raw, list_kind, part.api_version) is kind:
                yield decode(kind, raw), raw
        except (BadObject, *BROKEN):
            continue


def _limit_of(path: Path) -> FileLimit:
    if path.suffix == ".err":
        return KUBECTL_ERRORS
    return PROXY_LISTENERS if is_conf(path) else OBJECTS
