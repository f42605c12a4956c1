"""A finding: one check that one object does not pass; and one of which nobody can tell for now."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from dsview.core.address import Family


class Severity(StrEnum):
    """How bad a finding is: error, warning, note, worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst; a sort key."""
        return _RANKS[self.value]

    def at_least(self, other: Severity) -> bool:
        """Whether this is as bad as the other or worse."""
        return self.rank <= other.rank


_RANKS = {"error": 0, "warning": 1, "note": 2}


class ObjectRef(msgspec.Struct, frozen=True, order=True, gc=False):
    """An object by its Kubernetes kind, namespace (None where cluster-wide) and name."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


CLUSTER = ObjectRef("Cluster", None, "cluster")
"""The object of findings that belong to no single one (scenarios/README.md)."""


class Cause(msgspec.Struct, frozen=True, gc=False):
    """A finding that would explain this one if it is there: by check, object and (unless None) family."""

    check: str
    object: ObjectRef
    family: Family | None = None


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a check says of an object. Unique by check, object, family and field.

    `grace` is how many seconds the condition must have held in a live session before it is shown; `causes` are
    the findings that it folds under, best first. `exempted_for` is the reason that is
    given for exempting it, where one is.
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
        """What makes the finding the same one after a re-evaluation."""
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

    `until` is when it is judged, epoch seconds: at the earliest, as a later change may put it off. It is infinite where
    no time is waited for but an object, `waits_for`, which is not ready. `was_open` tells a finding that was there
    before from a condition that arises.
    """

    finding: Finding
    until: float = math.inf
    waits_for: ObjectRef | None = None
    was_open: bool = False
