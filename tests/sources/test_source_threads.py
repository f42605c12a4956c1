"""A thread of a source that fails is told of once and started again."""

from __future__ import annotations

import threading

import pytest

from dsview.sources.kube import backoff
from dsview.sources.kube.threads import SourceThreads


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The types of what threads failed with, as the crash report would be written of them."""
    monkeypatch.setattr(backoff, "FIRST", 0.001)
    monkeypatch.setattr(backoff, "LONGEST", 0.002)
    found: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda failure: found.append(failure.exc_type.__name__))
    return found


def test_it_is_started_again_until_it_comes_to_its_end(told: list[str]) -> None:
    left, reasons, is_over = [KeyError("a"), KeyError("b"), TypeError("c")], list[str](), threading.Event()

    def body() -> None:
        if left:
            raise left.pop(0)
        is_over.set()

    SourceThreads(threading.Event()).start("one", body, reasons.append)
    assert is_over.wait(10)
    assert told == ["KeyError", "TypeError"], "each fault is told of once"
    assert reasons == [
        f"dsview itself failed while reading them ({name}); it tries again"
        for name in ("KeyError", "KeyError", "TypeError")
    ]


def test_a_name_runs_once_at_a_time(told: list[str]) -> None:
    threads, may_end, started = SourceThreads(threading.Event()), threading.Event(), list[int]()

    def body() -> None:
        started.append(1)
        may_end.wait(10)

    for _ in range(3):
        threads.start("one", body)
    may_end.set()
    assert started == [1]
    assert told == []


def test_the_end_of_the_session_ends_the_waiting(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST", 60.0)
    monkeypatch.setattr(backoff, "LONGEST", 60.0)
    stop, failed = threading.Event(), threading.Event()

    def body() -> None:
        raise KeyError("broken")

    SourceThreads(stop).start("ends", body, lambda _: failed.set())
    assert failed.wait(10)
    stop.set()
    for thread in threading.enumerate():
        if thread.name == "dsview-ends":
            thread.join(10)
            assert not thread.is_alive()
