"""Services load first: which kinds wait for them, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from dsview.sources.kube import load_priority
from dsview.sources.kube.load_priority import LoadPriority


class Stop(threading.Event):
    """An event that never blocks; `waited` collects the timeouts in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return False


@pytest.fixture
def clock() -> Callable[[], float]:
    return lambda: 100.0


def test_without_a_head_start_no_kind_waits(clock: Callable[[], float]) -> None:
    priority, stop = LoadPriority(0.0, clock), Stop()
    priority.wait(stop)
    assert stop.waited == [0.0]


def test_other_kinds_wait_for_the_rest_of_the_head_start() -> None:
    now = [100.0]
    priority, stop = LoadPriority(0.1, lambda: now[0]), Stop()
    priority.notify_arrived()
    now[0] += 0.04
    priority.notify_arrived()
    priority.wait(stop)
    assert stop.waited == [pytest.approx(0.06)]
    now[0] += 1.0
    priority.wait(stop)
    assert stop.waited[1:] == [0.0]


def test_services_that_do_not_arrive_are_waited_for_only_once(
    monkeypatch: pytest.MonkeyPatch, clock: Callable[[], float]
) -> None:
    monkeypatch.setattr(load_priority, "MAX_WAIT", 0.0)
    priority, stop = LoadPriority(0.1, clock), Stop()
    priority.wait(stop)
    assert stop.waited == []
    monkeypatch.setattr(load_priority, "MAX_WAIT", 3600.0)
    priority.wait(stop)
    assert stop.waited == [0.0]
