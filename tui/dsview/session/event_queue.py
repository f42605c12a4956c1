"""The queue in which source threads put their events. Only the last of several writes to one object is kept.

Order is preserved if it matters: a list that completes, or a change of health, comes after every earlier object.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from itertools import islice

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.sources.events import Changed, Item, SourceEvent

_TAKE = 250


class EventQueue:
    """A queue for many writers and one reader."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[SourceEvent | _Pending] = deque()
        self._open: dict[Kind, _Pending] = {}
        self.arrived = threading.Event()
        """Set when an event arrives. The reader clears it before reading."""

    def put(self, event: SourceEvent) -> None:
        """Add an event; a `Sink`."""
        with self._lock:
            if isinstance(event, Changed):
                pending = self._open.get(event.kind)
                if pending is None:
                    pending = self._open[event.kind] = _Pending(event.kind)
                    self._queue.append(pending)
                for item in event.upserts:
                    pending.items[item.key] = item
                for key in event.deletes:
                    pending.items[key] = None
            else:
                # Events after this one must not be merged into earlier ones.
                self._open.clear()
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
                if self._open.get(first.kind) is first:
                    # From here on it is only read; new events are queued behind it.
                    del self._open[first.kind]
                event = first.take(_TAKE)
                if event is not None:
                    return event
                self._queue.popleft()
            return None

    def clear(self) -> None:
        """Remove all queued events."""
        with self._lock:
            self._queue.clear()
            self._open.clear()

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
