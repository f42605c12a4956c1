"""Every scenario is exact, as tests/data/scenarios/README.md defines it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsview.core.finding import Severity
from dsview.session.session import Session
from tests.support.clusters import LISTENER_SCENARIOS, SCENARIOS, from_path
from tests.support.expectations import matches

Json = dict[str, Any]


@pytest.fixture(scope="module", params=[*SCENARIOS, *LISTENER_SCENARIOS], ids=lambda path: path.name)
def scenario(request: pytest.FixtureRequest) -> tuple[Session, Json]:
    path: Path = request.param
    return from_path(path), json.loads((path / "expect.json").read_text())


def test_mode_and_confidence_are_what_the_scenario_says(scenario: tuple[Session, Json]) -> None:
    session, expect = scenario
    assert (session.profile.mode, session.profile.confidence.value) == (expect["mode"], expect["confidence"])
    if "serviceFamilies" in expect:
        assert list(session.profile.service_families) == expect["serviceFamilies"]


def test_everything_that_must_fire_does_and_folds_as_it_must(scenario: tuple[Session, Json]) -> None:
    session, expect = scenario
    for wanted in expect["fire"]:
        meant = [f for f in session.findings if matches(f, wanted)]
        assert meant, wanted
        if wanted.get("folded"):
            assert any(session.root_of(f) is not None for f in meant), wanted
        if wanted.get("unfolded"):
            assert all(session.root_of(f) is None for f in meant), wanted


def test_what_must_not_fire_is_silent(scenario: tuple[Session, Json]) -> None:
    session, expect = scenario
    for wanted in expect["mustNotFire"]:
        meant = wanted if isinstance(wanted, dict) else None
        found = [f for f in session.findings if (matches(f, meant) if meant else f.check == wanted)]
        assert not found


def test_no_other_warning_or_error_is_raised(scenario: tuple[Session, Json]) -> None:
    session, expect = scenario
    assert expect["nothingElse"]
    allowed = [*expect["fire"], *expect.get("mayFire", [])]
    others = [
        f
        for f in session.findings
        if f.severity is not Severity.NOTE and not any(matches(f, wanted) for wanted in allowed)
    ]
    assert not others


def test_no_check_raises_an_exception(scenario: tuple[Session, Json]) -> None:
    session, _ = scenario
    assert not [entry for entry in session.not_evaluated() if "failed on" in entry.reason]
