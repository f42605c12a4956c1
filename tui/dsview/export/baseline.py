"""`--baseline`: compares findings with an earlier JSON report.

A finding is identified by its check, object, family and field, never by its text. Pods and other objects with generated
names get a new name at every rollout. Therefore each unmatched finding of the baseline about such an object covers one
new finding of the same check about an object with the same base name.
"""

from __future__ import annotations

import re

import msgspec

from dsview.core.errors import UserError
from dsview.core.finding import Severity
from dsview.export.report import KNOWN, NEW, SCHEMA, Report, ReportedFinding
from dsview.sources.bounded_files import BASELINE, read_bounded


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


_Identity = tuple[str | None, ...]

_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
"""The characters of generated names and hashes in Kubernetes (k8s.io/apimachinery/pkg/util/rand)."""

_GENERATED = {
    "Pod": re.compile(rf"(.+?)(?:-{_RANDOM}{{6,10}}|-[0-9]{{8,10}})?-{_RANDOM}{{5}}"),
    "EndpointSlice": re.compile(rf"(.+)-{_RANDOM}{{5}}"),
    "ReplicaSet": re.compile(rf"(.+)-{_RANDOM}{{6,10}}"),
}
"""By kind, the pattern of generated names: the base name, a hash or the time of a CronJob, and five characters."""


def _identity(finding: _Known | ReportedFinding) -> _Identity:
    ref = finding.object
    return (finding.check, ref.kind, ref.namespace, ref.name, finding.family, finding.field)


def _base_identity(identity: _Identity) -> _Identity | None:
    """The identity with the base name of its object; None if the name is not generated."""
    check, kind, namespace, name, *rest = identity
    pattern = _GENERATED.get(kind or "")
    match = pattern.fullmatch(name or "") if pattern is not None else None
    return (check, kind, namespace, match.group(1), *rest) if match is not None else None


Baseline = dict[_Identity, int]
"""The rank of each known finding's severity, by its identity."""

_RANKS = {severity.value: severity.rank for severity in Severity}


def read_baseline(path: str) -> Baseline:
    """The findings of an earlier JSON report. Raises `UserError` if it cannot be read."""
    try:
        known = msgspec.json.decode(read_bounded(path, BASELINE), type=_Baseline)
    except OSError as error:
        raise UserError(f"The baseline cannot be read: {error.strerror or error}.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"The baseline is not a JSON report of `dsview check -o json`: {error}.") from None
    if known.schema != SCHEMA:
        raise UserError(f"The baseline has schema {known.schema[:60]!r}, not {SCHEMA}.")
    return {_identity(finding): finding.severity.rank for finding in known.findings}


def compared(report: Report, baseline: Baseline) -> Report:
    """The report with each finding marked as new or known.

    A finding is new if the baseline does not contain it, or contains it with a lower severity.
    """
    unmatched_known = dict(baseline)
    marks: dict[_Identity, str] = {}
    unmatched: list[ReportedFinding] = []
    for finding in report.findings:
        rank = unmatched_known.pop(_identity(finding), None)
        if rank is None:
            unmatched.append(finding)
        else:
            marks[_identity(finding)] = NEW if _RANKS[finding.severity] < rank else KNOWN
    renamed: dict[_Identity, list[int]] = {}
    for identity, rank in unmatched_known.items():
        base = _base_identity(identity)
        if base is not None:
            renamed.setdefault(base, []).append(rank)
    for finding in sorted(unmatched, key=lambda finding: _RANKS[finding.severity]):
        identity = _identity(finding)
        ranks = renamed.get(_base_identity(identity) or (), [])
        covering = max((rank for rank in ranks if rank <= _RANKS[finding.severity]), default=None)
        marks[identity] = NEW if covering is None else KNOWN
        if covering is not None:
            ranks.remove(covering)
    return msgspec.structs.replace(
        report, findings=tuple(msgspec.structs.replace(f, baseline=marks[_identity(f)]) for f in report.findings)
    )
