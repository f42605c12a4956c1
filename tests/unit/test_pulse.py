"""The heartbeat of the screen: when what was drained is painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from dsview.model.kinds import Kind
from dsview.model.objects import Service
from dsview.session.session import Delta, Session
from dsview.state.cluster import Change
from dsview.ui.pulse import Pulse


class Busy:
    """A session that always has more to do, and says what it was given to say."""

    has_work = True

    def __init__(self) -> None:
        self.deltas: list[Delta] = []

    def drain(self, _budget: float) -> Delta:
        return self.deltas.pop(0) if self.deltas else Delta()


class Beats:
    """A pulse whose timer is the test's, and whose clock stands."""

    def __init__(self, session: Busy) -> None:
        self.painted: list[Delta] = []
        self._next: Callable[[], None] = lambda: None
        self.pulse = Pulse(
            cast("Session", session),
            set_timer=self._set_timer,
            changed=self.painted.append,
            idle=lambda: None,
            second=lambda: None,
            failed=lambda error: pytest.fail(str(error)),
        )

    def _set_timer(self, delay: float, callback: Callable[[], None]) -> Any:
        del delay
        self._next = callback

    def beat(self) -> None:
        self._next()


def rows() -> Delta:
    service = Service(name="web", namespace="shop")
    return Delta(changes=[Change(kind=Kind.SERVICE, key=service.key, old=None, new=service)])


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> Beats:
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    session = Busy()
    session.deltas = [Delta(statuses=True), rows(), rows()]
    beats = Beats(session)
    beats.pulse.start()
    return beats


def test_the_first_rows_are_painted_at_once_and_the_next_with_what_comes_meanwhile(beats: Beats) -> None:
    assert [delta.statuses for delta in beats.painted] == [True]
    beats.beat()
    assert [len(delta.changes) for delta in beats.painted] == [0, 1]
    beats.beat()
    assert [len(delta.changes) for delta in beats.painted] == [0, 1]
