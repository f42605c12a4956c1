"""`--baseline`: which findings are new against an earlier JSON report."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dsview.report.model import SCHEMA, Report, ReportedFinding
from dsview.sources.events import SourceError


class _Object(msgspec.Struct, frozen=True):
    kind: str
    name: str
    namespace: str | None = None


class _Known(msgspec.Struct, frozen=True):
    check: str
    object: _Object
    severity: str = "note"
    family: str | None = None
    field: str | None = None


class _Baseline(msgspec.Struct):
    schema: str
    findings: list[_Known]


def _identity(check: str, kind: str, namespace: str | None, name: str, *rest: str | None) -> tuple[str | None, ...]:
    return (check, kind, namespace, name, *rest)


def new_findings(report: Report, path: str) -> tuple[ReportedFinding, ...]:
    """The findings of a report that the baseline does not hold, or held with a lesser severity.

    Raises `SourceError` where the baseline cannot be read.
    """
    try:
        known = msgspec.json.decode(Path(path).read_bytes(), type=_Baseline)
    except OSError as error:
        raise SourceError(f"The baseline cannot be read: {error.strerror or error}.") from None
    except msgspec.MsgspecError as error:
        raise SourceError(f"The baseline is not a JSON report of `dsview check -o json`: {error}.") from None
    if known.schema != SCHEMA:
        raise SourceError(f"The baseline has schema {known.schema[:60]!r}, not {SCHEMA}.")
    ranks = {"error": 0, "warning": 1, "note": 2}
    held = {
        _identity(f.check, f.object.kind, f.object.namespace, f.object.name, f.family, f.field): ranks.get(
            f.severity, 2
        )
        for f in known.findings
    }
    return tuple(
        f
        for f in report.findings
        if ranks[f.severity]
        < held.get(_identity(f.check, f.object.kind, f.object.namespace, f.object.name, f.family, f.field), 99)
    )
