"""All limits for the responses of a server, in one table: it may be broken or hostile.

SECURITY.md names the test of each guarantee.
"""

from __future__ import annotations

import msgspec


class BodyLimit(msgspec.Struct, frozen=True):
    """The limits of a body: `size` in bytes, `seconds` from its first byte to its last."""

    size: int
    seconds: float


VERSION = BodyLimit(64 << 10, 10.0)
"""/version: a real response has 0.5 kB."""

DISCOVERY = BodyLimit(4 << 20, 30.0)
"""/apis and the resources of a group: 0.2 MB with several hundred custom resources."""

ERROR = BodyLimit(64 << 10, 10.0)
"""A Status, or the response of a proxy in its place."""

OBJECT = BodyLimit(16 << 20, 20.0)
"""One object: etcd accepts 1.5 MB, and aggregated API servers may accept more."""

PAGE = BodyLimit(48 << 20, 300.0)
"""A page of a list: 500 pods have 5 MB. A larger page is requested again with fewer objects."""

WATCH_EVENT = BodyLimit(32 << 20, 30.0)
"""A watch event, or an object of a streaming list: a line of JSON or a frame of protobuf.

A larger one is skipped; one that does not end, or takes longer, fails the watch.
"""

EXEC = BodyLimit(32 << 20, 20.0)
"""All output of a command: a proxy configuration with 3,000 servers has 10 MB."""

PASSED_OVER = 48 << 20
"""Bytes of one event that are skipped before it counts as endless."""

LARGE_AGAIN = 4 << 20
"""Bytes that are read of a page or an event if the previous one was too large, so that excess data is not read again
and again.
"""

FULL_EVERY = 6
"""One attempt in this number has the full limit."""

IN_FLIGHT = 64 << 20
"""Bytes of incomplete bodies, events and messages that all threads hold together.

A thread that needs more waits for the others, and fails if they do not finish.
"""

PIECE = 64 << 10
"""Bytes that are read at once."""

PAGE_SIZES = (500, 100, 20)
"""Objects that are requested in a page: fewer if a page was too large."""

OBJECTS = 1_000_000
"""Objects in a list of one kind; Kubernetes is designed for 150,000 pods. A longer list counts as endless."""

UNREADABLE = 1_000
"""Unreadable objects of a kind that are reported individually; one sentence reports the rest."""

EMPTY_PAGES = 10
"""Consecutive pages without an object, each with a token for the next one.

A real server continues until it has objects.
"""

TOKEN = 64 << 10
"""Characters of a token for the next page; real ones have 200."""

UNKNOWN_EVENTS = 1_000
"""Consecutive events of unknown types, after which a watch fails."""
