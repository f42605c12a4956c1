"""The contents of the sources screen: the state of each kind, and the requests to the server."""

from __future__ import annotations

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.sources.events import Traffic
from dsview.tables.header import SourceHealth, source_health

_SHOWN = 5
"""The number of unreadable objects that are named for a kind."""


class SourceRow(msgspec.Struct, frozen=True):
    """One kind. `traffic` is None for a source without a server, and for a kind that was not requested.

    `unread` has a sentence for each of the first objects that could not be read.
    """

    health: SourceHealth
    count: int
    traffic: Traffic | None
    unread: tuple[Safe, ...] = ()


def source_rows(view: ClusterView, now: float) -> list[SourceRow]:
    """All kinds, in the order of `Kind`. `now` is epoch seconds."""
    traffic = view.traffic
    state = view.state
    return [
        SourceRow(source_health(view, kind, now), len(state.store(kind)), traffic.get(kind), _unread(view, kind))
        for kind in Kind
        if not state.is_missing_add_on(kind)
    ]


def _unread(view: ClusterView, kind: Kind) -> tuple[Safe, ...]:
    messages = sorted(message for (of, _), message in view.state.quarantined.items() if of is kind)
    more = [f"{len(messages) - _SHOWN:,} more objects cannot be read either."] if len(messages) > _SHOWN else []
    return tuple(map(safe, [*messages[:_SHOWN], *more]))


def total(rows: list[SourceRow]) -> Traffic | None:
    """The total; None for a source without a server."""
    requested = [row.traffic for row in rows if row.traffic is not None]
    if not requested:
        return None
    counts = ("lists", "watches", "gets", "execs", "bytes")
    return Traffic(**{name: sum(getattr(traffic, name) for traffic in requested) for name in counts})


_ENCODINGS = {"protobuf": "protobuf", "json": "JSON"}


def traffic_words(traffic: Traffic) -> str:
    """The requests, such as `1 list, 2 watches, 34.5 kB of protobuf`."""
    counts = (
        (traffic.lists, "list", "lists"),
        (traffic.watches, "watch", "watches"),
        (traffic.gets, "get", "gets"),
        (traffic.execs, "exec", "execs"),
    )
    words = [f"{count:,} {singular if count == 1 else plural}" for count, singular, plural in counts if count]
    if not traffic.bytes:
        return ", ".join(words)
    size = size_words(traffic.bytes)
    return ", ".join([*words, f"{size} of {_ENCODINGS[traffic.encoding]}" if traffic.encoding in _ENCODINGS else size])


def size_words(size: int) -> str:
    """A number of bytes in words: `512 B`, `34.5 kB`, `1.2 GB`."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
