"""The content of a recording: key frames with the whole state, and batches with the changes since then, tick by tick.

A tick is one round of a session: the events that it processed together, and the resulting findings.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from dsview.core.errors import UserError
from dsview.core.finding import Finding, Pending
from dsview.kinds.kind import KINDS_BY_NAME, Kind
from dsview.kinds.metadata import Key
from dsview.sources.events import Item, StatusChanged
from dsview.sources.recording.columns import DAMAGED, Columns, from_columns, to_columns
from dsview.sources.recording.patches import Patch, StoredPatches, pack_patches, patch_of, unpack_patches
from dsview.sources.recording.schema import DECODE_ERRORS, MAX_PART_SIZE

T = TypeVar("T")

_LEVEL = 4
"""The zlib level. The next higher level makes a key frame 5 % smaller and takes twice the time."""

_OBJECTS_PER_PART = 8_192
"""Objects of a kind that are packed together in a key frame, so that only a few are in memory twice during a read."""

_OBJECTS_PER_PART_OF_KIND = {Kind.ENDPOINT_SLICE: 1_024, Kind.PROXY_LISTENERS: 1}
"""The same for large objects: a slice may have a thousand endpoints, and the configuration of a proxy several MB."""

Subject = tuple[str, str, str]
"""The subject of checks: kind (or the code of a cluster-wide check), namespace, name."""


class Judged(msgspec.Struct, frozen=True):
    """The findings about a subject before any policy is applied, and the time at which each was first seen, or None.

    `pending` contains the findings without a verdict, `undecided` the checks that must wait before they can decide: by
    code, until when, epoch seconds.
    """

    subject: Subject
    findings: tuple[Finding, ...]
    opened: tuple[float | None, ...]
    pending: tuple[Pending, ...] = ()
    undecided: dict[str, float] = {}


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """State that does not belong to a kind: the server, unreadable objects, and the failed checks by code."""

    server_version: str | None = None
    banners: tuple[str, ...] = ()
    quarantined: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()
    failures: dict[str, str] = {}


class Tick(msgspec.Struct, kw_only=True):
    """The changes at one time, in epoch seconds. A deleted object is None.

    A changed object is in `objects` as a whole, or in `patches` with the changed fields only. If `before` contains its
    previous state, it is written as a patch.
    """

    at: float
    objects: dict[Kind, dict[Key, Item | None]]
    patches: dict[Kind, dict[Key, Patch]] = {}
    before: dict[Kind, dict[Key, Item]] = {}
    statuses: list[StatusChanged]
    judged: list[Judged]
    head: Head | None


class Frame(msgspec.Struct, kw_only=True):
    """The whole state of a session at one time."""

    at: float
    objects: Mapping[Kind, Sequence[Item]]
    statuses: list[StatusChanged]
    judged: list[Judged]
    head: Head


class _StoredFrame(msgspec.Struct):
    """A key frame. Objects are packed in parts, so that only a few are in memory twice during a read."""

    objects: dict[str, list[bytes]]
    rest: bytes


class _StoredRest(msgspec.Struct):
    statuses: list[StatusChanged]
    judged: list[Judged]
    head: Head


class _StoredObjects(msgspec.Struct):
    """The changed and deleted objects of one kind, each with the number of its tick."""

    ticks: list[int]
    columns: Columns
    gone: list[tuple[int, str, str]]
    patches: list[StoredPatches]


class _StoredBatch(msgspec.Struct):
    times: list[float]
    objects: dict[str, _StoredObjects]
    statuses: list[tuple[int, StatusChanged]]
    judged: list[tuple[int, Judged]]
    heads: list[tuple[int, Head]]


_key_of: Callable[[Item], Key] = attrgetter("namespace", "name")
"""Like the property `key` of an object, but three times as fast."""


def pack_frame(frame: Frame) -> bytes:
    """A key frame in its stored form."""
    objects = {
        kind.value: [_pack(to_columns(items[at : at + step])) for at in range(0, len(items), step)]
        for kind, items in frame.objects.items()
        if items and (step := _OBJECTS_PER_PART_OF_KIND.get(kind, _OBJECTS_PER_PART))
    }
    return msgspec.msgpack.encode(_StoredFrame(objects, _pack(_StoredRest(frame.statuses, frame.judged, frame.head))))


def unpack_frame(at: float, data: bytes) -> Moment:
    """The moment of a key frame that `pack_frame` packed. Raises `UserError` if it cannot be read."""
    stored = _decoded(data, _StoredFrame)
    objects: dict[Kind, dict[Key, Item]] = {}
    for name, parts in stored.objects.items():
        if name in KINDS_BY_NAME:
            of_kind = objects[KINDS_BY_NAME[name]] = {}
            for part in parts:
                # Part by part, while the objects are in the processor's cache.
                items = from_columns(KINDS_BY_NAME[name], _unpack(part, Columns))
                of_kind.update(zip(map(_key_of, items), items, strict=True))
    rest = _unpack(stored.rest, _StoredRest)
    return Moment(
        at=at,
        objects=objects,
        statuses={status.kind: status for status in rest.statuses},
        judged={entry.subject: entry for entry in rest.judged},
        head=rest.head,
    )


class _KindChanges:
    """The changes of objects of one kind in several ticks."""

    def __init__(self) -> None:
        self.ticks: list[int] = []
        self.items: list[Item] = []
        self.gone: list[tuple[int, str, str]] = []
        self.patches: list[tuple[int, Key, Patch]] = []

    def add(self, number: int, tick: Tick, kind: Kind) -> None:
        """Add the changes of a tick."""
        before = tick.before.get(kind, {})
        self.patches += [(number, key, patch) for key, patch in tick.patches.get(kind, {}).items()]
        for key, item in tick.objects.get(kind, {}).items():
            old = before.get(key)
            if item is None:
                self.gone.append((number, *key))
            elif old is not None:
                self.patches.append((number, key, patch_of(old, item)))
            else:
                self.ticks.append(number)
                self.items.append(item)

    def stored(self) -> _StoredObjects:
        """The changes in their stored form."""
        return _StoredObjects(self.ticks, to_columns(self.items), self.gone, pack_patches(self.patches))


def pack_batch(ticks: Sequence[Tick]) -> bytes:
    """Consecutive ticks in their stored form."""
    changes_by_kind: dict[Kind, _KindChanges] = {}
    for number, tick in enumerate(ticks):
        for kind in (*tick.objects, *(kind for kind in tick.patches if kind not in tick.objects)):
            changes_by_kind.setdefault(kind, _KindChanges()).add(number, tick, kind)
    return _pack(
        _StoredBatch(
            times=[tick.at for tick in ticks],
            objects={kind.value: changes.stored() for kind, changes in changes_by_kind.items()},
            statuses=[(n, status) for n, tick in enumerate(ticks) for status in tick.statuses],
            judged=[(n, judged) for n, tick in enumerate(ticks) for judged in tick.judged],
            heads=[(n, tick.head) for n, tick in enumerate(ticks) if tick.head is not None],
        )
    )


def unpack_batch(data: bytes) -> list[Tick]:
    """The inverse of `pack_batch`. Raises `UserError` if it cannot be read."""
    stored = _unpack(data, _StoredBatch)
    try:
        return _ticks_of(stored)
    except (IndexError, ValueError):
        raise UserError("A part of the recording cannot be read: its parts do not fit together.") from None


def _ticks_of(stored: _StoredBatch) -> list[Tick]:
    ticks = [Tick(at=at, objects={}, statuses=[], judged=[], head=None) for at in stored.times]
    for name, objects in stored.objects.items():
        kind = KINDS_BY_NAME.get(name)
        if kind is None:
            continue
        if objects.columns.size != len(objects.ticks):
            raise UserError(DAMAGED)
        for number, item in zip(objects.ticks, from_columns(kind, objects.columns), strict=True):
            ticks[number].objects.setdefault(kind, {})[item.key] = item
        for number, key, patch in unpack_patches(kind, objects.patches):
            ticks[number].patches.setdefault(kind, {})[key] = patch
        for number, namespace, gone in objects.gone:
            ticks[number].objects.setdefault(kind, {})[(namespace, gone)] = None
    for number, status in stored.statuses:
        ticks[number].statuses.append(status)
    for number, judged in stored.judged:
        ticks[number].judged.append(judged)
    for number, head in stored.heads:
        ticks[number].head = head
    return ticks


def times_of(data: bytes) -> list[float]:
    """The times of the ticks of a batch, without decoding their content."""
    return _unpack(data, _Times).times


class _Times(msgspec.Struct):
    times: list[float]


def _pack(value: object) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(value), _LEVEL)


def _unpack(data: bytes, wanted: type[T]) -> T:
    unzip = zlib.decompressobj()
    try:
        content = unzip.decompress(data, MAX_PART_SIZE)
    except zlib.error as error:
        raise UserError(f"A part of the recording cannot be read: {error}.") from None
    if not unzip.eof:
        raise UserError("A part of the recording cannot be read: it is truncated, or too large.")
    return _decoded(content, wanted)


def _decoded(content: bytes, wanted: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(content, type=wanted)
    except DECODE_ERRORS as error:
        raise UserError(f"A part of the recording cannot be read: {error}.") from None


class Moment(msgspec.Struct, kw_only=True):
    """The state of a session at one time, by kind, key and subject. `follow` applies the next tick."""

    at: float
    objects: dict[Kind, dict[Key, Item]]
    statuses: dict[Kind, StatusChanged]
    judged: dict[Subject, Judged]
    head: Head

    def follow(self, tick: Tick) -> None:
        """Apply a tick. Raises `UserError` if it patches an object that does not exist."""
        self.at = tick.at
        for kind, changes in tick.objects.items():
            stored_objects: dict[Key, Any] = self.objects.setdefault(kind, {})
            for key, item in changes.items():
                if item is None:
                    stored_objects.pop(key, None)
                else:
                    stored_objects[key] = item
        for kind, patches in tick.patches.items():
            self._patch(self.objects.get(kind, {}), patches)
        self.statuses.update((status.kind, status) for status in tick.statuses)
        for entry in tick.judged:
            if entry.findings or entry.pending or entry.undecided:
                self.judged[entry.subject] = entry
            else:
                self.judged.pop(entry.subject, None)
        self.head = tick.head or self.head

    def copy(self) -> Moment:
        """A copy to apply ticks to, which leaves this moment unchanged."""
        return Moment(
            at=self.at,
            objects={kind: items.copy() for kind, items in self.objects.items()},
            statuses=self.statuses.copy(),
            judged=self.judged.copy(),
            head=self.head,
        )

    @staticmethod
    def _patch(objects: dict[Key, Any], patches: Mapping[Key, Patch]) -> None:  # Any: one store for all kinds
        for key, patch in patches.items():
            if key not in objects:
                raise UserError(DAMAGED)
            objects[key] = msgspec.structs.replace(objects[key], **patch)
