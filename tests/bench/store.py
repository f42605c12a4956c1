"""A synthetic cluster on disk, as chunks that are sent unchanged: made once, then mapped into memory."""

from __future__ import annotations

import json
import mmap
import tempfile
from array import array
from pathlib import Path

from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from tests.bench import synthetic, wire
from tests.support import protobuf_answers

_FORMAT = 4
"""Grows with every change of what is made, so that no older file is taken."""


class Collection:
    """All objects of a kind: `chunks` is the body of a streaming list, up to its bookmark.

    `bounds` has the position of each object's chunk, and at last the end of all of them.
    """

    def __init__(self, kind: Kind, chunks: bytes | mmap.mmap, bounds: array[int]) -> None:
        self.kind = kind
        self.chunks = memoryview(chunks)
        self.bounds = bounds
        version = wire.API_VERSIONS.get(kind, "v1")
        self._type = f'{{"kind":"{kind.value}","apiVersion":"{version}",'.encode()
        self._before = len(b'{"type":"ADDED","object":')

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def version(self) -> int:
        """The resourceVersion of the list."""
        return wire.FIRST_VERSION + len(self)

    def item(self, number: int) -> bytes:
        """One object, as JSON."""
        data = bytes(self.chunks[self.bounds[number] : self.bounds[number + 1]])
        return data[data.index(b"\r\n") + 2 + self._before : -len(b"}\n\r\n")]

    def page(self, start: int, limit: int) -> bytes:
        """A page of a list; like those of the API server, its items have no kind."""
        end = min(len(self), start + limit) if limit else len(self)
        rest = b',"continue":"%d","remainingItemCount":%d' % (end, len(self) - end) if end < len(self) else b""
        items = b",".join(b"{" + self.item(number)[len(self._type) :] for number in range(start, end))
        names = f'"kind":"{self.kind.value}List","apiVersion":"{wire.API_VERSIONS.get(self.kind, "v1")}"'.encode()
        return b'{%b,"metadata":{"resourceVersion":"%010d"%b},"items":[%b]}' % (names, self.version, rest, items)


class ProtobufCollection(Collection):
    """The same in protobuf: `item` is the frame of an added object."""

    def item(self, number: int) -> bytes:
        """One frame."""
        data = bytes(self.chunks[self.bounds[number] : self.bounds[number + 1]])
        return data[data.index(b"\r\n") + 2 : -2]

    def page(self, start: int, limit: int) -> bytes:
        """A page of a list."""
        end = min(len(self), start + limit) if limit else len(self)
        more = (str(end), len(self) - end) if end < len(self) else ("", 0)
        version = wire.API_VERSIONS.get(self.kind, "v1")
        frames = [self.item(number) for number in range(start, end)]
        return protobuf_answers.list_of_frames(self.kind.value, version, f"{self.version:010d}", more, frames)


def default_folder() -> Path:
    """The directory in which clusters are kept between runs."""
    return Path(tempfile.gettempdir()) / "dsview-bench"


def open_cluster(pods: int, folder: Path | None = None) -> dict[Kind, Collection]:
    """A cluster with this many pods, made unless it exists: 1.3 GB and half a minute for 150,000."""
    size = synthetic.size_of(pods)
    home = (folder or default_folder()) / f"{_FORMAT}-{pods}"
    home.mkdir(parents=True, exist_ok=True)
    return {kind: _open(kind, size, home / kind.value) for kind in wire.API_VERSIONS}


def in_protobuf(pods: int, folder: Path | None = None) -> dict[Kind, Collection]:
    """The kinds of the cluster that have protobuf, in protobuf; made like `open_cluster`."""
    home = (folder or default_folder()) / f"{_FORMAT}-{pods}"
    found: dict[Kind, Collection] = {}
    for kind, objects in open_cluster(pods, folder).items():
        if not RESOURCES[kind].has_protobuf:
            continue
        path, index = home / f"{kind.value}.pb", home / f"{kind.value}.pb.index"
        if not index.exists():
            bounds = array("Q", [0])
            with path.open("wb") as file:
                for number in range(len(objects)):
                    bounds.append(bounds[-1] + file.write(wire.chunk(_as_frame(kind, objects.item(number)))))
            partial = index.with_suffix(".partial")
            partial.write_bytes(bounds.tobytes())
            partial.replace(index)
        bounds = array("Q")
        bounds.frombytes(index.read_bytes())
        with path.open("rb") as file:
            chunks = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if bounds[-1] else b""
            found[kind] = ProtobufCollection(kind, chunks, bounds)
    return found


_SHARE = 0.7
"""How large an object is in protobuf where it is 1 in JSON: recorded pods of a real API server are."""


def _as_frame(kind: Kind, item: bytes) -> bytes:
    size = int(len(item) * _SHARE)
    return protobuf_answers.frame_of_item("ADDED", kind.value, json.loads(item), size=size)


def _open(kind: Kind, size: synthetic.Size, path: Path) -> Collection:
    index = path.with_suffix(".index")
    if not index.exists():
        _make(kind, size, path, index)
    bounds = array("Q")
    bounds.frombytes(index.read_bytes())
    with path.open("rb") as file:
        return Collection(kind, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), bounds)


def _make(kind: Kind, size: synthetic.Size, path: Path, index: Path) -> None:
    bounds = array("Q", [0])
    with path.open("wb") as file:
        for item in wire.objects(kind, size):
            bounds.append(bounds[-1] + file.write(wire.chunk(wire.line(b"ADDED", item))))
    # The index is written last and at once: if it exists, everything else is complete.
    partial = index.with_suffix(".partial")
    partial.write_bytes(bounds.tobytes())
    partial.replace(index)


def empty(kind: Kind) -> Collection:
    """A kind without objects."""
    return Collection(kind, b"", array("Q", [0]))
