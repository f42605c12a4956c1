"""What threads hold of unfinished answers has one bound for all of them, and each event has its own."""

from __future__ import annotations

import contextlib
import threading

import pytest

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import FREE, InFlight, Share, UnfinishedEvent
from dsview.sources.kube.limits import PASSED_OVER, WATCH_EVENT
from dsview.sources.kube.paging import PageTokens

MB = 1 << 20


def test_the_one_that_holds_most_gives_up_and_the_others_go_on() -> None:
    whole = InFlight(most=4 * MB)
    with whole.share() as large, whole.share() as small:
        small.hold(MB)
        large.hold(3 * MB)
        with pytest.raises(RequestFailed, match="larger than 4 MB together"):
            large.hold(4 * MB)
    assert whole.held == 0


def test_the_others_wait_for_that() -> None:
    whole, has_begun = InFlight(most=4 * MB), threading.Event()

    def give_up_later() -> None:
        with whole.share() as large:
            large.hold(3 * MB)
            has_begun.set()
            while small.counted < MB:
                with contextlib.suppress(RequestFailed):
                    large.hold(4 * MB)
                    large.hold(0)

    with whole.share() as small:
        thread = threading.Thread(target=give_up_later)
        thread.start()
        assert has_begun.wait(10)
        small.hold(2 * MB)
        thread.join(10)
        assert small.counted == 2 * MB


def test_what_is_given_back_serves_the_next() -> None:
    whole = InFlight(most=4 * MB)
    with whole.share() as first, whole.share() as second:
        first.hold(4 * MB)
        first.hold(0)
        second.hold(4 * MB)
    assert whole.held == 0


def test_small_answers_are_not_counted() -> None:
    whole = InFlight(most=0)
    with whole.share() as share:
        share.hold(FREE)


def test_an_event_that_takes_too_long_fails_however_it_drips() -> None:
    now = [0.0]
    one = UnfinishedEvent(Share(InFlight()), clock=lambda: now[0])
    for size in range(1, 60):
        now[0] += WATCH_EVENT.seconds / 60
        one.hold(size)
    now[0] += WATCH_EVENT.seconds
    with pytest.raises(RequestFailed, match="took longer than 30 s"):
        one.hold(60)


def test_the_next_event_has_its_own_time() -> None:
    now = [0.0]
    one = UnfinishedEvent(Share(InFlight()), clock=lambda: now[0])
    for _ in range(5):
        one.hold(1)
        now[0] += WATCH_EVENT.seconds * 0.9
        one.hold(2)
        one.hold(0)


def test_what_is_passed_over_is_not_held_and_has_an_end() -> None:
    whole = InFlight()
    with whole.share() as share:
        one = UnfinishedEvent(share)
        one.hold(1)
        one.hold(WATCH_EVENT.size)
        assert whole.held > 0
        one.hold(WATCH_EVENT.size + 1)
        assert whole.held == 0
        with pytest.raises(RequestFailed, match="more than 48 MB"):
            one.hold(PASSED_OVER + 1)


def test_an_empty_page_now_and_then_is_no_list_without_an_end() -> None:
    tokens = PageTokens()
    for number in range(100):
        assert tokens.follow(f"t{number}", number % 5) == f"t{number}"
    assert tokens.follow("", 0) == ""


def follow_pages(objects: int, token: str) -> None:
    tokens = PageTokens()
    for number in range(2_000):
        tokens.follow(token.format(number), objects)


@pytest.mark.parametrize(
    ("objects", "token", "said"),
    [
        (0, "t{}", "page after page without an object"),
        (1, "t", "repeatedly"),
        (1_000, "t{}", "more than 1,000,000 objects"),
        pytest.param(1, "t" * 70_000, "more than 64 kB", id="long token"),
    ],
)
def test_a_list_without_an_end_is_a_failure(objects: int, token: str, said: str) -> None:
    with pytest.raises(RequestFailed, match=said):
        follow_pages(objects, token)
