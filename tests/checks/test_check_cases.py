"""Each check fires and stays silent as the cases beside it say, in `<folder>/<slug>.yaml`."""

from __future__ import annotations

import pytest

from dsview.checks.engine.check import Check
from dsview.checks.engine.registry import all_checks
from tests.support.case_files import (
    FOLDER,
    Case,
    case_file,
    causes_of,
    cells_of,
    described,
    findings_of,
    path_of,
    related_to,
    session_of,
)


def _cases(name: str) -> list[object]:
    found: list[object] = []
    for check in all_checks():
        cases: list[Case] = getattr(case_file(check), name) if path_of(check).exists() else []
        found += [pytest.param(check, case, id=f"{check.code}: {case.why}") for case in cases]
    return found


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.code)
def test_every_check_has_cases_that_fire_and_that_are_silent(check: Check) -> None:
    file = case_file(check)
    assert len(file.fires) >= 2
    assert len(file.silent) >= 2
    sentences = [case.why for case in (*file.fires, *file.silent)]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


def test_every_file_of_cases_belongs_to_a_check() -> None:
    known = {path_of(check) for check in all_checks()}
    assert set(FOLDER.glob("*/*.yaml")) - set((FOLDER / "clusters").iterdir()) <= known


@pytest.mark.parametrize(("check", "case"), _cases("fires"))
def test_a_check_reports_what_its_case_expects(check: Check, case: Case) -> None:
    found = findings_of(check, session_of(case_file(check), case))
    assert case.finds, "a case that fires says what is found"
    assert sorted(map(described, found)) == sorted(case.finds)
    if case.cells:
        assert cells_of(found) == set(case.cells)
    if case.field is not None:
        assert {finding.field for finding in found} == {case.field}
    if case.grace is not None:
        assert {finding.grace for finding in found} == {case.grace}
    if case.related is not None:
        assert related_to(found) == set(case.related)
    if case.causes is not None:
        assert causes_of(found) == set(case.causes)
    assert any(case.says in finding.message for finding in found), [finding.message for finding in found]
    fixes = [finding.fix for finding in found]
    assert all((fix or "").startswith(case.begins) for fix in fixes), fixes
    assert not any(fixes) if case.fix is None else any(case.fix in (fix or "") for fix in fixes), fixes


@pytest.mark.parametrize(("check", "case"), _cases("silent"))
def test_a_check_reports_nothing_where_its_case_expects_silence(check: Check, case: Case) -> None:
    session = session_of(case_file(check), case)
    assert [described(finding) for finding in findings_of(check, session)] == []
    reasons = [entry.reason for entry in session.not_evaluated() if entry.check == check.code]
    assert bool(reasons) != case.evaluated, reasons
