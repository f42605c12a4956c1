"""JUnit XML for CI servers: a test case for each finding, and a skipped one for each check that was not evaluated.

The format has no standard. The file uses only what the two common schemas allow: that of Ant (JUnit.xsd), which
requires properties, a time, a host and both outputs of each suite, and that of Jenkins' xUnit plug-in (junit-10.xsd).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dsview.export.lines import describe
from dsview.export.report import Report, ReportedFinding
from dsview.export.text import left_out


def _body(finding: ReportedFinding) -> str:
    return "\n".join(part for part in (finding.message, f"fix:\n{finding.fix}" if finding.fix else "") if part)


def _passes(finding: ReportedFinding) -> bool:
    return finding.severity == "note" or finding.is_known


def _add_case(suite: Element, finding: ReportedFinding) -> None:
    name = f"{describe(finding.object)}{f' {finding.family}' if finding.family else ''}"
    case = SubElement(suite, "testcase", classname=finding.check, name=name, time="0")
    if not _passes(finding):
        message = f"{finding.severity}: {finding.message}".replace("\n", " ")
        failure = SubElement(case, "failure", type=f"{finding.check} {finding.slug}", message=message)
        failure.text = _body(finding)


def _notes(report: Report) -> Iterator[str]:
    """The texts of passing cases, which cannot contain one, and what the policy leaves out."""
    for finding in report.findings:
        if _passes(finding):
            known = f"{finding.severity}, known: " if finding.is_known else ""
            yield f"{known}{finding.check} {describe(finding.object)}: {_body(finding)}"
    yield from left_out(report)


def render_junit(report: Report, when: float) -> str:
    """The report as one test suite. `when` is its time, epoch seconds.

    Errors and warnings fail unless a baseline contains them; notes pass. The standard output of the suite contains the
    texts of the passing cases, and its standard error what could not be read.
    """
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        id="0",
        package="dsview",
        name=f"dsview {report.source.name}",
        timestamp=datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        tests=str(len(report.findings) + len(report.not_evaluated)),
        failures=str(sum(not _passes(finding) for finding in report.findings)),
        errors="0",
        skipped=str(len(report.not_evaluated)),
        time="0",
    )
    SubElement(suite, "properties")
    for finding in report.findings:
        _add_case(suite, finding)
    for entry in report.not_evaluated:
        case = SubElement(suite, "testcase", classname=entry.check, name="not evaluated", time="0")
        SubElement(case, "skipped", message=entry.reason)
    SubElement(suite, "system-out").text = "\n".join(_notes(report))
    SubElement(suite, "system-err").text = "\n".join(report.notices)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'
