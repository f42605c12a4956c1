"""Every output format of `dsview check`, by name."""

from __future__ import annotations

from collections.abc import Callable

from dsview.report.jsontext import json_text
from dsview.report.junit import render_junit
from dsview.report.markdown import render_markdown
from dsview.report.model import Report
from dsview.report.sarif import render_sarif
from dsview.report.text import render_text


def render_json(report: Report) -> str:
    """The contract: see schema.json."""
    return json_text(report)


FORMATS: dict[str, Callable[[Report, float], str]] = {
    "text": lambda report, _when: render_text(report),
    "json": lambda report, _when: render_json(report),
    "junit": render_junit,
    "sarif": lambda report, _when: render_sarif(report),
    "markdown": lambda report, _when: render_markdown(report),
}
"""From a report and the time it was made at, epoch seconds, to text. Only JUnit tells that time: everywhere else the
same input gives the same bytes."""
