"""Events are polled: the requests that a failing server gets, and what is reported."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube import events
from dsview.sources.kube.backoff import Backoff
from dsview.sources.kube.events import MAX_EXPIRIES
from dsview.sources.kube.reconnect import ServerReconnect
from tests.support.apiserver import ApiServer, Fault, Request, status_body
from tests.support.live import Live

OpenLive = Callable[..., Live]


def page(token: str) -> bytes:
    return json.dumps({"metadata": {"resourceVersion": "1", "continue": token}, "items": []}).encode()


def expired(_: Request, __: int) -> Fault:
    return Fault(410, status_body(410, "Expired", "The provided continue parameter is too old"))


def second_page_expired(request: Request, number: int) -> Fault:
    return expired(request, number) if "continue" in request.query else Fault(200, page("next"))


def new_tokens(_: Request, number: int) -> Fault:
    return Fault(200, page(f"token-{number}"))


CASES: dict[str, tuple[Callable[[Request, int], Fault], str, int, int]] = {
    "410 on every list": (expired, "too old", MAX_EXPIRIES, 1),
    "410 on every second page": (second_page_expired, "too old", MAX_EXPIRIES, 2),
    "new tokens and empty pages": (new_tokens, "one empty page of the list after another", 1, 12),
}
"""What is answered, what is said then after how many tries, and how many requests each of them takes at most."""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_list_of_events_that_does_not_end_is_a_failure_and_each_try_is_waited_for(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch, case: tuple[Callable[..., Fault], str, int, int]
) -> None:
    answer, said, failures, most = case
    asked: list[Request] = []
    waits: list[float] = []

    def delay(self: Backoff, retry_after: float = 0.0) -> float:
        waits.append(retry_after)
        return 60.0 if len(waits) >= failures else 0.0

    # A response to another kind would end a wait early.
    monkeypatch.setattr(ServerReconnect, "notify_response", lambda self: None)
    monkeypatch.setattr(events, "Backoff", type("Waits", (Backoff,), {"delay": delay}))

    def hook(request: Request) -> None:
        if request.plural == "events":
            asked.append(request)
            raise answer(request, len(asked))

    api.hook = hook
    live_session = live()
    live_session.until_status(Health.FAILED, said, Kind.EVENT)
    live_session.settle()
    assert len(waits) == failures
    assert len(asked) <= failures * most
