"""The output formats of `dsview check`, by name."""

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


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What some formats need besides the report. Each callable is called only by the formats that use its result.

    Attributes:
        made_at: The time of the report, epoch seconds.
        summary: Returns the totals.
        traces: Returns the traces of flagged Services, and the number of those that are left out.
        chart: Returns the chart of gained and lost families.
        span: The start and end of the chart, epoch seconds.
    """

    made_at: float
    summary: Callable[[], ClusterSummary | None] = lambda: None
    traces: Callable[[], tuple[tuple[Trace, ...], int]] = lambda: ((), 0)
    chart: Callable[[], tuple[ChartLine, ...]] = lambda: ()
    span: tuple[float, float] = (0.0, 0.0)


def render_json(report: Report) -> str:
    """The report as JSON (schema.json)."""
    return json_text(report)


def _render_html(report: Report, extras: Extras) -> str:
    from dsview.export.html import render_html  # noqa: PLC0415  (templates take a while to import)

    traces, omitted = extras.traces()
    return render_html(report, traces, omitted, extras.made_at, chart=extras.chart(), span=extras.span)


def _render_prometheus(report: Report, extras: Extras) -> str:
    return render_metrics([Target(report.source.name, extras.summary())], extras.made_at)


FORMATS: dict[str, Callable[[Report, Extras], str]] = {
    "text": lambda report, _: render_text(report),
    "json": lambda report, _: render_json(report),
    "junit": lambda report, extras: render_junit(report, extras.made_at),
    "sarif": lambda report, _: render_sarif(report),
    "markdown": lambda report, _: render_markdown(report),
    "html": _render_html,
    "prometheus": _render_prometheus,
}
"""The functions that turn a report and its extras into text, by the name of the format.

Only JUnit, HTML and Prometheus contain the time. All others give the same bytes for the same input.
"""
