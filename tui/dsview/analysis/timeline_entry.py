"""An entry of the timeline: one event, or one change of a finding."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dsview.checks.engine.check import LayerName
from dsview.core.address import Family
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import Safe


class Sort(StrEnum):
    """The subject of an entry."""

    FAMILY = "family"
    FINDING = "finding"
    OBJECT = "object"
    CONNECTION = "connection"


class Turn(StrEnum):
    """The kind of a change."""

    GAINED = "gained"
    LOST = "lost"
    OPENED = "opened"
    CLOSED = "closed"
    """A finding that was evaluated and does not exist any more: it is fixed."""
    IMPROVED = "improved"
    """A finding that does not exist any more, but the same hop of its object does not work completely yet."""
    GONE = "gone"
    """A finding whose object was deleted."""
    REPLACED = "replaced"
    """A finding that another, no better one replaced."""
    UNREAD = "unread"
    """A finding that cannot be evaluated any more."""
    SETTLING = "settling"
    """A finding that does not exist now but may return: its objects are unsettled."""
    STILL = "still"
    """A finding that exists again after its objects settled: it was never fixed."""
    UP = "up"
    DOWN = "down"
    """A node that became Ready, or not ready."""
    ADDED = "added"
    DELETED = "deleted"
    NEUTRAL = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened at `at`, epoch seconds. `ref` is None where it concerns no object.

    `number` counts all entries since the beginning.

    `lasted` is how many seconds it took until a finding was closed or a kind could be read again; `was_before` says
    that it was so when everything was read first, and lasted longer than that. `kinds` are the plural names of the
    kinds that a connection event concerns. Where families were gained or lost, `families` and `layer` say which and in
    which layer. What is settling is judged at `until`, epoch seconds, or once `waits_for` is ready.
    """

    number: int = 0
    at: float
    sort: Sort
    turn: Turn
    text: Safe
    ref: ObjectRef | None = None
    severity: Severity | None = None
    check: str = ""
    lasted: float | None = None
    was_before: bool = False
    kinds: tuple[str, ...] = ()
    families: tuple[Family, ...] = ()
    layer: LayerName | None = None
    until: float | None = None
    waits_for: ObjectRef | None = None
