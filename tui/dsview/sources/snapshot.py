"""Writes the state of a session to one file, for a ticket, for CI, or for `--from`. Secrets are never read."""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from dsview.core.errors import UserError, write_failure
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.core.text import safe
from dsview.kinds.encode import encode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.wire import PLAUSIBLE, seconds, utc
from dsview.listeners.registry import FOLDER_READ
from dsview.sources.events import StatusChanged
from dsview.sources.private_files import private_file

SNAPSHOT_KIND = "DsviewSnapshot"
API_VERSION = "dsview.io/v1"


class SnapshotStatus(msgspec.Struct, rename="camel"):
    """The health of a kind when the snapshot was taken. `namespaces` are those that were read, if not all were."""

    health: str
    reason: str = ""
    namespaces: tuple[str, ...] | None = None
    cut_off: str = ""
    listed: tuple[str, ...] | None = None


class SnapshotConf(msgspec.Struct, rename="camel"):
    """The configuration of a proxy pod."""

    namespace: str
    name: str
    text: str


class SnapshotHead(msgspec.Struct, rename="camel"):
    """Everything in a snapshot except its items."""

    captured_at: datetime | None = None
    server_version: str | None = None
    context: str = ""
    kinds: dict[str, SnapshotStatus] = {}
    proxy_configs: list[SnapshotConf] = msgspec.field(default_factory=list, name=FOLDER_READ)

    @property
    def captured_seconds(self) -> float | None:
        """The time of capture, epoch seconds; None if it is missing or implausible."""
        captured = seconds(self.captured_at)
        return float(captured) if captured in PLAUSIBLE else None


class Snapshot(msgspec.Struct, kw_only=True):
    """The content to write. `captured_at` is epoch seconds."""

    captured_at: float
    context: str
    server_version: str | None
    statuses: list[StatusChanged]
    confs: list[ProxyListeners]
    objects: Iterable[tuple[Kind, Object]]


def _status(status: StatusChanged) -> SnapshotStatus:
    listed = tuple(sorted(status.listed)) if status.listed is not None else None
    return SnapshotStatus(status.health.value, status.reason, status.namespaces, status.cut_off, listed)


def _chunks(snapshot: Snapshot) -> Iterator[bytes]:
    head = SnapshotHead(
        captured_at=utc(int(snapshot.captured_at)),
        server_version=snapshot.server_version,
        context=snapshot.context,
        kinds={status.kind.value: _status(status) for status in snapshot.statuses},
        proxy_configs=[
            SnapshotConf(c.namespace, c.name, c.text.decode("utf-8", "replace"))
            for c in snapshot.confs
            if c.source is not ListenSource.PREDICTED
        ],
    )
    yield f'{{"kind":"{SNAPSHOT_KIND}","apiVersion":"{API_VERSION}",'.encode()
    yield msgspec.json.encode(head)[1:-1]
    yield b',"items":['
    first = True
    for kind, item in snapshot.objects:
        yield (b"\n" if first else b",\n") + msgspec.json.encode(encode(kind, item))
        first = False
    yield b"\n]}\n"


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write the file atomically, readable by its owner only; with gzip if the name ends in `.gz`.

    A pipe or a device, such as `/dev/stdout`, is written to and never replaced, and a link stays a link. Raises
    `UserError` if the file cannot be written, or if it is a terminal, because the text is not filtered.
    """
    try:
        with _open(path) as plain:
            if plain.isatty():
                raise UserError(f"{path.name} is a terminal. Write to a file or a pipe.")
            if path.name.endswith(".gz"):
                with gzip.GzipFile(fileobj=plain, mode="wb", filename="", mtime=0) as packed:
                    packed.writelines(_chunks(snapshot))
            else:
                plain.writelines(_chunks(snapshot))
    except BrokenPipeError:
        # The reader closed the pipe because it has read enough.
        return
    except OSError as error:
        raise UserError(safe(f"{path} cannot be written: {write_failure(path, error)}.")) from None


def _open(path: Path) -> AbstractContextManager[BinaryIO]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISREG(mode):
        return private_file(Path(os.path.realpath(path)))
    return path.open("wb")
