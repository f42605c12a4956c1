"""Every output format of `dsview check`, by name."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dsview.analysis.cluster_summary import ClusterSummary
from dsview.analysis.family_chart import ChartLine
from dsview.analysis.hop import Trace
from dsview.export.json_text import json_text
from dsview.export.junit import render_junit
from dsview.export.markdown import render_markdown
from dsview.export.prometheus import Target, render_metrics
from dsview.export.report import Report
from dsview.export.sarif import render_sarif
from dsview.export.text import render_text


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What some formats need besides the report: its time in epoch seconds, traces of flagged Services, and the totals.

    `traces` returns them and the number of those left out. Only the formats that show them call either.
    """

    made_at: float
    summary: Callable[[], ClusterSummary | None] = lambda: None
    traces: Callable[[], tuple[tuple[Trace, ...], int]] = lambda: ((), 0)
    chart: Callable[[], tuple[ChartLine, ...]] = lambda: ()
    span: tuple[float, float] = (0.0, 0.0)


def render_json(report: Report) -> str:
    """The schema: see schema.json."""
    return json_text(report)


def _render_html(report: Report, beside: Beside) -> str:
    from dsview.export.html import render_html  # noqa: PLC0415  (templates take a while to import)

    traces, omitted = beside.traces()
    return render_html(report, traces, omitted, beside.made_at, chart=beside.chart(), span=beside.span)


def _render_prometheus(report: Report, beside: Beside) -> str:
    return render_metrics([Target(report.source.name, beside.summary())], beside.made_at)


FORMATS: dict[str, Callable[[Report, Beside], str]] = {
    "text": lambda report, _: render_text(report),
    "json": lambda report, _: render_json(report),
    "junit": lambda report, beside: render_junit(report, beside.made_at),
    "sarif": lambda report, _: render_sarif(report),
    "markdown": lambda report, _: render_markdown(report),
    "html": _render_html,
    "prometheus": _render_prometheus,
}
"""Turns a report and its extras into text.

Only JUnit, HTML and Prometheus contain the time; for all others, the same input gives the same bytes.
"""
