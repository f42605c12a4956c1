"""Creates the snapshot of a session."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.snapshot import Snapshot


def take_snapshot(session: Session, now: float) -> Snapshot:
    """Everything that the session has read. `now` is in epoch seconds; a file keeps its own time of capture."""
    state = session.state

    def objects() -> Iterator[tuple[Kind, Object]]:
        for kind in RESOURCES:
            for item in sorted(state.store(kind), key=lambda item: (item.namespace, item.name)):
                yield kind, item

    return Snapshot(
        captured_at=session.source.now(now) if session.source.now(now) != float("inf") else now,
        context=session.source.name,
        server_version=state.server.version,
        statuses=[state.status(kind) for kind in RESOURCES],
        confs=sorted(state.proxy_listeners, key=lambda conf: conf.key),
        objects=objects(),
    )
