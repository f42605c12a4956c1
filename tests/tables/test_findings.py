"""The list of findings: causes with the findings that they explain, in groups, without exempted ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from dsview.analysis.cause_summary import causes_of
from dsview.checks.engine.policy import Exemption, Policy
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.tables.findings import COLUMNS, FindingsOptions, Grouping, Line, LineKind, finding_lines, line_row
from tests.support.clusters import SCENARIOS, from_path, settle
from tests.ui.stage import NOW, StageSource, node, pod, service, slices


def scenario(number: str, policy: Policy | None = None) -> Session:
    return from_path(next(path for path in SCENARIOS if path.name.startswith(number)), policy)


@pytest.fixture(scope="module")
def troubled() -> Session:
    session = settle(Session(DemoSource("troubled")))
    session.stop()
    return session


def listed(session: Session, **options: Any) -> list[Line]:
    """The list of a session's findings."""
    return list(finding_lines(session, causes_of(session), FindingsOptions(**options)))


def of_kind(lines: list[Line], kind: LineKind) -> list[Line]:
    return [line for line in lines if line.kind is kind]


def codes(lines: list[Line], kind: LineKind) -> list[str]:
    return [line.finding.check for line in of_kind(lines, kind) if line.finding is not None]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
@pytest.mark.parametrize("grouping", Grouping)
def test_every_finding_is_listed_once_however_they_are_grouped(path: Path, grouping: Grouping) -> None:
    session = from_path(path)
    lines = listed(session, grouping=grouping)
    found = [finding for line in lines if line.group is not None for finding in line.group.findings]
    assert sorted(found, key=lambda f: f.order) == session.findings.sorted()
    opened = listed(session, grouping=grouping, opened=frozenset(line.group.id for line in lines if line.group))
    assert len({line.key for line in opened}) == len(opened)
    alone = [line.finding for line in opened if line.finding is not None and not line.has_several]
    assert sorted(alone, key=lambda f: f.order) == session.findings.sorted(), "opened, each stands in a line of its own"


def test_what_a_cause_explains_stands_below_it() -> None:
    lines = listed(scenario("03"))
    assert codes(lines, LineKind.SYMPTOM) == ["DS-EPS-001"]
    at = next(n for n, line in enumerate(lines) if line.kind is LineKind.SYMPTOM)
    before = lines[at - 1].finding
    assert before is not None
    assert before.check == "DS-POD-001"


def test_what_is_folded_away_is_counted_with_its_cause() -> None:
    lines = listed(scenario("03"), is_folded=True)
    assert codes(lines, LineKind.SYMPTOM) == []
    (cause,) = [line for line in lines if line.explains]
    assert line_row(cause).cells[0].text.startswith("► [explains 1] ")


def test_groups_have_headings_and_hold_what_they_say(troubled: Session) -> None:
    by_namespace = listed(troubled, grouping=Grouping.NAMESPACE)
    headings = [line.key[1] for line in of_kind(by_namespace, LineKind.HEADING)]
    assert headings == sorted(headings)
    assert "payments" in headings
    current = ""
    for line in by_namespace:
        current = line.key[1] if line.kind is LineKind.HEADING else current
        if line.kind is LineKind.CAUSE and line.finding is not None:
            assert (line.finding.object.namespace or "") == current
    by_check = listed(troubled, grouping=Grouping.CHECK)
    heading = next(line for line in of_kind(by_check, LineKind.HEADING) if line.key[1] == "DS-POD-001")
    assert [cell.text for cell in line_row(heading).cells][:2] == ["POD-001 pod-lacks-family", "1 cause"]


def test_an_acknowledged_cause_is_gone_with_what_it_explains_and_can_be_shown_again() -> None:
    session = scenario("03")
    acknowledged = frozenset(line.cause for line in listed(session) if line.kind is LineKind.SYMPTOM)
    assert acknowledged
    hidden = listed(session, acknowledged=acknowledged)
    assert codes(hidden, LineKind.SYMPTOM) == []
    shown = listed(session, acknowledged=acknowledged, with_acknowledged=True)
    assert len(of_kind(shown, LineKind.ACKNOWLEDGED)) == len(acknowledged)
    row = line_row(of_kind(shown, LineKind.ACKNOWLEDGED)[0])
    assert row.severity is None
    assert row.cells[0].text.startswith("► [acknowledged] ")


def test_what_is_exempted_is_shown_where_it_is_asked_for() -> None:
    policy = Policy(exemptions=(Exemption(checks=("DS-POD-*",)),))
    session = scenario("03", policy)
    assert codes(listed(session), LineKind.EXEMPTED) == []
    shown = listed(session, with_exempted=True)
    assert set(codes(shown, LineKind.EXEMPTED)) == {"DS-POD-001"}


def test_what_was_not_evaluated_stands_last_with_its_reason() -> None:
    lines = listed(scenario("03"))
    last = of_kind(lines, LineKind.NOT_EVALUATED)
    assert lines[-len(last) :] == last
    assert all(line.text for line in last)


def test_findings_with_one_remedy_on_the_pods_of_one_owner_are_one_line_with_their_number() -> None:
    (cause,) = [line for line in listed(scenario("03")) if line.has_several]
    cells = [cell.text for cell in line_row(cause).cells]
    assert cells[0].startswith("► No IPv6 address, although ")
    assert cells[1] == "Deployment shop/web (3 Pods)"
    assert cells[3] == "POD-001"
    opened = listed(scenario("03"), opened=frozenset({cause.cause}))
    at = next(number for number, line in enumerate(opened) if line.key == cause.key)
    assert line_row(opened[at]).cells[0].text.startswith("▼ ")
    assert [line.kind for line in opened[at + 1 : at + 5]] == [LineKind.MEMBER] * 3 + [LineKind.SYMPTOM]


def test_what_is_wrong_comes_first_and_the_code_last() -> None:
    titles = [column.title for column in COLUMNS]
    assert titles.index("What is wrong") == 0
    assert titles[-1] == "Check"


def test_the_cause_that_cuts_most_off_comes_first_whatever_its_code(troubled: Session) -> None:
    causes = causes_of(troubled)
    assert (causes[0].first.check, causes[0].cut_off) == ("DS-POD-001", 1)
    breaks = [(cause.first.severity.rank, -cause.cut_off, -cause.impaired) for cause in causes]
    assert breaks == sorted(breaks)


def test_what_one_cause_explains_is_one_line_for_each_check() -> None:
    web = [pod("web-0", 0, families="4")]
    names = ("web", "api", "cart")
    slices_of = [item for name in names for item in slices(name, web)]
    services = [msgspec.structs.replace(service(name, 10 + n), selector={"app": "web"}) for n, name in enumerate(names)]
    ranges = ServiceCIDR(name="kubernetes", cidrs=("10.96.0.0/16", "fd00:10:96::/112"))
    objects = [ranges, node("node-1", 1), node("node-2", 2), *web, *services, *slices_of]
    session = settle(Session(StageSource(objects), clock=lambda: NOW))
    (cause,) = [cause for cause in causes_of(session) if cause.first.check == "DS-POD-001"]
    (below,) = cause.explained
    assert (below.first.check, below.count, below.title, below.object) == ("DS-EPS-001", 3, "3 Services", None)
    assert cause.cut_off == 3


def test_a_line_is_found_by_its_key() -> None:
    session = scenario("03")
    every = frozenset(line.group.id for line in listed(session) if line.group is not None)
    for grouping in Grouping:
        lines = finding_lines(session, causes_of(session), FindingsOptions(grouping=grouping, opened=every))
        assert [lines.index_of(line.key) for line in lines] == list(range(len(lines)))
    assert lines.index_of(("cause", "gone")) is None
