"""An entry of the timeline: one thing that happened, or one way in which a finding came or went."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dsview.checks.engine.check import LayerName
from dsview.core.address import Family
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import Safe


class Sort(StrEnum):
    """What an entry is about."""

    FAMILY = "family"
    FINDING = "finding"
    OBJECT = "object"
    CONNECTION = "connection"


class Turn(StrEnum):
    """Which way it went."""

    GAINED = "gained"
    LOST = "lost"
    OPENED = "opened"
    CLOSED = "closed"
    """A finding that was looked for and is not there any more: it is cured."""
    GONE = "gone"
    """A finding that went with its object."""
    REPLACED = "replaced"
    """A finding in the place of which there is another that is no better."""
    UNREAD = "unread"
    """A finding that cannot be evaluated any more."""
    SETTLING = "settling"
    """A finding that is not there, but may yet be: its objects are unsettled."""
    STILL = "still"
    """A finding that is there again after its objects settled: it was never cured."""
    UP = "up"
    DOWN = "down"
    """A node that became Ready, or is not any more."""
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
