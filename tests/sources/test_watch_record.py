"""What of the watches of a kind counts as live, and what is no progress."""

from __future__ import annotations

import pytest

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import InFlight, Share, UnfinishedEvent
from dsview.sources.kube.limits import UNKNOWN_EVENTS
from dsview.sources.kube.watch_record import (
    EXPIRES_SELDOM,
    EXPIRIES,
    FRUITLESS_WATCHES,
    SHORT_WATCHES,
    SHORTEST_WATCH,
    SILENT_WATCHES,
    STANDS_AFTER,
    WatchRecord,
)


def quiet() -> UnfinishedEvent:
    return UnfinishedEvent(Share(InFlight()))


def fail_often(record: WatchRecord) -> None:
    """Watches that are opened and break."""
    for _ in range(FRUITLESS_WATCHES):
        assert record.opened(0.0, quiet())
        record.closed()


def test_a_watch_behind_some_that_broke_has_to_bring_something() -> None:
    record = WatchRecord()
    fail_often(record)
    assert not record.opened(0.0, quiet())
    assert record.bears_fruit()
    assert not record.bears_fruit(), "it is live already"


def test_or_to_stand_for_a_while_without_dripping() -> None:
    record = WatchRecord()
    fail_often(record)
    event = quiet()
    record.opened(10.0, event)
    assert not record.proves_itself(10.0 + STANDS_AFTER / 2)
    event.hold(1)
    assert not record.proves_itself(10.0 + STANDS_AFTER)
    event.hold(0)
    assert record.proves_itself(10.0 + STANDS_AFTER)
    assert not record.proves_itself(11.0 + STANDS_AFTER), "it is said once"


def test_a_watch_that_is_over_proves_nothing() -> None:
    record = WatchRecord()
    fail_often(record)
    record.opened(0.0, quiet())
    record.closed()
    assert not record.proves_itself(100.0)


def test_watches_that_end_at_once_are_waited_for_and_then_a_failure() -> None:
    record = WatchRecord()
    for _ in range(SHORT_WATCHES - 1):
        assert record.ended(0.25, is_empty=False) == SHORTEST_WATCH - 0.25
    with pytest.raises(RequestFailed, match="ended a watch at once"):
        record.ended(0.25, is_empty=False)
    assert record.ended(SHORTEST_WATCH, is_empty=True) == 0.0
    assert record.ended(0.25, is_empty=False) > 0.0


def test_a_watch_that_ends_at_once_and_brought_nothing_is_a_failure() -> None:
    with pytest.raises(RequestFailed, match="ended a watch at once"):
        WatchRecord().ended(0.0, is_empty=True)


def test_lists_that_expire_soon_are_waited_for_and_then_a_failure() -> None:
    record = WatchRecord()
    assert not record.expired(0.0), "the first is begun again at once"
    for _ in range(EXPIRIES - 2):
        assert record.expired(1.0)
    with pytest.raises(RequestFailed, match="repeatedly"):
        record.expired(2.0)


def test_a_list_that_lasted_for_a_while_may_expire() -> None:
    record = WatchRecord()
    for hour in range(10):
        record.listed(hour * 3600.0)
        assert not record.expired(hour * 3600.0 + EXPIRES_SELDOM)


def test_silent_watches_lead_to_a_new_list() -> None:
    record = WatchRecord()
    assert [record.was_silent() for _ in range(SILENT_WATCHES * 2)] == [False, True] * 2
    record.was_silent()
    record.bears_fruit()
    assert not record.was_silent()


def test_unknown_events_are_told_once_and_nothing_else_is_a_failure() -> None:
    record = WatchRecord()
    assert [record.brought_unknown() for _ in range(UNKNOWN_EVENTS)].count(True) == 1
    record.bears_fruit()
    for _ in range(UNKNOWN_EVENTS):
        record.brought_unknown()
    with pytest.raises(RequestFailed, match="unknown types"):
        record.brought_unknown()


def test_a_watch_that_drips_is_doubted_until_it_brings_something() -> None:
    now = [0.0]
    record, event = WatchRecord(), UnfinishedEvent(Share(InFlight()), clock=lambda: now[0])
    assert record.opened(0.0, event)
    assert not record.drips(10.0), "it is quiet"
    event.hold(1)
    now[0] = 9.0
    assert not record.drips(10.0)
    now[0] = 10.0
    assert record.drips(10.0)
    event.hold(0)
    assert record.bears_fruit(), "it is live again"
