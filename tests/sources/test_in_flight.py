"""Incomplete responses share a memory limit, and each incomplete event has its own limits."""

from __future__ import annotations

import contextlib
import threading

import pytest

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import UNCOUNTED, InFlightLimit, Reservation, UnfinishedEvent
from dsview.sources.kube.limits import MAX_SKIPPED_EVENT, WATCH_EVENT
from dsview.sources.kube.paging import PageTokens

MB = 1 << 20


def test_the_largest_response_fails_if_the_limit_is_exceeded() -> None:
    in_flight = InFlightLimit(limit=4 * MB)
    with in_flight.reserve() as large, in_flight.reserve() as small:
        small.set_size(MB)
        large.set_size(3 * MB)
        with pytest.raises(RequestFailed, match="together are larger than 4 MB"):
            large.set_size(4 * MB)
    assert in_flight.total == 0


def test_smaller_responses_wait_until_the_largest_one_has_failed() -> None:
    in_flight, has_started = InFlightLimit(limit=4 * MB), threading.Event()

    def fail_later() -> None:
        with in_flight.reserve() as large:
            large.set_size(3 * MB)
            has_started.set()
            while small.counted < MB:
                with contextlib.suppress(RequestFailed):
                    large.set_size(4 * MB)
                    large.set_size(0)

    with in_flight.reserve() as small:
        thread = threading.Thread(target=fail_later)
        thread.start()
        assert has_started.wait(10)
        small.set_size(2 * MB)
        thread.join(10)
        assert small.counted == 2 * MB


def test_released_memory_is_available_to_other_responses() -> None:
    in_flight = InFlightLimit(limit=4 * MB)
    with in_flight.reserve() as first, in_flight.reserve() as second:
        first.set_size(4 * MB)
        first.set_size(0)
        second.set_size(4 * MB)
    assert in_flight.total == 0


def test_small_responses_are_not_counted() -> None:
    in_flight = InFlightLimit(limit=0)
    with in_flight.reserve() as reservation:
        reservation.set_size(UNCOUNTED)


def test_an_event_that_takes_too_long_fails_even_if_bytes_keep_arriving() -> None:
    now = [0.0]
    event = UnfinishedEvent(Reservation(InFlightLimit()), clock=lambda: now[0])
    for size in range(1, 60):
        now[0] += WATCH_EVENT.seconds / 60
        event.set_size(size)
    now[0] += WATCH_EVENT.seconds
    with pytest.raises(RequestFailed, match="took longer than 30 s"):
        event.set_size(60)


def test_each_event_has_its_own_time_limit() -> None:
    now = [0.0]
    event = UnfinishedEvent(Reservation(InFlightLimit()), clock=lambda: now[0])
    for _ in range(5):
        event.set_size(1)
        now[0] += WATCH_EVENT.seconds * 0.9
        event.set_size(2)
        event.set_size(0)


def test_a_skipped_event_is_not_counted_but_still_limited() -> None:
    in_flight = InFlightLimit()
    with in_flight.reserve() as reservation:
        event = UnfinishedEvent(reservation)
        event.set_size(1)
        event.set_size(WATCH_EVENT.size)
        assert in_flight.total > 0
        event.set_size(WATCH_EVENT.size + 1)
        assert in_flight.total == 0
        with pytest.raises(RequestFailed, match="more than 48 MB"):
            event.set_size(MAX_SKIPPED_EVENT + 1)


def test_occasional_empty_pages_are_not_an_endless_list() -> None:
    tokens = PageTokens()
    for number in range(100):
        assert tokens.follow(f"t{number}", number % 5) == f"t{number}"
    assert tokens.follow("", 0) == ""


def follow_pages(objects: int, token: str) -> None:
    tokens = PageTokens()
    for number in range(2_000):
        tokens.follow(token.format(number), objects)


@pytest.mark.parametrize(
    ("objects", "token", "message"),
    [
        (0, "t{}", "one empty page of the list after another"),
        (1, "t", "repeatedly"),
        (1_000, "t{}", "more than 1,000,000 objects"),
        pytest.param(1, "t" * 70_000, "more than 64 kB", id="long token"),
    ],
)
def test_an_endless_list_is_a_failure(objects: int, token: str, message: str) -> None:
    with pytest.raises(RequestFailed, match=message):
        follow_pages(objects, token)
