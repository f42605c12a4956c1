"""JUnit XML, as CI servers read it: a test case for each finding, and one skipped for each check not evaluated.

Nobody owns the format. The file holds only what both schemas in use know: Ant's (JUnit.xsd), which wants properties,
a time, a host and both outputs of each suite, and that of Jenkins' xUnit plug-in (junit-10.xsd).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from dsview.export.lines import describe
from dsview.export.report import Report, ReportedFinding
from dsview.export.text import left_out


def _body(finding: ReportedFinding) -> str:
    return "\n".join(part for part in (finding.message, f"fix:\n{finding.fix}" if finding.fix else "") if part)


def _head(finding: ReportedFinding) -> str:
    name = quoteattr(f"{describe(finding.object)}{f' {finding.family}' if finding.family else ''}")
    return f'<testcase classname={quoteattr(finding.check)} name={name} time="0"'


def _passes(finding: ReportedFinding) -> bool:
    return finding.severity == "note" or finding.is_known


def _case(finding: ReportedFinding) -> str:
    if _passes(finding):
        return f"    {_head(finding)}/>"
    kind = quoteattr(f"{finding.check} {finding.slug}")
    message = quoteattr(f"{finding.severity}: {finding.message}".replace("\n", " "))
    failure = f"      <failure type={kind} message={message}>{escape(_body(finding))}</failure>"
    return f"    {_head(finding)}>\n{failure}\n    </testcase>"


def _notes(report: Report) -> Iterator[str]:
    """What the cases that pass cannot hold, and what no case is about."""
    for finding in report.findings:
        if _passes(finding):
            known = f"{finding.severity}, known: " if finding.is_known else ""
            yield f"{known}{finding.check} {describe(finding.object)}: {_body(finding)}"
    yield from left_out(report)


def render_junit(report: Report, when: float) -> str:
    """The report as one test suite, made at `when`, epoch seconds.

    Errors and warnings fail, unless a baseline holds them; notes pass. The texts of what passes are the
    suite's standard output, what could not be read its standard error.
    """
    cases = [_case(finding) for finding in report.findings]
    skipped = [
        f'    <testcase classname={quoteattr(entry.check)} name="not evaluated" time="0">\n'
        f"      <skipped message={quoteattr(entry.reason)}/>\n    </testcase>"
        for entry in report.not_evaluated
    ]
    failures = sum(not _passes(finding) for finding in report.findings)
    notes = "\n".join(_notes(report))
    time = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<testsuites>",
        f'  <testsuite id="0" package="dsview" name={quoteattr(f"dsview {report.source.name}")} timestamp="{time}" '
        f'hostname="localhost" tests="{len(cases) + len(skipped)}" failures="{failures}" errors="0" '
        f'skipped="{len(skipped)}" time="0">',
        "    <properties/>",
        *cases,
        *skipped,
        f"    <system-out>{escape(notes)}</system-out>",
        f"    <system-err>{escape(chr(10).join(report.notices))}</system-err>",
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"
