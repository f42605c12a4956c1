"""Sessions that are drained while a test waits, for tests against the loopback API server and a real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Self

from dsview.kinds.kind import Kind
from dsview.kinds.registry import GATEWAY_KINDS, RESOURCES
from dsview.session.session import Session
from dsview.sources.events import Health

PARTIALLY_READ = frozenset({Kind.CONFIG_MAP, Kind.EVENT, Kind.ENDPOINTS})
"""Kinds of which only some objects are read."""

FOLLOWED = tuple(kind for kind in RESOURCES if kind not in (*PARTIALLY_READ, *GATEWAY_KINDS))


class Driven:
    """A started session. `DEADLINE` is the timeout of each wait, in seconds."""

    DEADLINE: ClassVar[float] = 20.0

    def __init__(self, session: Session) -> None:
        self.session = session
        self.session.start()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Drain until the condition holds."""
        end = time.monotonic() + self.DEADLINE
        while not condition():
            assert time.monotonic() < end, f"timed out waiting until {what}; {self.statuses()}"
            self.session.drain(0.05)
            self.session.wait(0.02)

    def settle(self) -> Self:
        """Drain until everything is read and evaluated, or known to be unavailable."""
        self.until(lambda: self.session.is_settled, "the session is settled")
        return self

    def health(self, kind: Kind) -> Health:
        """The health of a kind."""
        return self.session.state.status(kind).health

    def reason(self, kind: Kind) -> str:
        """The reason for the health of a kind, as users read it."""
        return self.session.state.status(kind).reason

    def statuses(self, but: Iterable[Kind] = ()) -> dict[str, str]:
        """The health and reason of each kind that should be live but is not."""
        statuses = {kind: self.session.state.status(kind) for kind in FOLLOWED if kind not in but}
        return {
            k.value: f"{s.health.value}: {s.reason}"
            for k, s in statuses.items()
            if s.health is not Health.LIVE and not self.session.state.is_missing_add_on(k)
        }
