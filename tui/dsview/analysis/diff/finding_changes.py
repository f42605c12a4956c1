"""The findings that appeared and disappeared, with the finding that explains each of them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.diff.facts import is_covered
from dsview.analysis.diff.names import StableNames
from dsview.core.address import Family
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES

_KINDS = {kind.value: kind for kind in RESOURCES}


class FindingChangeType(StrEnum):
    """The type of a change. `SPREAD` and `SHRANK`: the finding concerns more or fewer Pods of the same workload now."""

    NEW = "new"
    GONE = "gone"
    WORSE = "worse"
    BETTER = "better"
    SPREAD = "about more"
    SHRANK = "about fewer"

    @property
    def is_worse(self) -> bool:
        """Whether the change is for the worse."""
        return self in {FindingChangeType.NEW, FindingChangeType.WORSE, FindingChangeType.SPREAD}


class Identity(msgspec.Struct, frozen=True):
    """What identifies a finding across two clusters, which its text does not."""

    check: str
    object: ObjectRef
    family: Family | None
    field: str | None


class Occurrences(msgspec.Struct, frozen=True):
    """The findings with one identity in one cluster.

    Attributes:
        finding: The worst of them.
        number: The number of findings.
        of: The number of objects that the name stands for, such as the Pods of a workload.
    """

    finding: Finding
    number: int
    of: int


class FindingChange(msgspec.Struct, frozen=True):
    """A finding that appeared, disappeared, or concerns more or fewer objects. `root` is the one that explains it."""

    identity: Identity
    type: FindingChangeType
    before: Occurrences | None
    after: Occurrences | None
    root: Identity | None

    @property
    def is_on_one_side(self) -> bool:
        """Whether it exists on one side only."""
        return self.before is None or self.after is None

    @property
    def finding(self) -> Finding:
        """The finding as it is now, or as it last was."""
        occurrences = self.after or self.before
        assert occurrences is not None  # noqa: S101 - at least one side has it
        return occurrences.finding

    @property
    def order(self) -> tuple[object, ...]:
        """The sort key: worse first, then in report order."""
        return (not self.type.is_worse, *self.finding.order)


class Findings:
    """The findings of one cluster, by their identity."""

    def __init__(self, view: ClusterView, names: StableNames) -> None:
        self.view = view
        self._names = names
        self._not_evaluated = {entry.check for entry in view.not_evaluated()} | set(view.skipped)
        self.exempted = {self.identity(finding) for finding in view.exempted_findings}
        self.occurrences: dict[Identity, Occurrences] = {}
        numbers: dict[Identity, list[Finding]] = {}
        for finding in view.findings.sorted():
            numbers.setdefault(self.identity(finding), []).append(finding)
        for identity, findings in numbers.items():
            size = max(names.size(identity.object), len(findings))
            self.occurrences[identity] = Occurrences(findings[0], len(findings), size)

    def identity(self, finding: Finding) -> Identity:
        """The identity of a finding."""
        return Identity(finding.check, self._names.of(finding.object), finding.family, finding.field)

    def stable_name(self, ref: ObjectRef) -> ObjectRef:
        """The name under which an object is compared."""
        return self._names.of(ref)

    def root(self, occurrences: Occurrences) -> Identity | None:
        """The finding that explains it."""
        root = self.view.root_of(occurrences.finding)
        return self.identity(root) if root is not None else None

    def can_judge(self, finding: Finding, namespace: str | None) -> bool:
        """Whether this side would have the finding if it were true: its check ran, and all its objects were read.

        `namespace` is the name in the comparison.
        """
        if finding.check in self._not_evaluated:
            return False
        # The owners of Pods, such as ReplicaSets, are kinds that are not read.
        kind = _KINDS.get(finding.object.kind, Kind.POD)
        is_cluster_wide = finding.object.namespace is None
        return is_cluster_wide or is_covered(self.view, kind, self._names.original(namespace))


def finding_changes(before: Findings, after: Findings) -> tuple[list[FindingChange], list[str]]:
    """The changes, worst first, and the codes of the checks that cannot be compared because one side was not evaluated.

    If an object may have such a finding, its other findings on one side only are not compared either: they may stand in
    for it.
    """
    changes: list[FindingChange] = []
    not_evaluated: set[str] = set()
    uncertain: set[ObjectRef] = set()
    for identity in before.occurrences.keys() | after.occurrences.keys():
        was, now = before.occurrences.get(identity), after.occurrences.get(identity)
        change_type = _change_type(was, now)
        if change_type is None:
            continue
        occurrences, present, absent = (now, after, before) if now is not None else (was, before, after)
        if occurrences is None:
            continue
        if identity in absent.exempted:
            continue
        if (was is None or now is None) and not absent.can_judge(occurrences.finding, identity.object.namespace):
            not_evaluated.add(identity.check)
            uncertain.add(identity.object)
            uncertain.update(map(present.stable_name, occurrences.finding.related))
            continue
        changes.append(FindingChange(identity, change_type, was, now, present.root(occurrences)))
    certain: list[FindingChange] = []
    for change in changes:
        if change.is_on_one_side and change.identity.object in uncertain:
            not_evaluated.add(change.identity.check)
        else:
            certain.append(change)
    return sorted(certain, key=lambda change: change.order), sorted(not_evaluated)


def _change_type(was: Occurrences | None, now: Occurrences | None) -> FindingChangeType | None:
    if was is None or now is None:
        return FindingChangeType.NEW if was is None else FindingChangeType.GONE
    if was.finding.severity is not now.finding.severity:
        is_worse = now.finding.severity.rank < was.finding.severity.rank
        return FindingChangeType.WORSE if is_worse else FindingChangeType.BETTER
    # If all Pods of a workload have the finding on both sides, nothing changed, even if the number of Pods differs.
    if was.number == now.number or (was.number == was.of and now.number == now.of):
        return None
    return FindingChangeType.SPREAD if now.number > was.number else FindingChangeType.SHRANK


def is_worse(before: Findings, after: Findings, changes: list[FindingChange], least: Severity) -> bool:
    """Whether an object is worse over a family than before, according to findings of at least the severity `least`.

    A finding that replaces another one of the same severity on the same object does not count.
    """
    ranks_before, ranks_after = _ranks(before, least), _ranks(after, least)
    touched = {(change.identity.object, change.identity.family) for change in changes}
    return any(
        change.type is FindingChangeType.SPREAD and change.finding.severity.at_least(least) for change in changes
    ) or any((*ranks_after.get(place, ()), _END) < (*ranks_before.get(place, ()), _END) for place in touched)


_END = 9
"""A rank below all others. It ends each list of ranks, so that one more finding is worse."""


def _ranks(findings: Findings, least: Severity) -> dict[tuple[ObjectRef, Family | None], list[int]]:
    """The ranks of the severities of each object and family, the worst first."""
    ranks_of: dict[tuple[ObjectRef, Family | None], list[int]] = {}
    for identity, occurrences in findings.occurrences.items():
        if occurrences.finding.severity.at_least(least):
            ranks_of.setdefault((identity.object, identity.family), []).append(occurrences.finding.severity.rank)
    return {place: sorted(ranks) for place, ranks in ranks_of.items()}
