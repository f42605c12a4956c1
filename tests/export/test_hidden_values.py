"""The number of hidden values is reported wherever a report or the screen reports what was not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsview.analysis.hidden_values import hidden_values
from dsview.checks.engine.address_fields import ADDRESS_FIELDS
from dsview.checks.engine.registry import all_checks
from dsview.export.html import render_html
from dsview.export.markdown import render_markdown
from dsview.export.report import build_report
from dsview.export.text import render_text
from dsview.tables.header import header
from tests.support.clusters import DATA, Json, changed, from_path


def test_hidden_values_are_counted_by_field_with_the_checks_that_need_them(tmp_path: Path) -> None:
    session = changed("01", _hide_ranges, tmp_path)
    found = hidden_values(session.state)
    assert found.fields == (("Node spec.podCIDRs", 6),)
    of_nodes = ("DS-NODE-002", "DS-NODE-003", "DS-NODE-004", "DS-NODE-005")
    assert found.checks == ("DS-ADR-002", "DS-API-001", "DS-CLU-001", *of_nodes, "DS-POD-004")
    assert not {finding.check for finding in session.findings} & set(found.checks)


def _hide_ranges(items: list[Json]) -> None:
    for item in items:
        if item["kind"] == "Node":
            item["spec"].update(podCIDR="***HIDDEN***", podCIDRs=["***HIDDEN***", "***HIDDEN***"])


@pytest.mark.parametrize("name", ["redacted-hidden", "redacted-xxx", "redacted-only-nodes"])
def test_reports_and_header_say_how_many_values_are_hidden(name: str) -> None:
    session = from_path(DATA / "cases" / name)
    found = hidden_values(session.state)
    assert found.number
    (sentence,) = found.sentences
    report = build_report(session)
    assert report.counts.hidden == found.number
    for text in (render_html(report, (), 0, 0.0), render_markdown(report), render_text(report)):
        # Markdown escapes, and text is wrapped.
        assert sentence in " ".join(text.replace("\\", "").split())
    assert sentence in header(session, 0.0).banners


def test_nothing_is_said_where_nothing_is_hidden(tmp_path: Path) -> None:
    session = changed("01", lambda items: None, tmp_path)
    assert hidden_values(session.state).number == 0
    assert not [notice for notice in build_report(session).notices if "hidden" in notice]


def test_every_field_with_addresses_is_needed_by_some_check_that_reads_its_kind() -> None:
    assert {field for check in all_checks() for field in check.addresses} == set(ADDRESS_FIELDS)
    for check in all_checks():
        assert {field.kind for field in check.addresses} <= check.reads, check.code
