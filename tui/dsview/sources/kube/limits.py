"""All limits for the responses of a server, which may be broken or hostile.

SECURITY.md names the test of each guarantee.
"""

from __future__ import annotations

import msgspec


class BodyLimit(msgspec.Struct, frozen=True):
    """The limits of a body: `size` in bytes, `seconds` from its first byte to its last."""

    size: int
    seconds: float


VERSION = BodyLimit(64 << 10, 10.0)
"""/version: a normal response has 0.5 kB."""

DISCOVERY = BodyLimit(4 << 20, 30.0)
"""/apis and the resources of a group: 0.2 MB with several hundred custom resources."""

ERROR = BodyLimit(64 << 10, 10.0)
"""A Status, or the error page of a proxy."""

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

MAX_SKIPPED_EVENT = 48 << 20
"""Bytes of an oversized event that are skipped before the event counts as endless."""

REDUCED_LIMIT = 4 << 20
"""The limit in bytes for a page or event after one that was too large, so that excess data is not read repeatedly."""

FULL_LIMIT_EVERY = 6
"""One in this many attempts has the full limit again."""

IN_FLIGHT = 64 << 20
"""Bytes of incomplete bodies, events and messages in all threads together.

A thread that needs more waits for the others; its request fails if they do not finish.
"""

READ_SIZE = 64 << 10
"""The maximum number of bytes in one read."""

PAGE_SIZES = (500, 100, 20)
"""The numbers of objects to request in a page; the next one is used after a page was too large."""

MAX_OBJECTS = 1_000_000
"""Objects in a list of one kind. A longer list counts as endless: Kubernetes supports up to 150,000 pods."""

MAX_UNREADABLE = 1_000
"""Unreadable objects of a kind that are reported individually; a single message reports the rest."""

MAX_EMPTY_PAGES = 10
"""Consecutive pages without an object, each with a token for the next one.

A real server continues until it has objects.
"""

TOKEN = 64 << 10
"""Characters of a continue token; normal ones have 200."""

MAX_UNKNOWN_EVENTS = 1_000
"""Consecutive events of unknown types, after which a watch fails."""
