"""From the raw objects of lists and watches to events: decoded, in batches, with unreadable objects apart."""

from __future__ import annotations

import time

import msgspec

from dsview.kinds.decode import BadObject
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.sources.events import Changed, Quarantined, Sink
from dsview.sources.kube.encodings import JSON, Encoding
from dsview.sources.kube.limits import UNREADABLE

BATCH = 500
_UPSERTS = {"ADDED", "MODIFIED"}


class Stats(msgspec.Struct):
    """The cost of reading a kind: bytes, and seconds of waiting for them and of decoding them."""

    bytes: int = 0
    read_s: float = 0.0
    decode_s: float = 0.0
    encoding: str = ""
    """`protobuf` or `json`: the encoding of the last response."""


class ObjectBatcher:
    """Takes the objects of one kind; `flush` sends what was taken.

    Of the list under way `loaded` counts the objects, and `seen` are their keys where those are needed to tell what is
    gone: 17 MB at 150,000 pods. `encoding` is that of the answer under way. `has_sent` is set when as much was taken as
    is sent at once, for whoever tells how far the list is.
    """

    def __init__(self, kind: Kind, sink: Sink) -> None:
        self._kind = kind
        self._sink = sink
        self._upserts: dict[Key, Object] = {}
        self._deletes: dict[Key, None] = {}
        self._keeps_keys = False
        self.encoding: Encoding = JSON
        self.loaded = 0
        self.has_sent = False
        self.seen: set[Key] = set()
        self._unreadable: set[str] = set()
        self.stats = Stats()

    def begin_list(self, *, keeps_keys: bool) -> None:
        """Begin a list."""
        self._keeps_keys = keeps_keys
        self.loaded = 0
        self.has_sent = False
        self.seen = set()

    def put_event(self, data: bytes, *, is_listing: bool) -> str | None:
        """Add the object of a watch event unless it was deleted. Returns its resourceVersion, otherwise None."""
        started = time.perf_counter()
        whole = self.encoding.whole(self._kind, data)
        self.stats.decode_s += time.perf_counter() - started
        if whole is None or whole[0] not in _UPSERTS:
            return None
        return self._keep(whole[1], is_listing=is_listing)

    def put(self, data: bytes, *, is_listing: bool, is_item: bool = False) -> str:
        """Add an existing object. Returns its resourceVersion, empty if it cannot be read.

        `is_item` means that it is from a page of a list, not from a watch.
        """
        decode = self.encoding.item if is_item else self.encoding.object
        started = time.perf_counter()
        try:
            item = decode(self._kind, data)
        except BadObject as error:
            self._note_unreadable(error)
            if is_listing and self._keeps_keys:
                # It exists, although it cannot be read.
                namespace, _, name = error.identity.partition("/")
                self.seen.add((namespace, name))
            return ""
        finally:
            self.stats.decode_s += time.perf_counter() - started
        return self._keep(item, is_listing=is_listing)

    def _note_unreadable(self, error: BadObject) -> None:
        """Report an object that cannot be read, once, unless there are too many of them."""
        if error.identity in self._unreadable or len(self._unreadable) > UNREADABLE:
            return
        self._unreadable.add(error.identity)
        if len(self._unreadable) > UNREADABLE:
            text = f"More than {UNREADABLE:,} objects of the kind {self._kind} could not be read."
            self._sink(Quarantined(self._kind, "more than are named", text))
        else:
            self._sink(Quarantined(self._kind, error.identity, str(error)))

    def _keep(self, item: Object, *, is_listing: bool) -> str:
        key = item.key
        if is_listing:
            self.loaded += 1
            if self._keeps_keys:
                self.seen.add(key)
        if self._unreadable:
            self._unreadable.discard(f"{key[0]}/{key[1]}")
        self._deletes.pop(key, None)
        self._upserts[key] = item
        if len(self._upserts) >= BATCH:
            self.flush()
            self.has_sent = True
        return item.resource_version

    def drop(self, data: bytes) -> str:
        """Add a deleted object. Returns the resourceVersion of its deletion, empty if it cannot be read."""
        try:
            item = self.encoding.object(self._kind, data)
        except BadObject as error:
            namespace, _, name = error.identity.rpartition("/")
            self._deletes[(namespace, name)] = None
            return ""
        self.seen.discard(item.key)
        self._upserts.pop(item.key, None)
        self._deletes[item.key] = None
        return item.resource_version

    def flush(self) -> None:
        """Send the collected objects."""
        if self._upserts or self._deletes:
            changed = Changed(self._kind, tuple(self._upserts.values()), tuple(self._deletes))
            self._upserts, self._deletes = {}, {}
            self._sink(changed)
