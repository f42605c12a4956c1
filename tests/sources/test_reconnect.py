"""Recovery after an outage: which threads wait, which one probes, and when the others are woken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dsview.sources.kube import reconnect
from dsview.sources.kube.reconnect import ServerReconnect


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.002)


class Waiting:
    """Threads that each wait for up to a minute; `results` collects what `wait` returned."""

    def __init__(self, shared: ServerReconnect, count: int, **options: bool) -> None:
        self.results: list[bool] = []
        self._threads = [
            threading.Thread(target=lambda: self.results.append(shared.wait(60, **options))) for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()
        until(lambda: shared.waiting == count)

    def join(self) -> list[bool]:
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        return self.results


@contextmanager
def an_outage(jitter: float = 0.0) -> Iterator[tuple[ServerReconnect, threading.Event]]:
    stop = threading.Event()
    made = ServerReconnect(stop, jitter=lambda: jitter)
    yield made, stop
    stop.set()
    made.close()


def test_a_response_to_one_thread_wakes_all_others() -> None:
    with an_outage() as (shared, _):
        waiting = Waiting(shared, 15)
        shared.notify_response()
        assert waiting.join() == [True] * 15
        assert shared.waiting == 0


def test_waiting_ends_with_the_session() -> None:
    with an_outage() as (shared, stop):
        waiting = Waiting(shared, 3)
        stop.set()
        shared.close()
        assert waiting.join() == [False] * 3
        assert not shared.wait(60)


def test_one_of_the_threads_without_a_response_probes_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "PROBE_INTERVAL", 0.05)
    with an_outage() as (shared, _):
        waiting = Waiting(shared, 4, may_probe=True)
        until(lambda: waiting.results == [True])
        assert shared.waiting == 3
        # The probe failed: this thread keeps probing, and the others keep waiting.
        assert shared.wait(60, may_probe=True)
        assert shared.waiting == 3
        shared.notify_response()
        waiting.join()


def test_occasional_responses_wake_threads_at_most_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    woken: list[float] = []
    shared = ServerReconnect(threading.Event(), clock=lambda: now[0], jitter=lambda: 0.5)
    monkeypatch.setattr(shared._stop, "wait", lambda seconds: woken.append(round(seconds, 3)))
    for _ in range(3):
        waiting = Waiting(shared, 2)
        shared.notify_response()
        waiting.join()
    # The jitter is half a second. The second and third wake-up also wait for the interval.
    assert woken == [0.5, 0.5, 5.5, 5.5, 10.5, 10.5]
