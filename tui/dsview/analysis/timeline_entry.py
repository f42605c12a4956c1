"""An entry of the timeline: one event, or one change of a finding."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dsview.checks.engine.check import LayerName
from dsview.core.address import Family
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import Safe


class Category(StrEnum):
    """The subject of an entry."""

    FAMILY = "family"
    FINDING = "finding"
    OBJECT = "object"
    CONNECTION = "connection"


class EntryType(StrEnum):
    """The type of an entry."""

    GAINED = "gained"
    LOST = "lost"
    OPENED = "opened"
    CLOSED = "closed"
    """A finding that is fixed: its check is evaluated and no longer reports it."""
    IMPROVED = "improved"
    """A finding that disappeared although the same hop of its object still fails partly."""
    GONE = "gone"
    """A finding whose object was deleted."""
    REPLACED = "replaced"
    """A finding that was replaced by another one that is at least as severe."""
    UNREAD = "unread"
    """A finding whose check can no longer be evaluated."""
    SETTLING = "settling"
    """A finding that disappeared but may return, because its objects are still changing."""
    STILL = "still"
    """A finding that returned after its objects settled, so it was never fixed."""
    UP = "up"
    DOWN = "down"
    """A node that became Ready, or not ready."""
    ADDED = "added"
    DELETED = "deleted"
    NEUTRAL = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename={"category": "sort", "type": "turn"}):
    """One event. Recordings contain entries, with the names in `rename`.

    Attributes:
        number: The number of the entry since the start.
        at: When it happened, epoch seconds.
        ref: The object, if it concerns one.
        lasted: How long a finding was open or a kind was unreadable, seconds.
        was_before: Whether the finding existed when everything was first read, so that `lasted` is a lower bound.
        kinds: The plural names of the kinds that a connection event concerns.
        families: The families that were gained or lost.
        layer: The layer in which they were gained or lost.
        until: When a settling finding will be judged, epoch seconds.
        waits_for: The object that must become ready before a settling finding is judged.
    """

    number: int = 0
    at: float
    category: Category
    type: EntryType
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
