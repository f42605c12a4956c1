"""What a server may make dsview do at most, in one table: it may be broken, or hostile.

SECURITY.md names the test of each promise.
"""

from __future__ import annotations

import msgspec


class BodyLimit(msgspec.Struct, frozen=True):
    """The most that a body may have: `size` in bytes, `seconds` from its first byte to its last."""

    size: int
    seconds: float


VERSION = BodyLimit(64 << 10, 10.0)
"""/version: a real one has 0.5 kB."""

DISCOVERY = BodyLimit(4 << 20, 30.0)
"""/apis and the resources of a group: 0.2 MB with several hundred custom resources."""

ERROR = BodyLimit(64 << 10, 10.0)
"""A Status, or what a proxy says instead."""

OBJECT = BodyLimit(16 << 20, 20.0)
"""One object: etcd takes 1.5 MB, and aggregated API servers may take more."""

PAGE = BodyLimit(48 << 20, 300.0)
"""A page of a list: 500 pods have 5 MB. One that is larger is asked for again with fewer objects."""

WATCH_EVENT = BodyLimit(32 << 20, 30.0)
"""An event of a watch, or an object of a streaming list: a line of JSON or a frame of protobuf. A larger one is passed
over; one that does not end, or takes longer, fails the watch."""

EXEC = BodyLimit(32 << 20, 20.0)
"""All output of a command: a proxy configuration with 3,000 servers has 10 MB."""

PASSED_OVER = 48 << 20
"""Bytes of one event that are passed over, after which it counts as one without an end."""

LARGE_AGAIN = 4 << 20
"""Bytes that are taken of a page or an event where the one before it was too large: what nobody takes is not read again
and again."""

FULL_EVERY = 6
"""One try in so many takes as much as ever."""

IN_FLIGHT = 64 << 20
"""Bytes that all threads together hold of bodies, events and messages that are not whole yet. One that needs more waits
for the others, and fails where they do not end."""

PIECE = 64 << 10
"""Bytes that are read at once."""

PAGE_SIZES = (500, 100, 20)
"""Objects that are asked for in a page: fewer where a page was too large."""

OBJECTS = 1_000_000
"""Objects in a list of one kind; Kubernetes is made for 150,000 pods. A longer list counts as one without an end."""

UNREADABLE = 1_000
"""Objects of a kind that are named because they cannot be read; the rest is said in one sentence."""

EMPTY_PAGES = 10
"""Pages in a row without an object, each with a token for the next one. A real server goes on by itself until it has
objects."""

TOKEN = 64 << 10
"""Characters of a token for the next page; real ones have 200."""

UNKNOWN_EVENTS = 1_000
"""Events in a row of types that nobody knows, after which a watch fails."""
