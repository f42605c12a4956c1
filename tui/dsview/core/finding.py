"""Findings: the result of a check for one object, and findings that are pending."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from dsview.core.address import Family


class Severity(StrEnum):
    """The severity of a finding: error, warning or note, worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """A sort key: 0 for the worst severity."""
        return _RANKS[self.value]

    def at_least(self, other: Severity) -> bool:
        """Whether this severity is at least as bad as the other."""
        return self.rank <= other.rank


_RANKS = {"error": 0, "warning": 1, "note": 2}


class ObjectRef(msgspec.Struct, frozen=True, order=True, gc=False):
    """An object by its Kubernetes kind, namespace (None if cluster-wide) and name."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


CLUSTER = ObjectRef("Cluster", None, "cluster")
"""The object of findings that do not belong to a single object."""


class Cause(msgspec.Struct, frozen=True, gc=False):
    """A finding that explains another one, if it exists. It is identified by check, object and (unless None) family."""

    check: str
    object: ObjectRef
    family: Family | None = None


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The result of a check for an object. Unique by check, object, family and field.

    `grace` is the number of seconds for which the condition must last in a live session before it is shown. `causes`
    are the findings that can explain it, best explanation first. `exempted_for` is the reason for its exemption; empty
    if it is not exempted.
    """

    check: str
    severity: Severity
    object: ObjectRef
    family: Family | None = None
    field: str | None = None
    message: str
    observed: str | None = None
    expected: str | None = None
    fix: str | None = None
    related: tuple[ObjectRef, ...] = ()
    grace: float = 0.0
    causes: tuple[Cause, ...] = ()
    exempted_for: str = ""

    @property
    def identity(self) -> tuple[str, ObjectRef, Family | None, str | None]:
        """The identity of the finding across evaluations."""
        return (self.check, self.object, self.family, self.field)

    @property
    def order(self) -> tuple[int, str, str, str, str, str, str]:
        """The sort key of reports: severity, code, object, family, field."""
        ref = self.object
        return (
            self.severity.rank,
            self.check,
            ref.kind,
            ref.namespace or "",
            ref.name,
            self.family or "",
            self.field or "",
        )


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A finding without a verdict.

    `until` is the earliest time of the verdict, in epoch seconds; a later change may postpone it. It is infinite if the
    verdict depends on an object that is not ready, `waits_for`, rather than on time. `was_open` distinguishes a finding
    that was reported before from a new condition.
    """

    finding: Finding
    until: float = math.inf
    waits_for: ObjectRef | None = None
    was_open: bool = False
