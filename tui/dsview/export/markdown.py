"""The report as Markdown, for a pull request or a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from dsview.analysis.mode_words import mode_and_confidence
from dsview.core.plurals import count
from dsview.core.shell import is_command
from dsview.export.lines import lines_of
from dsview.export.report import Report
from dsview.export.text import left_out, no_findings

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!&~])")
_ACTIVE = re.compile(r"[^\s|]*(?:://|@|\bwww\.|[#!]\d|\bGH-\d)[^\s|]*", re.IGNORECASE)
"""Text that forges and chat programs turn into links or mentions even if it is escaped, unless it is code."""


def plain_markdown(text: str) -> str:
    """Text on one line, escaped so that Markdown shows it unchanged."""
    line = text.replace("\n", " ")
    parts: list[str] = []
    done = 0
    for match in _ACTIVE.finditer(line):
        parts += [_SPECIAL.sub(r"\\\1", line[done : match.start()]), _code(match.group())]
        done = match.end()
    return "".join([*parts, _SPECIAL.sub(r"\\\1", line[done:])])


def _code(text: str) -> str:
    fence = "`"
    while fence in text:
        fence += "`"
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def code_block(text: str) -> str:
    """A shell code block that no text can end early."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}sh\n{text}\n{fence}"


def fix_in_markdown(fix: str) -> str:
    """A fix, with its commands in code blocks and its sentences as text."""
    parts: list[str] = []
    for is_code, found in groupby(fix.split("\n"), lambda line: is_command(line) or line.startswith("#")):
        lines = list(found)
        parts.append(code_block("\n".join(lines)) if is_code else plain_markdown(" ".join(lines)))
    return "\n\n".join(parts)


def _lines(report: Report) -> Iterator[str]:
    counts = report.counts
    yield f"## dsview: {plain_markdown(report.source.name)}"
    yield ""
    yield f"{mode_and_confidence(report.cluster.mode, report.cluster.confidence)}."
    numbers = (("error", counts.errors), ("warning", counts.warnings), ("note", counts.notes))
    summary = ", ".join(count(number, name) for name, number in numbers) + "."
    yield " ".join((summary if report.findings else no_findings(report), *left_out(report)))
    if report.findings:
        yield ""
        yield "| severity | check | object | family | finding |"
        yield "|---|---|---|---|---|"
    causes = list(lines_of(report))
    for line in (cause_or_symptom for cause in causes for cause_or_symptom in (cause, *cause.symptoms)):
        f = line.finding
        folded = f" (explained by {f.folded_under.check})" if f.folded_under else ""
        new = " (new)" if f.is_new else ""
        cells = (f.severity, f.check, line.title, f.family or "", f.message + folded + new)
        yield f"| {' | '.join(map(plain_markdown, cells))} |"
    fixes = [line for line in causes if line.finding.fix and line.finding.folded_under is None]
    if fixes:
        yield ""
        yield "### Fixes"
    for line in fixes:
        yield ""
        yield f"{line.finding.check} {plain_markdown(line.title)}"
        yield ""
        yield fix_in_markdown(line.finding.fix or "")
    if report.not_evaluated:
        yield ""
        yield "### Not evaluated"
        yield ""
    for entry in report.not_evaluated:
        yield f"- {entry.check}: {plain_markdown(entry.reason)}"
    if report.notices:
        yield ""
        yield "### Notes"
        yield ""
    for notice in report.notices:
        yield f"- {plain_markdown(notice)}"


def render_markdown(report: Report) -> str:
    """The report as Markdown."""
    return "\n".join(_lines(report)) + "\n"
