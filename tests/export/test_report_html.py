"""The HTML report: it needs no other files, has everything, and contains no text that could become markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from dsview.analysis.trace import flagged_traces
from dsview.export import html
from dsview.export.html import render_html
from dsview.export.lines import lines_of
from dsview.export.report import build_report
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from tests.support.clusters import SCENARIOS, from_path, settle

_VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """The tags and the text of a page; `unclosed` are the tags that were never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(session: Session, limit: int = 50) -> str:
    traces, omitted = flagged_traces(session, limit)
    return render_html(build_report(session), traces, omitted, 1_800_000_000.0)


@pytest.fixture(scope="module")
def troubled() -> Session:
    session = settle(Session(DemoSource("troubled")))
    session.stop()
    return session


def test_the_page_asks_for_nothing_from_outside(troubled: Session) -> None:
    written = page_of(troubled)
    page = Page(written)
    assert not {"script", "link", "img", "iframe", "object", "a"} & {tag for tag, _ in page.tags}
    assert not any({"src", "href", "style", "onclick"} & set(attributes) for _, attributes in page.tags)
    assert not re.search(r"url\(|@import|@font-face|https?:", written)
    assert page.unclosed == []


def test_it_is_made_for_phones_for_paper_and_for_the_night(troubled: Session) -> None:
    written = page_of(troubled)
    assert 'name="viewport" content="width=device-width' in written
    for query in ("@media print", "prefers-color-scheme: dark", "@media (max-width:"):
        assert query in written


def test_it_tells_verdict_counts_findings_fixes_and_traces(troubled: Session) -> None:
    report = build_report(troubled)
    text = Page(page_of(troubled)).text
    assert report.overview is not None
    assert report.overview.verdict in text
    assert f"{report.counts.errors} errors" in text
    for finding in (line.finding for cause in lines_of(report) for line in (cause, *cause.symptoms)):
        assert finding.check in text
        assert " ".join(finding.message.split()) in text
        if finding.folded_under is None and finding.fix:
            assert " ".join(finding.fix.split()) in text
    assert "IPv6 breaks at Pods" in text
    assert "Traces of flagged Services" in text
    assert "sends no packets" in text
    assert "2027-01-15 08:00 UTC" in text


def test_what_was_not_evaluated_stands_in_it_with_the_reason() -> None:
    session = from_path(next(path for path in SCENARIOS if path.name.startswith("03")))
    report = build_report(session)
    text = Page(page_of(session)).text
    assert report.not_evaluated
    for entry in report.not_evaluated:
        assert entry.check.removeprefix("DS-") in text
        assert entry.reason in text


def test_the_traces_that_are_left_out_are_counted(troubled: Session) -> None:
    _, omitted = flagged_traces(troubled, 1)
    assert omitted > 1
    text = Page(page_of(troubled, 1)).text
    assert f"{omitted} more flagged Services" in text
    assert text.count("breaks here") == 1


def test_what_is_too_much_for_a_page_is_counted_by_check(troubled: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MAX_CAUSES", 2)
    monkeypatch.setattr(html, "MAX_SYMPTOMS", 0)
    text = Page(page_of(troubled)).text
    assert "Not shown here, for there are too many:" in text
    assert "DS-LB-001 (1)" in text
