"""The refresh loop of the screen: when drained changes are painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from dsview.analysis.cluster_view import Delta
from dsview.cluster.state import Change
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service
from dsview.session.session import Session
from dsview.ui.refresh_loop import BUSY_PAINT_EVERY, CALM_AFTER, CALM_EVERY, PAINT_EVERY, RefreshLoop


class Busy:
    """A session that has work by default, and returns the given changes."""

    def __init__(self) -> None:
        self.deltas: list[Delta] = []
        self.has_work = True
        self.was_settled = False

    def drain(self, _budget: float) -> Delta:
        return self.deltas.pop(0) if self.deltas else Delta()


class Beats:
    """A refresh loop with the test's timer and clock. `delay` is the time to the next refresh, in seconds."""

    def __init__(self, session: Busy) -> None:
        self.painted: list[Delta] = []
        self.delay = 0.0
        self._next: Callable[[], None] = lambda: None
        self.pulse = RefreshLoop(
            cast("Session", session),
            call_after=self._call_after,
            changed=self.painted.append,
            idle=lambda: None,
            second=lambda: None,
            failed=lambda error: pytest.fail(str(error)),
        )

    def _call_after(self, delay: float, callback: Callable[[], None]) -> Any:
        self.delay = delay
        self._next = callback

    def beat(self) -> None:
        self._next()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def rows() -> Delta:
    service = Service(name="web", namespace="shop")
    return Delta(changes=[Change(kind=Kind.SERVICE, key=service.key, old=None, new=service)])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock)
    return clock


@pytest.fixture
def beats(clock: Clock) -> Beats:
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


def test_while_lists_load_frames_are_seldom_and_beats_frequent_also_where_the_server_is_slow(clock: Clock) -> None:
    session = Busy()
    session.has_work = False
    session.deltas = [rows(), rows(), rows()]
    beats = Beats(session)
    beats.pulse.start()
    assert len(beats.painted) == 1
    assert beats.delay < PAINT_EVERY / 2
    clock.now += PAINT_EVERY
    beats.beat()
    assert len(beats.painted) == 1
    clock.now += BUSY_PAINT_EVERY
    beats.beat()
    assert [len(delta.changes) for delta in beats.painted] == [1, 2]


def test_once_all_was_read_a_change_is_painted_with_the_beat_that_brings_it(clock: Clock) -> None:
    session = Busy()
    session.has_work, session.was_settled = False, True
    beats = Beats(session)
    beats.pulse.start()
    assert beats.delay == PAINT_EVERY
    clock.now += beats.delay
    session.deltas = [rows()]
    beats.beat()
    assert len(beats.painted) == 1


def test_a_cluster_that_stays_silent_costs_few_beats(clock: Clock) -> None:
    session = Busy()
    session.has_work = False
    beats = Beats(session)
    beats.pulse.start()
    clock.now += CALM_AFTER
    beats.beat()
    assert beats.delay == CALM_EVERY
