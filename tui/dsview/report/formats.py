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


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": render_text,
    "json": render_json,
    "junit": render_junit,
    "sarif": render_sarif,
    "markdown": render_markdown,
}
