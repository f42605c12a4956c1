"""JUnit XML, as CI servers read it: a test case for each finding, and one skipped for each check not evaluated."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from dsview.report.model import Report, ReportedFinding
from dsview.report.text import describe


def _case(finding: ReportedFinding) -> str:
    name = quoteattr(f"{describe(finding.object)}{f' {finding.family}' if finding.family else ''}")
    parts = [finding.message, f"fix:\n{finding.fix}" if finding.fix else ""]
    body = escape("\n".join(part for part in parts if part))
    kind = quoteattr(f"{finding.check} {finding.slug}")
    head = f'    <testcase classname={quoteattr(finding.check)} name={name} time="0">'
    if finding.severity == "note":
        return f"{head}\n      <system-out>{body}</system-out>\n    </testcase>"
    message = quoteattr(f"{finding.severity}: {finding.message}".replace("\n", " "))
    return f"{head}\n      <failure type={kind} message={message}>{body}</failure>\n    </testcase>"


def render_junit(report: Report) -> str:
    """The report as one test suite. Errors and warnings fail, notes pass with their text."""
    cases = [_case(finding) for finding in report.findings]
    skipped = [
        f'    <testcase classname={quoteattr(entry.check)} name="not evaluated" time="0">\n'
        f"      <skipped message={quoteattr(entry.reason)}/>\n    </testcase>"
        for entry in report.not_evaluated
    ]
    failures = sum(finding.severity != "note" for finding in report.findings)
    total = len(cases) + len(skipped)
    counts = f'tests="{total}" failures="{failures}" errors="0"'
    suite = f'  <testsuite name={quoteattr(f"dsview {report.source.name}")} {counts} skipped="{len(skipped)}" time="0">'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites {counts} time="0">',
        suite,
        *cases,
        *skipped,
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"
