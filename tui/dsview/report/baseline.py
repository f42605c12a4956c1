"""`--baseline`: which findings are new against an earlier JSON report."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dsview.model.finding import Severity
from dsview.report.model import SCHEMA, Report, ReportedFinding
from dsview.sources.events import SourceError


class _Object(msgspec.Struct, frozen=True):
    kind: str
    name: str
    namespace: str | None = None


class _Known(msgspec.Struct, frozen=True):
    check: str
    object: _Object
    severity: Severity = Severity.NOTE
    family: str | None = None
    field: str | None = None


class _Baseline(msgspec.Struct):
    schema: str
    findings: list[_Known]


def _identity(finding: _Known | ReportedFinding) -> tuple[str | None, ...]:
    ref = finding.object
    return (finding.check, ref.kind, ref.namespace, ref.name, finding.family, finding.field)


Baseline = dict[tuple[str | None, ...], int]
"""The rank of each known finding's severity, by its identity."""

_RANKS = {severity.value: severity.rank for severity in Severity}


def read_baseline(path: str) -> Baseline:
    """What an earlier JSON report holds. Raises `SourceError` where it cannot be read."""
    try:
        known = msgspec.json.decode(Path(path).read_bytes(), type=_Baseline)
    except OSError as error:
        raise SourceError(f"The baseline cannot be read: {error.strerror or error}.") from None
    except msgspec.MsgspecError as error:
        raise SourceError(f"The baseline is not a JSON report of `dsview check -o json`: {error}.") from None
    if known.schema != SCHEMA:
        raise SourceError(f"The baseline has schema {known.schema[:60]!r}, not {SCHEMA}.")
    return {_identity(finding): finding.severity.rank for finding in known.findings}


def new_findings(report: Report, baseline: Baseline) -> tuple[ReportedFinding, ...]:
    """The findings of a report that the baseline does not hold, or holds with a lesser severity."""
    return tuple(
        finding
        for finding in report.findings
        if _RANKS[finding.severity] < baseline.get(_identity(finding), len(_RANKS))
    )
