"""What is reported after a failure, and how long the next attempt waits."""

from __future__ import annotations

import pytest

from dsview.sources.events import Health
from dsview.sources.kube import backoff
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import FULL_EVERY, LARGE_AGAIN
from dsview.sources.kube.retries import ASK_AGAIN, FAILURES_BEFORE_TELLING, PATIENT_REFUSALS, Retries

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
    found.is_live()
    assert found.after(broken(), has_listed=True).health is None


def test_an_error_response_makes_a_known_kind_stale_at_once() -> None:
    assert retries().after(RequestFailed(500, "No."), has_listed=True).health is Health.STALE


def test_a_kind_that_was_never_listed_counts_as_failed_after_a_few_failures() -> None:
    found = retries()
    told = [found.after(broken(), has_listed=False).health for _ in range(FAILURES_BEFORE_TELLING)]
    assert told == [*[Health.LOADING] * (FAILURES_BEFORE_TELLING - 1), Health.FAILED]


def test_credentials_that_are_not_accepted_are_reported_at_once() -> None:
    assert retries().after(RequestFailed(401, "No."), has_listed=False).health is Health.FAILED


@pytest.mark.parametrize(("code", "health"), [(403, Health.REFUSED), (404, Health.ABSENT)])
def test_a_kind_that_is_not_permitted_or_not_served_waits_long_and_is_listed_again(code: int, health: Health) -> None:
    retry = retries().after(RequestFailed(code, "No."), has_listed=False)
    assert (retry.health, retry.seconds, retry.lists_again) == (health, ASK_AGAIN, True)


def test_a_known_kind_stays_stale_while_a_starting_server_refuses_it() -> None:
    found = retries()
    for _ in range(PATIENT_REFUSALS):
        retry = found.after(RequestFailed(403, "No."), has_listed=True)
        assert retry.health is Health.STALE
        assert retry.seconds <= backoff.LONGEST
        assert not retry.lists_again
    assert found.after(RequestFailed(403, "No."), has_listed=True).health is Health.REFUSED
    found.listed()
    assert found.after(RequestFailed(403, "No."), has_listed=True).health is Health.STALE


@pytest.mark.parametrize(
    ("error", "with_others", "may_probe"),
    [
        (broken(), True, True),
        (RequestFailed(503, "No."), True, False),
        (RequestFailed(429, "No.", retry_after=7.0), False, False),
        (RequestFailed(503, "No.", retry_after=7.0), False, False),
        (RequestFailed(410, "No."), False, False),
    ],
)
def test_only_a_server_that_failed_is_waited_for_together(
    error: RequestFailed, with_others: bool, may_probe: bool
) -> None:
    retry = retries().after(error, has_listed=True)
    assert (retry.with_others, retry.may_probe) == (with_others, may_probe)
    assert retry.seconds >= error.retry_after


def test_an_unusable_response_is_requested_again_within_seconds() -> None:
    found = retries()
    delays = [found.after(RequestFailed(0, "Not JSON."), has_listed=True).seconds for _ in range(10)]
    assert max(delays) == backoff.LONGEST_BAD
    delays = [found.after(TooLarge("Large."), has_listed=True).seconds for _ in range(10)]
    assert max(delays) == backoff.LONGEST_LARGE


def test_after_a_response_that_was_too_large_less_is_read_except_now_and_then() -> None:
    found = retries()
    limits = []
    for _ in range(FULL_EVERY + 1):
        limits.append(found.at_most(MEGABYTES))
        found.after(TooLarge("Large."), has_listed=True)
    assert limits == [MEGABYTES, *[LARGE_AGAIN] * (FULL_EVERY - 1), MEGABYTES]
    found.was_read()
    assert found.at_most(MEGABYTES) == MEGABYTES


def test_a_server_without_any_response_was_out_until_the_kind_is_listed() -> None:
    found = retries()
    seen = []
    for failure in (RequestFailed(500, "No."), broken()):
        found.after(failure, has_listed=True)
        seen.append(found.was_out)
    found.listed()
    assert [*seen, found.was_out] == [False, True, False]


def test_a_kind_whose_watch_is_refused_again_and_again_is_listed_for_longer() -> None:
    found = retries()
    assert [found.poll_seconds() for _ in range(PATIENT_REFUSALS + 1)] == [*[0.0] * PATIENT_REFUSALS, ASK_AGAIN]
    found.is_watched()
    assert found.poll_seconds() == 0.0
