"""Services first: who waits for them, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from dsview.sources.kube import load_priority
from dsview.sources.kube.load_priority import LoadPriority


class Stop(threading.Event):
    """Nobody waits for real: `waited` has what would have been waited for, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return False


@pytest.fixture
def clock() -> Callable[[], float]:
    return lambda: 100.0


def test_without_a_head_start_nobody_waits(clock: Callable[[], float]) -> None:
    start, stop = LoadPriority(0.0, clock), Stop()
    start.wait(stop)
    assert stop.waited == [0.0]


def test_what_came_is_given_its_moment_once() -> None:
    now = [100.0]
    start, stop = LoadPriority(0.1, lambda: now[0]), Stop()
    start.arrived()
    now[0] += 0.04
    start.arrived()
    start.wait(stop)
    assert stop.waited == [pytest.approx(0.06)]
    now[0] += 1.0
    start.wait(stop)
    assert stop.waited[1:] == [0.0]


def test_what_does_not_come_is_waited_for_once(monkeypatch: pytest.MonkeyPatch, clock: Callable[[], float]) -> None:
    monkeypatch.setattr(load_priority, "AT_MOST", 0.0)
    start, stop = LoadPriority(0.1, clock), Stop()
    start.wait(stop)
    assert stop.waited == []
    monkeypatch.setattr(load_priority, "AT_MOST", 3600.0)
    start.wait(stop)
    assert stop.waited == [0.0]
