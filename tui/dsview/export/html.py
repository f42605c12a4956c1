"""The report as a self-contained HTML page without scripts, fonts or external files. It suits phones and printers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from dsview.analysis.family_chart import ChartLine, Mark
from dsview.analysis.hop import Trace, Verdict
from dsview.analysis.mode_words import mode_and_confidence
from dsview.core.address import FAMILIES
from dsview.core.plurals import count
from dsview.core.text import Safe, safe
from dsview.export.lines import lines_of
from dsview.export.report import Report
from dsview.export.text import GLYPHS, left_out, no_findings, reasons

MAX_CAUSES = 500
"""The largest number of causes that are shown. The others are counted by check, because a browser cannot open a page
with thousands of causes.
"""

MAX_SYMPTOMS = 50
"""The largest number of explained findings that are listed for a cause."""

MAX_CHART_LINES = 200
"""The largest number of lines in the chart of gained and lost families."""

_MARKS = {Mark.NOTHING: "─", Mark.GAINED: "↑", Mark.LOST: "↓", Mark.BOTH: "±", Mark.LACKS: " "}
_LANES = {"IPv4": "v4", "IPv6": "v6"}
_VERDICT_SIGNS = {
    Verdict.OK: "√",
    Verdict.BROKEN: "■",
    Verdict.ABSENT: "○",
    Verdict.NOT_PROVEN: "?",
    Verdict.NOT_READ: "?",
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dsview.export"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["tail"] = lambda sentence, family: str(sentence).removeprefix(family)
    return environment


def _verdict(report: Report) -> Safe:
    if report.overview is not None:
        return safe(report.overview.verdict)
    return safe(mode_and_confidence(report.cluster.mode, report.cluster.confidence))


class _Run(msgspec.Struct, frozen=True):
    """Consecutive equal marks."""

    mark: str
    signs: str


def _runs(line: ChartLine) -> list[_Run]:
    return [_Run(mark.value, _MARKS[mark] * len(list(run))) for mark, run in groupby(line.marks)]


def _chart_title(line: ChartLine) -> Safe:
    return safe(f"{line.ref}, {line.layer}" if line.ref is not None else "All objects")


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def render_html(
    report: Report,
    traces: Sequence[Trace],
    omitted: int,
    made_at: float,
    *,
    chart: Sequence[ChartLine] = (),
    span: tuple[float, float] = (0.0, 0.0),
) -> str:
    """The report as HTML.

    Args:
        report: The report.
        traces: The traces of flagged Services.
        omitted: The number of other flagged Services.
        made_at: The time of the report, epoch seconds.
        chart: The families that were gained and lost during `span`.
        span: The start and end of the chart, epoch seconds.
    """
    counts = report.counts
    causes = list(lines_of(report))
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            verdict=_verdict(report),
            made=_clock(made_at),
            chart=[(_chart_title(line), line, _runs(line)) for line in chart[:MAX_CHART_LINES]],
            charted_more=max(0, len(chart) - MAX_CHART_LINES),
            span=tuple(map(_clock, span)),
            counts=(("error", counts.errors), ("warning", counts.warnings), ("note", counts.notes)),
            causes=causes[:MAX_CAUSES],
            symptoms_shown=MAX_SYMPTOMS,
            left_out=sorted(Counter(cause.finding.check for cause in causes[MAX_CAUSES:]).items()),
            not_evaluated=list(reasons(report).items()),
            traces=traces,
            omitted=omitted,
            families=FAMILIES,
            lanes=_LANES,
            signs=GLYPHS,
            verdict_signs=_VERDICT_SIGNS,
            count=count,
            no_findings=no_findings(report),
            policy=left_out(report),
        )
    )
