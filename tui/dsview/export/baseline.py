"""`--baseline`: compares findings with an earlier JSON report.

A finding is identified by its check, object, family and field, never by its text. Pods and other objects with generated
names get a new name at every rollout. For these, the findings of the baseline that find no match cover as many new
findings of the same check about objects with the same base name.
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
"""The letters of Kubernetes' random names (k8s.io/apimachinery/pkg/util/rand), which its hashes use too."""

_GENERATED = {
    "Pod": re.compile(rf"(.+?)(?:-{_RANDOM}{{6,10}}|-[0-9]{{8,10}})?-{_RANDOM}{{5}}"),
    "EndpointSlice": re.compile(rf"(.+)-{_RANDOM}{{5}}"),
    "ReplicaSet": re.compile(rf"(.+)-{_RANDOM}{{6,10}}"),
}
"""By kind, generated names after a fixed part: a hash or a CronJob's time, and five letters."""


def _identity(finding: _Known | ReportedFinding) -> _Identity:
    ref = finding.object
    return (finding.check, ref.kind, ref.namespace, ref.name, finding.family, finding.field)


def _lasting(identity: _Identity) -> _Identity | None:
    """The identity without the generated part of its object's name; None if there is none."""
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
    left = dict(baseline)
    marks: dict[_Identity, str] = {}
    unmatched: list[ReportedFinding] = []
    for finding in report.findings:
        rank = left.pop(_identity(finding), None)
        if rank is None:
            unmatched.append(finding)
        else:
            marks[_identity(finding)] = NEW if _RANKS[finding.severity] < rank else KNOWN
    renamed: dict[_Identity, list[int]] = {}
    for identity, rank in left.items():
        lasting = _lasting(identity)
        if lasting is not None:
            renamed.setdefault(lasting, []).append(rank)
    for finding in sorted(unmatched, key=lambda finding: _RANKS[finding.severity]):
        identity = _identity(finding)
        ranks = renamed.get(_lasting(identity) or (), [])
        fitting = max((rank for rank in ranks if rank <= _RANKS[finding.severity]), default=None)
        marks[identity] = NEW if fitting is None else KNOWN
        if fitting is not None:
            ranks.remove(fitting)
    return msgspec.structs.replace(
        report, findings=tuple(msgspec.structs.replace(f, baseline=marks[_identity(f)]) for f in report.findings)
    )
