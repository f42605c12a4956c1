"""The queue into which source threads put their events. Of several writes to one object, only the last is kept.

Order is preserved where it matters: a completed list, or a change of health, comes after all earlier objects.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from itertools import islice

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.sources.events import Changed, Item, SourceEvent

_MAX_OBJECTS = 250


class EventQueue:
    """A queue with many writers and one reader."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[SourceEvent | _Pending] = deque()
        self._mergeable: dict[Kind, _Pending] = {}
        self.arrived = threading.Event()
        """Set when an event arrives. The reader clears it before reading."""

    def put(self, event: SourceEvent) -> None:
        """Add an event; a `Sink`."""
        with self._lock:
            if isinstance(event, Changed):
                pending = self._mergeable.get(event.kind)
                if pending is None:
                    pending = self._mergeable[event.kind] = _Pending(event.kind)
                    self._queue.append(pending)
                for item in event.upserts:
                    pending.items[item.key] = item
                for key in event.deletes:
                    pending.items[key] = None
            else:
                # Events after this one must not be merged into earlier ones.
                self._mergeable.clear()
                self._queue.append(event)
        self.arrived.set()

    def take(self) -> SourceEvent | None:
        """The next event, with at most a few hundred objects; None if the queue is empty."""
        with self._lock:
            while self._queue:
                first = self._queue[0]
                if not isinstance(first, _Pending):
                    self._queue.popleft()
                    return first
                if self._mergeable.get(first.kind) is first:
                    # From now on it is only read. New events are queued after it.
                    del self._mergeable[first.kind]
                event = first.take(_MAX_OBJECTS)
                if event is not None:
                    return event
                self._queue.popleft()
            return None

    def clear(self) -> None:
        """Remove all queued events."""
        with self._lock:
            self._queue.clear()
            self._mergeable.clear()

    @property
    def is_empty(self) -> bool:
        """Whether the queue is empty."""
        return not self._queue


class _Pending:
    """Queued writes of one kind; None marks a deleted object."""

    __slots__ = ("_rest", "items", "kind")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.items: dict[Key, Item | None] = {}
        self._rest: Iterator[tuple[Key, Item | None]] | None = None

    def take(self, limit: int) -> Changed | None:
        """The next writes, or None if there are no more."""
        if self._rest is None:
            self._rest = iter(self.items.items())
        upserts: list[Item] = []
        deletes: list[Key] = []
        for key, item in islice(self._rest, limit):
            if item is None:
                deletes.append(key)
            else:
                upserts.append(item)
        return Changed(self.kind, upserts, deletes) if upserts or deletes else None
