"""The report as SARIF 2.1.0 for code-scanning services. Objects are logical locations, because there are no files."""

from __future__ import annotations

from typing import Any

from dsview.checks.engine.registry import all_checks
from dsview.export.json_text import json_text
from dsview.export.lines import describe
from dsview.export.report import Report, ReportedFinding
from dsview.export.text import left_out

_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def _result(finding: ReportedFinding) -> dict[str, Any]:
    ref = finding.object
    full_name = "/".join(part for part in (ref.kind, ref.namespace, ref.name) if part)
    text = finding.message + (f"\n\nFix:\n{finding.fix}" if finding.fix else "")
    fingerprint = "/".join((finding.check, full_name, finding.family or "", finding.field or ""))
    location = {
        "physicalLocation": {"artifactLocation": {"uri": "cluster"}, "region": {"startLine": 1}},
        "logicalLocations": [{"name": ref.name, "fullyQualifiedName": full_name, "kind": "resource"}],
    }
    state = {"baselineState": "new" if finding.is_new else "unchanged"} if finding.is_new or finding.is_known else {}
    return {
        "ruleId": finding.check,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{describe(ref)}: {text}"},
        "locations": [location],
        "partialFingerprints": {"dsviewIdentity/v1": fingerprint},
        **state,
    }


def render_sarif(report: Report) -> str:
    """The report as one run."""
    rules = [
        {
            "id": check.code,
            "name": check.slug,
            "shortDescription": {"text": check.title},
            "fullDescription": {"text": f"{check.condition} {check.why}"},
            "help": {"text": check.fix},
            "defaultConfiguration": {"level": _LEVELS[check.severity.value]},
        }
        for check in all_checks()
    ]
    notifications = (
        *(f"{entry.check} was not evaluated: {entry.reason}" for entry in report.not_evaluated),
        *report.notices,
        *left_out(report),
    )
    run = {
        "tool": {"driver": {"name": "dsview", "version": report.dsview, "rules": rules}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "note", "message": {"text": text}} for text in notifications],
            }
        ],
        "results": [_result(finding) for finding in report.findings],
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json_text(document)
