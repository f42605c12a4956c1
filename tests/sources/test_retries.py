"""What is reported after a failure, and how long the next attempt waits."""

from __future__ import annotations

import pytest

from dsview.sources.events import Health
from dsview.sources.kube import backoff
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import FULL_LIMIT_EVERY, REDUCED_LIMIT
from dsview.sources.kube.retries import FAILURES_BEFORE_REPORT, MAX_TRANSIENT_REFUSALS, RETRY_REFUSED_AFTER, Retries

MEGABYTES = 1 << 26


def broken() -> RequestFailed:
    """A connection that ended without a response."""
    return RequestFailed(0, "The connection ended.", is_unanswered=True)


def retries() -> Retries:
    return Retries(clock=lambda: 0.0)


def test_the_first_lost_connection_of_a_known_kind_is_reopened_without_a_report() -> None:
    found = retries()
    assert found.after(broken(), has_listed=True).health is None
    assert found.after(broken(), has_listed=True).health is Health.STALE
    found.on_live()
    assert found.after(broken(), has_listed=True).health is None


def test_an_error_response_makes_a_known_kind_stale_at_once() -> None:
    assert retries().after(RequestFailed(500, "No."), has_listed=True).health is Health.STALE


def test_a_kind_that_was_never_listed_counts_as_failed_after_a_few_failures() -> None:
    found = retries()
    reported = [found.after(broken(), has_listed=False).health for _ in range(FAILURES_BEFORE_REPORT)]
    assert reported == [*[Health.LOADING] * (FAILURES_BEFORE_REPORT - 1), Health.FAILED]


def test_credentials_that_are_not_accepted_are_reported_at_once() -> None:
    assert retries().after(RequestFailed(401, "No."), has_listed=False).health is Health.FAILED


@pytest.mark.parametrize(("code", "health"), [(403, Health.REFUSED), (404, Health.ABSENT)])
def test_a_kind_that_is_not_permitted_or_not_served_is_listed_again_after_a_long_time(
    code: int, health: Health
) -> None:
    retry = retries().after(RequestFailed(code, "No."), has_listed=False)
    assert (retry.health, retry.seconds, retry.relist) == (health, RETRY_REFUSED_AFTER, True)


def test_a_known_kind_stays_stale_while_a_starting_server_refuses_it() -> None:
    found = retries()
    for _ in range(MAX_TRANSIENT_REFUSALS):
        retry = found.after(RequestFailed(403, "No."), has_listed=True)
        assert retry.health is Health.STALE
        assert retry.seconds <= backoff.MAX_DELAY
        assert not retry.relist
    assert found.after(RequestFailed(403, "No."), has_listed=True).health is Health.REFUSED
    found.on_list()
    assert found.after(RequestFailed(403, "No."), has_listed=True).health is Health.STALE


@pytest.mark.parametrize(
    ("error", "wakes_with_others", "may_probe"),
    [
        (broken(), True, True),
        (RequestFailed(503, "No."), True, False),
        (RequestFailed(429, "No.", retry_after=7.0), False, False),
        (RequestFailed(503, "No.", retry_after=7.0), False, False),
        (RequestFailed(410, "No."), False, False),
    ],
)
def test_kinds_only_wait_together_for_a_failed_server(
    error: RequestFailed, wakes_with_others: bool, may_probe: bool
) -> None:
    retry = retries().after(error, has_listed=True)
    assert (retry.wakes_with_others, retry.may_probe) == (wakes_with_others, may_probe)
    assert retry.seconds >= error.retry_after


def test_an_unusable_response_is_requested_again_within_seconds() -> None:
    found = retries()
    delays = [found.after(RequestFailed(0, "Not JSON."), has_listed=True).seconds for _ in range(10)]
    assert max(delays) == backoff.MAX_DELAY_MALFORMED
    delays = [found.after(TooLarge("Large."), has_listed=True).seconds for _ in range(10)]
    assert max(delays) == backoff.MAX_DELAY_TOO_LARGE


def test_after_a_response_that_was_too_large_the_limit_is_reduced_for_most_attempts() -> None:
    found = retries()
    limits = []
    for _ in range(FULL_LIMIT_EVERY + 1):
        limits.append(found.size_limit(MEGABYTES))
        found.after(TooLarge("Large."), has_listed=True)
    assert limits == [MEGABYTES, *[REDUCED_LIMIT] * (FULL_LIMIT_EVERY - 1), MEGABYTES]
    found.on_event()
    assert found.size_limit(MEGABYTES) == MEGABYTES


def test_a_server_without_any_response_was_unreachable_until_the_kind_is_listed() -> None:
    found = retries()
    seen = []
    for failure in (RequestFailed(500, "No."), broken()):
        found.after(failure, has_listed=True)
        seen.append(found.was_unreachable)
    found.on_list()
    assert [*seen, found.was_unreachable] == [False, True, False]


def test_a_kind_whose_watch_is_repeatedly_refused_is_polled_for_longer() -> None:
    found = retries()
    assert [found.poll_seconds() for _ in range(MAX_TRANSIENT_REFUSALS + 1)] == [
        *[0.0] * MAX_TRANSIENT_REFUSALS,
        RETRY_REFUSED_AFTER,
    ]
    found.on_watch_opened()
    assert found.poll_seconds() == 0.0
