"""The report as text for a terminal: root causes, the worst first, each followed by what it explains."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from dsview.analysis.mode_words import mode_and_confidence
from dsview.core.plurals import count
from dsview.core.shell import is_command
from dsview.export.lines import ReportLine, describe, lines_of
from dsview.export.report import Report

_COLOURS = {"error": "31", "warning": "33", "note": "36"}
GLYPHS = {"error": "■", "warning": "▲", "note": "●"}
"""The symbol of each severity."""


def render_text(report: Report, *, colour: bool = False, width: int = 100, exempted: bool = False) -> str:
    """The report as text of about `width` columns, optionally with ANSI colours and exempted findings."""
    lines = list(_lines(report, colour, max(60, width)))
    if exempted and report.exempted:
        lines += ["", f"Exempted ({len(report.exempted)}):", ""]
        exempt = (ReportLine(finding, describe(finding.object), 1) for finding in report.exempted)
        lines += (text for line in exempt for text in _finding_lines(line, colour, max(60, width)))
    return "\n".join(lines) + "\n"


def painted(text: str, severity: str, colour: bool) -> str:
    """The text, in the ANSI colour of a severity if `colour` is true."""
    return f"\x1b[{_COLOURS[severity]}m{text}\x1b[0m" if colour else text


def wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    """The lines of a text, wrapped to the width and indented."""
    for line in text.split("\n"):
        yield from textwrap.wrap(
            line, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [indent]


def _lines(report: Report, colour: bool, width: int) -> Iterator[str]:
    cluster, counts = report.cluster, report.counts
    version = f", {report.source.server_version}" if report.source.server_version else ""
    yield f"{report.source.name}{version}: {mode_and_confidence(cluster.mode, cluster.confidence)}"
    if cluster.service_cidrs:
        yield f"Service ranges: {', '.join(cluster.service_cidrs)}"
    if cluster.qualifiers:
        yield f"But: {', '.join(cluster.qualifiers)}"
    yield (
        f"Read: {count(counts.services, 'Service')}, {count(counts.endpoint_slices, 'EndpointSlice')}, "
        f"{count(counts.pods, 'Pod')}, {count(counts.nodes, 'Node')}, {count(counts.listeners, 'listen socket')}"
    )
    yield ""
    for line in lines_of(report):
        yield from _finding_lines(line, colour, width)
    yield _summary(report, colour)
    for sentence in left_out(report):
        yield from wrapped(sentence, width, "")
    yield from _not_evaluated(report, width)
    for notice in report.notices:
        yield from wrapped(f"Note: {notice}", width, "")
    if report.overview is not None:
        yield from wrapped(f"Verdict: {report.overview.verdict}", width, "")
    yield "dsview reads the API and sends no packets: no findings means that the API shows no problem."


def _finding_lines(line: ReportLine, colour: bool, width: int) -> Iterator[str]:
    finding = line.finding
    mark = f"{GLYPHS[finding.severity]} {finding.severity}"
    new = "  (new)" if finding.is_new else ""
    yield f"{painted(mark, finding.severity, colour)}  {finding.check} {finding.slug}  {line.title}{new}"
    yield from wrapped(finding.message, width - 4, "    ")
    if finding.exempted_for:
        yield from wrapped(f"Exempted: {finding.exempted_for}", width - 4, "    ")
    if finding.fix:
        yield from (f"    $ {part}" if is_command(part) else f"    {part}" for part in finding.fix.split("\n"))
    if line.symptoms:
        yield f"    explains {count(line.explains, 'more finding')}:"
        for symptom_line in line.symptoms:
            symptom = symptom_line.finding
            also = "  (new)" if symptom.is_new else ""
            yield f"      {GLYPHS[symptom.severity]} {symptom.check}  {symptom_line.title}{also}"
            yield from wrapped(symptom.message, width - 8, "        ")
    yield ""


def no_findings(report: Report) -> str:
    """The sentence that says that there are no findings."""
    if report.not_evaluated:
        return "No findings among what could be evaluated."
    return "No findings from the selected checks." if report.skipped else "No findings."


def left_out(report: Report) -> list[str]:
    """The sentences about what the policy leaves out."""
    sentences = [f"{count(report.counts.exempted, 'finding')} exempted."] if report.counts.exempted else []
    if report.skipped:
        number = len(report.skipped)
        verb = "was" if number == 1 else "were"
        sentences.append(f"{count(number, 'check')} {verb} skipped by options or the configuration.")
    return sentences


def _summary(report: Report, colour: bool) -> str:
    counts = report.counts
    numbers = (("error", counts.errors), ("warning", counts.warnings), ("note", counts.notes))
    if not any(n for _, n in numbers):
        return no_findings(report)
    text = ", ".join(painted(count(n, name), name, colour and n > 0) for name, n in numbers)
    folded = f"; {counts.folded} of these explained by others" if counts.folded else ""
    return f"{text}{folded}."


def reasons(report: Report) -> dict[str, list[str]]:
    """The checks that were not evaluated, by reason. The codes have no prefix `DS-`."""
    found: dict[str, list[str]] = {}
    for entry in report.not_evaluated:
        found.setdefault(entry.reason, []).append(entry.check.removeprefix("DS-"))
    return found


def _not_evaluated(report: Report, width: int) -> Iterator[str]:
    by_reason = reasons(report)
    if by_reason:
        yield "Not evaluated:"
        for reason, checks in by_reason.items():
            yield from wrapped(f"{reason}: {', '.join(checks)}", width - 2, "  ")
