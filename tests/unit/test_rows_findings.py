"""The list of findings: causes with what they explain, in groups, without what was put aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsview.checks.engine.policy import Exemption, Policy
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.tables.findings import FindingsOptions, Grouping, Line, LineKind, finding_lines, line_row
from tests.support.clusters import SCENARIOS, from_path, settle


def scenario(number: str, policy: Policy | None = None) -> Session:
    return from_path(next(path for path in SCENARIOS if path.name.startswith(number)), policy)


@pytest.fixture(scope="module")
def troubled() -> Session:
    session = settle(Session(DemoSource("troubled")))
    session.stop()
    return session


def of_kind(lines: list[Line], kind: LineKind) -> list[Line]:
    return [line for line in lines if line.kind is kind]


def codes(lines: list[Line], kind: LineKind) -> list[str]:
    return [line.finding.check for line in of_kind(lines, kind) if line.finding is not None]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
@pytest.mark.parametrize("grouping", Grouping)
def test_every_finding_is_listed_once_however_they_are_grouped(path: Path, grouping: Grouping) -> None:
    session = from_path(path)
    lines = finding_lines(session, FindingsOptions(grouping=grouping))
    listed = [line.finding for line in lines if line.finding is not None]
    assert sorted(listed, key=lambda f: f.order) == session.book.sorted()
    assert len({line.key for line in lines}) == len(lines)


def test_what_a_cause_explains_stands_below_it() -> None:
    lines = finding_lines(scenario("03"), FindingsOptions())
    assert codes(lines, LineKind.SYMPTOM) == ["DS-EPS-001"]
    at = next(n for n, line in enumerate(lines) if line.kind is LineKind.SYMPTOM)
    before = lines[at - 1].finding
    assert before is not None
    assert before.check == "DS-POD-001"


def test_what_is_folded_away_is_counted_with_its_cause() -> None:
    lines = finding_lines(scenario("03"), FindingsOptions(is_folded=True))
    assert codes(lines, LineKind.SYMPTOM) == []
    (cause,) = [line for line in lines if line.explains]
    assert line_row(cause).cells[4].text.startswith("[explains 1] ")


def test_groups_have_headings_and_hold_what_they_say(troubled: Session) -> None:
    by_namespace = finding_lines(troubled, FindingsOptions(grouping=Grouping.NAMESPACE))
    headings = [line.key[1] for line in of_kind(by_namespace, LineKind.HEADING)]
    assert headings == sorted(headings)
    assert "payments" in headings
    current = ""
    for line in by_namespace:
        current = line.key[1] if line.kind is LineKind.HEADING else current
        if line.kind is LineKind.CAUSE and line.finding is not None:
            assert (line.finding.object.namespace or "") == current
    by_check = finding_lines(troubled, FindingsOptions(grouping=Grouping.CHECK))
    heading = next(line for line in of_kind(by_check, LineKind.HEADING) if line.key[1] == "DS-POD-001")
    assert [cell.text for cell in line_row(heading).cells][:3] == ["DS-POD-001", "pod-lacks-family", "4 causes"]


def test_an_acknowledged_cause_is_gone_with_what_it_explains_and_can_be_shown_again() -> None:
    session = scenario("03")
    lines = finding_lines(session, FindingsOptions())
    cause = next(line.finding for line in lines if line.explains or line.kind is LineKind.CAUSE)
    assert cause is not None
    roots = {session.root_of(f) for f in session.book} - {None}
    acknowledged = frozenset(root.identity for root in roots if root is not None)
    hidden = finding_lines(session, FindingsOptions(acknowledged=acknowledged))
    assert codes(hidden, LineKind.SYMPTOM) == []
    shown = finding_lines(session, FindingsOptions(acknowledged=acknowledged, with_acknowledged=True))
    assert len(of_kind(shown, LineKind.ACKNOWLEDGED)) == len(acknowledged)
    row = line_row(of_kind(shown, LineKind.ACKNOWLEDGED)[0])
    assert row.severity is None
    assert row.cells[4].text.startswith("[acknowledged] ")


def test_what_is_exempted_is_shown_where_it_is_asked_for() -> None:
    policy = Policy(exemptions=(Exemption(checks=("DS-POD-*",)),))
    session = scenario("03", policy)
    assert codes(finding_lines(session, FindingsOptions()), LineKind.EXEMPTED) == []
    shown = finding_lines(session, FindingsOptions(with_exempted=True))
    assert set(codes(shown, LineKind.EXEMPTED)) == {"DS-POD-001"}


def test_what_was_not_evaluated_stands_last_with_its_reason() -> None:
    lines = finding_lines(scenario("03"), FindingsOptions())
    last = of_kind(lines, LineKind.NOT_EVALUATED)
    assert lines[-len(last) :] == last
    assert all(line.text for line in last)
