"""Coming back after an outage: who waits, who looks, and when the others are woken. The clock is the test's."""

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
    """Threads that wait for a minute each, and how they went on."""

    def __init__(self, outage: ServerReconnect, count: int, **options: bool) -> None:
        self.went_on: list[bool] = []
        self._threads = [
            threading.Thread(target=lambda: self.went_on.append(outage.wait(60, **options))) for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()
        until(lambda: outage.waiting == count)

    def join(self) -> list[bool]:
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        return self.went_on


@contextmanager
def an_outage(jitter: float = 0.0) -> Iterator[tuple[ServerReconnect, threading.Event]]:
    stop = threading.Event()
    made = ServerReconnect(stop, jitter=lambda: jitter)
    yield made, stop
    stop.set()
    made.end()


def test_all_that_wait_go_on_when_the_server_answers_somebody() -> None:
    with an_outage() as (shared, _):
        waiting = Waiting(shared, 15)
        shared.answered()
        assert waiting.join() == [True] * 15
        assert shared.waiting == 0


def test_all_that_wait_end_with_the_session() -> None:
    with an_outage() as (shared, stop):
        waiting = Waiting(shared, 3)
        stop.set()
        shared.end()
        assert waiting.join() == [False] * 3
        assert not shared.wait(60)


def test_one_of_those_that_got_no_answer_looks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "LOOK_EVERY", 0.05)
    with an_outage() as (shared, _):
        waiting = Waiting(shared, 4, may_look=True)
        until(lambda: waiting.went_on == [True])
        assert shared.waiting == 3
        # It failed again: it goes on looking, and the others go on waiting.
        assert shared.wait(60, may_look=True)
        assert shared.waiting == 3
        shared.answered()
        waiting.join()


def test_a_server_that_answers_now_and_then_wakes_nobody_more_often_than_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    woken: list[float] = []
    shared = ServerReconnect(threading.Event(), clock=lambda: now[0], jitter=lambda: 0.5)
    monkeypatch.setattr(shared._stop, "wait", lambda seconds: woken.append(round(seconds, 3)))
    for _ in range(3):
        waiting = Waiting(shared, 2)
        shared.answered()
        waiting.join()
    # Half a second of jitter; the next two times only once the pause is over.
    assert woken == [0.5, 0.5, 5.5, 5.5, 10.5, 10.5]
