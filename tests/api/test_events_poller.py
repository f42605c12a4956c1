"""Events are polled: what a server that fails at that is asked, and what is said."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube.events import EXPIRIES
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


@pytest.mark.parametrize(
    ("answer", "said", "most"),
    [
        (expired, "too old", EXPIRIES),
        (second_page_expired, "too old", EXPIRIES * 2),
        (new_tokens, "page after page without an object", 12),
    ],
    ids=["410 on every list", "410 on every second page", "new tokens and empty pages"],
)
def test_a_list_of_events_that_does_not_end_is_a_failure_and_not_asked_for_all_the_time(
    api: ApiServer, live: OpenLive, answer: Callable[[Request, int], Fault], said: str, most: int
) -> None:
    asked: list[Request] = []

    def hook(request: Request) -> None:
        if request.plural == "events":
            asked.append(request)
            raise answer(request, len(asked))

    api.hook = hook
    one = live()
    one.until_said(Health.FAILED, said, Kind.EVENT)
    one.settle()
    assert len(asked) <= most
