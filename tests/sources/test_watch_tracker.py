"""When the watches of a kind count as live, and when a lack of progress is a failure."""

from __future__ import annotations

import pytest

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import InFlightLimit, Reservation, UnfinishedEvent
from dsview.sources.kube.limits import MAX_UNKNOWN_EVENTS
from dsview.sources.kube.watch_tracker import (
    MAX_EXPIRIES,
    MAX_SHORT_WATCHES,
    MAX_SILENT_WATCHES,
    MAX_UNPRODUCTIVE_WATCHES,
    MIN_LIST_LIFETIME,
    MIN_WATCH_SECONDS,
    TRUSTED_AFTER,
    WatchTracker,
)


def quiet() -> UnfinishedEvent:
    return UnfinishedEvent(Reservation(InFlightLimit()))


def open_and_break_watches(tracker: WatchTracker) -> None:
    """Open watches that break without an event."""
    for _ in range(MAX_UNPRODUCTIVE_WATCHES):
        assert tracker.on_opened(0.0, quiet())
        tracker.on_closed()


def test_after_several_broken_watches_the_next_one_must_return_an_event() -> None:
    tracker = WatchTracker()
    open_and_break_watches(tracker)
    assert not tracker.on_opened(0.0, quiet())
    assert tracker.on_event()
    assert not tracker.on_event(), "it is live already"


def test_or_stay_open_for_a_while_without_a_partial_event() -> None:
    tracker = WatchTracker()
    open_and_break_watches(tracker)
    event = quiet()
    tracker.on_opened(10.0, event)
    assert not tracker.becomes_trusted(10.0 + TRUSTED_AFTER / 2)
    event.set_size(1)
    assert not tracker.becomes_trusted(10.0 + TRUSTED_AFTER)
    event.set_size(0)
    assert tracker.becomes_trusted(10.0 + TRUSTED_AFTER)
    assert not tracker.becomes_trusted(11.0 + TRUSTED_AFTER), "it is reported once"


def test_a_closed_watch_does_not_become_trusted() -> None:
    tracker = WatchTracker()
    open_and_break_watches(tracker)
    tracker.on_opened(0.0, quiet())
    tracker.on_closed()
    assert not tracker.becomes_trusted(100.0)


def test_watches_that_end_at_once_are_delayed_and_finally_a_failure() -> None:
    tracker = WatchTracker()
    for _ in range(MAX_SHORT_WATCHES - 1):
        assert tracker.on_ended(0.25, is_empty=False) == MIN_WATCH_SECONDS - 0.25
    with pytest.raises(RequestFailed, match="ended a watch at once"):
        tracker.on_ended(0.25, is_empty=False)
    assert tracker.on_ended(MIN_WATCH_SECONDS, is_empty=True) == 0.0
    assert tracker.on_ended(0.25, is_empty=False) > 0.0


def test_an_empty_watch_that_ends_at_once_is_a_failure() -> None:
    with pytest.raises(RequestFailed, match="ended a watch at once"):
        WatchTracker().on_ended(0.0, is_empty=True)


def test_lists_that_expire_soon_are_delayed_and_finally_a_failure() -> None:
    tracker = WatchTracker()
    assert not tracker.on_expired(0.0), "the first one is repeated at once"
    for _ in range(MAX_EXPIRIES - 2):
        assert tracker.on_expired(1.0)
    with pytest.raises(RequestFailed, match="repeatedly"):
        tracker.on_expired(2.0)


def test_a_list_that_was_valid_for_a_while_may_expire() -> None:
    tracker = WatchTracker()
    for hour in range(10):
        tracker.on_list(hour * 3600.0)
        assert not tracker.on_expired(hour * 3600.0 + MIN_LIST_LIFETIME)


def test_repeated_silent_watches_cause_a_new_list() -> None:
    tracker = WatchTracker()
    assert [tracker.on_silent_end() for _ in range(MAX_SILENT_WATCHES * 2)] == [False, True] * 2
    tracker.on_silent_end()
    tracker.on_event()
    assert not tracker.on_silent_end()


def test_unknown_events_are_reported_once_and_too_many_are_a_failure() -> None:
    tracker = WatchTracker()
    assert [tracker.on_unknown_event() for _ in range(MAX_UNKNOWN_EVENTS)].count(True) == 1
    tracker.on_event()
    for _ in range(MAX_UNKNOWN_EVENTS):
        tracker.on_unknown_event()
    with pytest.raises(RequestFailed, match="unknown types"):
        tracker.on_unknown_event()


def test_a_stalled_watch_is_untrusted_until_it_returns_an_event() -> None:
    now = [0.0]
    tracker, event = WatchTracker(), UnfinishedEvent(Reservation(InFlightLimit()), clock=lambda: now[0])
    assert tracker.on_opened(0.0, event)
    assert not tracker.is_stalled(10.0), "it is quiet"
    event.set_size(1)
    now[0] = 9.0
    assert not tracker.is_stalled(10.0)
    now[0] = 10.0
    assert tracker.is_stalled(10.0)
    event.set_size(0)
    assert tracker.on_event(), "it is live again"
