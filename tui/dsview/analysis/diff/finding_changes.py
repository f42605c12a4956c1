"""The findings that appeared and disappeared, with the finding that explains each of them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.diff.facts import is_covered
from dsview.analysis.diff.names import LastingNames
from dsview.core.address import Family
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES

_KINDS = {kind.value: kind for kind in RESOURCES}


class FindingTurn(StrEnum):
    """The direction of a change. `SPREAD` and `SHRANK`: it concerns more or fewer objects of the same workload now."""

    NEW = "new"
    GONE = "gone"
    WORSE = "worse"
    BETTER = "better"
    SPREAD = "about more"
    SHRANK = "about fewer"

    @property
    def is_worse(self) -> bool:
        """Whether the change is for the worse."""
        return self in {FindingTurn.NEW, FindingTurn.WORSE, FindingTurn.SPREAD}


class Identity(msgspec.Struct, frozen=True):
    """What identifies a finding across two clusters; its text does not."""

    check: str
    object: ObjectRef
    family: Family | None
    field: str | None


class Standing(msgspec.Struct, frozen=True):
    """A finding in one cluster: the worst one of that identity, their number, and the number of objects."""

    finding: Finding
    number: int
    of: int


class FindingChange(msgspec.Struct, frozen=True):
    """A finding that appeared, disappeared, or concerns more or fewer objects.

    `root` explains it, if another one does.
    """

    identity: Identity
    turn: FindingTurn
    before: Standing | None
    after: Standing | None
    root: Identity | None

    @property
    def is_of_one_side(self) -> bool:
        """Whether it came or went."""
        return self.before is None or self.after is None

    @property
    def finding(self) -> Finding:
        """The finding as it is now, or as it last was."""
        standing = self.after or self.before
        assert standing is not None  # noqa: S101 - it is on one side at least
        return standing.finding

    @property
    def order(self) -> tuple[object, ...]:
        """The sort key: changes for the worse first, then in report order."""
        return (not self.turn.is_worse, *self.finding.order)


class Findings:
    """The findings of one cluster, by their identity."""

    def __init__(self, view: ClusterView, names: LastingNames) -> None:
        self.view = view
        self._names = names
        self._doubtful = {entry.check for entry in view.not_evaluated()} | set(view.skipped)
        self.exempted = {self.identity(finding) for finding in view.exempted_findings}
        self.standing: dict[Identity, Standing] = {}
        numbers: dict[Identity, list[Finding]] = {}
        for finding in view.book.sorted():
            numbers.setdefault(self.identity(finding), []).append(finding)
        for identity, findings in numbers.items():
            size = max(names.size(identity.object), len(findings))
            self.standing[identity] = Standing(findings[0], len(findings), size)

    def identity(self, finding: Finding) -> Identity:
        """The identity of a finding."""
        return Identity(finding.check, self._names.of(finding.object), finding.family, finding.field)

    def lasting(self, ref: ObjectRef) -> ObjectRef:
        """The name under which an object is compared."""
        return self._names.of(ref)

    def root(self, standing: Standing) -> Identity | None:
        """The finding that explains it."""
        root = self.view.root_of(standing.finding)
        return self.identity(root) if root is not None else None

    def would_tell(self, finding: Finding, namespace: str | None) -> bool:
        """Whether the finding would exist here if it were true: its check ran over everything it may concern.

        `namespace` is that of the comparison.
        """
        if finding.check in self._doubtful:
            return False
        # The owners of Pods, such as ReplicaSets, are kinds that are not read.
        kind = _KINDS.get(finding.object.kind, Kind.POD)
        is_cluster_wide = finding.object.namespace is None
        return is_cluster_wide or is_covered(self.view, kind, self._names.original(namespace))


def finding_changes(before: Findings, after: Findings) -> tuple[list[FindingChange], list[str]]:
    """The changes, worst first, and the codes of checks that are not compared, since one side does not tell.

    A finding may be there in the place of one that this side does not tell, so it is not compared either.
    """
    found: list[FindingChange] = []
    untold: set[str] = set()
    in_doubt: set[ObjectRef] = set()
    for identity in before.standing.keys() | after.standing.keys():
        was, now = before.standing.get(identity), after.standing.get(identity)
        turn = _turn(was, now)
        if turn is None:
            continue
        standing, there, absent = (now, after, before) if now is not None else (was, before, after)
        if standing is None:
            continue
        if identity in absent.exempted:
            continue
        if (was is None or now is None) and not absent.would_tell(standing.finding, identity.object.namespace):
            untold.add(identity.check)
            in_doubt.add(identity.object)
            in_doubt.update(map(there.lasting, standing.finding.related))
            continue
        found.append(FindingChange(identity, turn, was, now, there.root(standing)))
    sure: list[FindingChange] = []
    for change in found:
        if change.is_of_one_side and change.identity.object in in_doubt:
            untold.add(change.identity.check)
        else:
            sure.append(change)
    return sorted(sure, key=lambda change: change.order), sorted(untold)


def _turn(was: Standing | None, now: Standing | None) -> FindingTurn | None:
    if was is None or now is None:
        return FindingTurn.NEW if was is None else FindingTurn.GONE
    if was.finding.severity is not now.finding.severity:
        is_worse = now.finding.severity.rank < was.finding.severity.rank
        return FindingTurn.WORSE if is_worse else FindingTurn.BETTER
    # All Pods of a workload means all of them, whatever their number.
    if was.number == now.number or (was.number == was.of and now.number == now.of):
        return None
    return FindingTurn.SPREAD if now.number > was.number else FindingTurn.SHRANK


def is_worse(before: Findings, after: Findings, changes: list[FindingChange], least: Severity) -> bool:
    """Whether some object is in a worse state over a family than before, by findings of at least that severity.

    A finding that replaces another of the same severity on the same object does not count: a Service without endpoints
    of a family that now has some is flagged before and after.
    """
    ranks = [_ranks(findings, least) for findings in (before, after)]
    touched = {(change.identity.object, change.identity.family) for change in changes}
    return any(
        change.turn is FindingTurn.SPREAD and change.finding.severity.at_least(least) for change in changes
    ) or any((*ranks[1].get(place, ()), _END) < (*ranks[0].get(place, ()), _END) for place in touched)


_END = 9
"""A rank after all others, so that one more finding is worse."""


def _ranks(findings: Findings, least: Severity) -> dict[tuple[ObjectRef, Family | None], list[int]]:
    """The ranks of the severities for each object and family, the worst first."""
    found: dict[tuple[ObjectRef, Family | None], list[int]] = {}
    for identity, standing in findings.standing.items():
        if standing.finding.severity.at_least(least):
            found.setdefault((identity.object, identity.family), []).append(standing.finding.severity.rank)
    return {place: sorted(ranks) for place, ranks in found.items()}
