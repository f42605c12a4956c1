"""The report as one self-contained HTML page: no script, no font, no external file; for phones and for printing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from dsview.analysis.family_chart import ChartLine, Mark
from dsview.analysis.hop import Trace, Verdict
from dsview.core.address import FAMILIES
from dsview.core.text import Safe, safe
from dsview.export.lines import lines_of
from dsview.export.report import Report
from dsview.export.text import GLYPHS, left_out, mode_in_words, no_findings, plural, reasons

CAUSES = 500
"""The number of causes that are shown in full, because a page with thousands does not open.

The rest is counted by check.
"""

SYMPTOMS = 50
"""The number of listed findings that one cause explains."""

CHARTED = 200
"""The maximum number of lines of gained and lost families."""

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
    return safe(f"{mode_in_words(report.cluster.mode)} ({report.cluster.confidence})")


class _Run(msgspec.Struct, frozen=True):
    """Consecutive marks of one kind."""

    mark: str
    signs: str


def _runs(line: ChartLine) -> list[_Run]:
    return [_Run(mark.value, _MARKS[mark] * len(list(found))) for mark, found in groupby(line.marks)]


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
    """The report with traces; `omitted` is the number of other flagged Services. `made_at` is in epoch seconds.

    `chart` has the families that were gained and lost during `span`, epoch seconds.
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
            chart=[(_chart_title(line), line, _runs(line)) for line in chart[:CHARTED]],
            charted_more=max(0, len(chart) - CHARTED),
            span=tuple(map(_clock, span)),
            counts=(("error", counts.errors), ("warning", counts.warnings), ("note", counts.notes)),
            causes=causes[:CAUSES],
            symptoms_shown=SYMPTOMS,
            left_out=sorted(Counter(cause.finding.check for cause in causes[CAUSES:]).items()),
            not_evaluated=list(reasons(report).items()),
            traces=traces,
            omitted=omitted,
            families=FAMILIES,
            lanes=_LANES,
            signs=GLYPHS,
            verdict_signs=_VERDICT_SIGNS,
            plural=plural,
            no_findings=no_findings(report),
            policy=left_out(report),
        )
    )
