"""A thread of a source that fails is reported once and restarted."""

from __future__ import annotations

import threading

import pytest

from dsview.sources.kube import backoff
from dsview.sources.kube.threads import SourceThreads


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The types of the exceptions for which a crash report would be written."""
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.002)
    found: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda failure: found.append(failure.exc_type.__name__))
    return found


def test_a_failed_thread_is_restarted_until_it_finishes(reported: list[str]) -> None:
    failures, reasons, has_finished = [KeyError("a"), KeyError("b"), TypeError("c")], list[str](), threading.Event()

    def body() -> None:
        if failures:
            raise failures.pop(0)
        has_finished.set()

    SourceThreads(threading.Event()).start("one", body, reasons.append)
    assert has_finished.wait(10)
    assert reported == ["KeyError", "TypeError"], "each fault is reported once"
    assert reasons == [
        f"dsview itself failed while reading them ({name}); it tries again"
        for name in ("KeyError", "KeyError", "TypeError")
    ]


def test_a_thread_is_not_started_twice(reported: list[str]) -> None:
    threads, may_end, started = SourceThreads(threading.Event()), threading.Event(), list[int]()

    def body() -> None:
        started.append(1)
        may_end.wait(10)

    for _ in range(3):
        threads.start("one", body)
    may_end.set()
    assert started == [1]
    assert reported == []


def test_the_end_of_the_session_ends_the_delay_before_a_restart(
    reported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 60.0)
    monkeypatch.setattr(backoff, "MAX_DELAY", 60.0)
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
