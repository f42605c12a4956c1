"""Decodes the raw objects of lists and watches, and sends them in batches. Reports unreadable objects separately."""

from __future__ import annotations

import time

import msgspec

from dsview.kinds.decode import BadObject
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.sources.events import Changed, Quarantined, Sink
from dsview.sources.kube.encodings import JSON, Encoding
from dsview.sources.kube.limits import MAX_UNREADABLE

BATCH = 500
_UPSERTS = {"ADDED", "MODIFIED"}


class Stats(msgspec.Struct):
    """The cost of reading a kind: bytes, seconds of waiting for them, and seconds of decoding them."""

    bytes: int = 0
    read_s: float = 0.0
    decode_s: float = 0.0
    encoding: str = ""
    """`protobuf` or `json`: the encoding of the last response."""


class ObjectBatcher:
    """Decodes objects of one kind, and buffers them until `flush` or until a batch is full.

    Attributes:
        encoding: The encoding of the current response.
        loaded: The number of objects in the current list.
        listed_keys: The keys in the current list, if they are needed to find deleted objects: 17 MB for 150,000 pods.
        has_flushed_batch: A full batch was sent; the reflector resets this when it reports progress.
    """

    def __init__(self, kind: Kind, sink: Sink) -> None:
        self._kind = kind
        self._sink = sink
        self._upserts: dict[Key, Object] = {}
        self._deletes: dict[Key, None] = {}
        self._keeps_keys = False
        self.encoding: Encoding = JSON
        self.loaded = 0
        self.has_flushed_batch = False
        self.listed_keys: set[Key] = set()
        self._reported: set[str] = set()
        self.stats = Stats()

    def begin_list(self, *, keeps_keys: bool) -> None:
        """Begin a list. `keeps_keys` collects its keys in `listed_keys`."""
        self._keeps_keys = keeps_keys
        self.loaded = 0
        self.has_flushed_batch = False
        self.listed_keys = set()

    def add_event(self, data: bytes, *, is_listing: bool) -> str | None:
        """Add the object of an ADDED or MODIFIED event. Returns its resourceVersion; None for other events."""
        started = time.perf_counter()
        whole = self.encoding.whole(self._kind, data)
        self.stats.decode_s += time.perf_counter() - started
        if whole is None or whole[0] not in _UPSERTS:
            return None
        return self._add(whole[1], is_listing=is_listing)

    def add(self, data: bytes, *, is_listing: bool, is_item: bool = False) -> str:
        """Add an existing object. Returns its resourceVersion; empty if it cannot be read.

        `is_item` means that it is an item of a list page, not the object of a watch event.
        """
        decode = self.encoding.item if is_item else self.encoding.object
        started = time.perf_counter()
        try:
            item = decode(self._kind, data)
        except BadObject as error:
            self._report_unreadable(error)
            if is_listing and self._keeps_keys:
                # It exists, although it cannot be read.
                namespace, _, name = error.identity.partition("/")
                self.listed_keys.add((namespace, name))
            return ""
        finally:
            self.stats.decode_s += time.perf_counter() - started
        return self._add(item, is_listing=is_listing)

    def _report_unreadable(self, error: BadObject) -> None:
        """Report an unreadable object once, unless too many were reported."""
        if error.identity in self._reported or len(self._reported) > MAX_UNREADABLE:
            return
        self._reported.add(error.identity)
        if len(self._reported) > MAX_UNREADABLE:
            text = f"More than {MAX_UNREADABLE:,} objects of the kind {self._kind} could not be read."
            self._sink(Quarantined(self._kind, "more than are named", text))
        else:
            self._sink(Quarantined(self._kind, error.identity, str(error)))

    def _add(self, item: Object, *, is_listing: bool) -> str:
        key = item.key
        if is_listing:
            self.loaded += 1
            if self._keeps_keys:
                self.listed_keys.add(key)
        if self._reported:
            self._reported.discard(f"{key[0]}/{key[1]}")
        self._deletes.pop(key, None)
        self._upserts[key] = item
        if len(self._upserts) >= BATCH:
            self.flush()
            self.has_flushed_batch = True
        return item.resource_version

    def delete(self, data: bytes) -> str:
        """Delete an object. Returns the resourceVersion of its deletion; empty if it cannot be read."""
        try:
            item = self.encoding.object(self._kind, data)
        except BadObject as error:
            namespace, _, name = error.identity.rpartition("/")
            self._deletes[(namespace, name)] = None
            return ""
        self.listed_keys.discard(item.key)
        self._upserts.pop(item.key, None)
        self._deletes[item.key] = None
        return item.resource_version

    def flush(self) -> None:
        """Send the buffered objects."""
        if self._upserts or self._deletes:
            changed = Changed(self._kind, tuple(self._upserts.values()), tuple(self._deletes))
            self._upserts, self._deletes = {}, {}
            self._sink(changed)
