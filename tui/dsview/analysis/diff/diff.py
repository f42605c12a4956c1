"""Compares two clusters, or one cluster at two times: what changed, by cause, and whether it is worse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.diff.facts import gather, is_covered
from dsview.analysis.diff.family_changes import (
    FamilyChange,
    ObjectChange,
    Side,
    family_changes,
    object_changes,
)
from dsview.analysis.diff.finding_changes import (
    FindingChange,
    Findings,
    Identity,
    Occurrences,
    finding_changes,
    is_worse,
)
from dsview.analysis.diff.names import StableNames
from dsview.checks.engine.availability import why_unknown
from dsview.cluster.profile import KUBERNETES
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import Safe, safe
from dsview.kinds.registry import CORE_KINDS, RESOURCES


class CauseChange(msgspec.Struct, frozen=True):
    """Changes with one cause.

    Attributes:
        cause: The finding that explains the others, now or, if it is gone, before.
        findings: The changed findings. The cause is the first if it changed too; it may exist on both sides and explain
            more now.
        families: The changed families of the objects that the findings are about.
    """

    identity: Identity
    cause: Occurrences
    findings: tuple[FindingChange, ...]
    families: tuple[FamilyChange, ...]

    @property
    def is_worse(self) -> bool:
        """Whether something is worse."""
        return any(c.type.is_worse for c in self.findings) or any(c.type.is_loss for c in self.families)


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """The differences.

    Attributes:
        causes: The changes that findings explain.
        families: The other changes of families.
        objects: The objects that appeared, disappeared, or changed their readiness.
        is_same_cluster: Whether addresses were compared. Those of two clusters always differ.
        is_worse: Whether the second side is worse.
        not_compared: Sentences about what is unknown on one side.
    """

    causes: tuple[CauseChange, ...]
    families: tuple[FamilyChange, ...]
    objects: tuple[ObjectChange, ...]
    is_same_cluster: bool
    is_worse: bool
    not_compared: tuple[Safe, ...]

    def __bool__(self) -> bool:
        return bool(self.causes or self.families or self.objects)

    @property
    def all_findings(self) -> Iterator[FindingChange]:
        """Every finding that changed."""
        for cause in self.causes:
            yield from cause.findings

    @property
    def all_families(self) -> Iterator[FamilyChange]:
        """Every family that changed."""
        for cause in self.causes:
            yield from cause.families
        yield from self.families


def compare(
    before: ClusterView,
    after: ClusterView,
    *,
    namespaces: Mapping[str, str] | None = None,
    least: Severity = Severity.WARNING,
) -> Diff:
    """Compare two clusters that were read. Objects are matched by name.

    Args:
        before: The first cluster.
        after: The second cluster, or the same one later.
        namespaces: The namespaces of the first cluster that have another name in the second.
        least: The lowest severity of findings that make the second cluster worse.
    """
    by_node = _share_nodes(before, after)
    names = (
        StableNames(before, namespaces or {}, by_node=by_node),
        StableNames(after, {}, by_node=by_node),
    )
    sides = [Side(view, own, gather(view, own)) for view, own in zip((before, after), names, strict=True)]
    was, now = (Findings(view, own) for view, own in zip((before, after), names, strict=True))
    is_same = by_node and not _have_different_uids(before, after)
    changed, not_evaluated = finding_changes(was, now)
    families = list(family_changes(*sides, with_addresses=is_same))
    causes, rest = _by_cause(changed, families, was, now)
    return Diff(
        causes=tuple(causes),
        families=tuple(rest),
        objects=tuple(object_changes(*sides)),
        is_same_cluster=is_same,
        is_worse=is_worse(was, now, changed, least) or any(change.type.is_loss for change in families),
        not_compared=tuple(_not_compared(sides, not_evaluated)),
    )


def _share_nodes(before: ClusterView, after: ClusterView) -> bool:
    """Whether the clusters have a Node with the same name, or the Nodes of one of them are unknown."""
    was, now = ({node.name for node in view.state.nodes} for view in (before, after))
    return not was or not now or bool(was & now)


def _have_different_uids(before: ClusterView, after: ClusterView) -> bool:
    """Whether default/kubernetes, which exists for the whole life of a cluster, is a different object."""
    services = [view.state.services.get(KUBERNETES) for view in (before, after)]
    uids = {service.uid for service in services if service is not None and service.uid}
    return len(uids) > 1


def _by_cause(
    changed: Iterable[FindingChange], families: Iterable[FamilyChange], was: Findings, now: Findings
) -> tuple[list[CauseChange], list[FamilyChange]]:
    """The changes grouped by the finding that explains them, and the changed families that none explains."""
    groups: dict[Identity, list[FindingChange]] = {}
    for change in changed:
        groups.setdefault(change.root or change.identity, []).append(change)
    about: dict[ObjectRef, list[Identity]] = {}
    for root, members in groups.items():
        for ref in {root.object, *(change.identity.object for change in members)}:
            about.setdefault(ref, []).append(root)
    attached: dict[Identity, list[FamilyChange]] = {}
    rest: list[FamilyChange] = []
    for family in families:
        candidates = about.get(family.subject.object, [])
        explaining = [root for root in candidates if _is_about(groups[root], root, family)]
        if explaining:
            attached.setdefault(explaining[0], []).append(family)
        else:
            rest.append(family)
    causes = []
    for root, members in groups.items():
        cause = now.occurrences.get(root) or was.occurrences[root]
        members.sort(key=lambda change: (change.identity != root, *change.order))
        causes.append(CauseChange(root, cause, tuple(members), tuple(attached.get(root, ()))))
    causes.sort(key=lambda group: (not group.is_worse, *group.cause.finding.order))
    return causes, rest


def _is_about(members: Iterable[FindingChange], root: Identity, change: FamilyChange) -> bool:
    """Whether a finding of the group is about the object of the change and its family."""
    identities = (root, *(member.identity for member in members))
    return any(i.object == change.subject.object and i.family in {None, change.family} for i in identities)


def _not_compared(sides: list[Side], not_evaluated: list[str]) -> Iterator[Safe]:
    for kind in CORE_KINDS:
        for side, word in zip(sides, ("Before", "After"), strict=True):
            if not side.view.state.is_known(kind):
                yield safe(f"{word}: {why_unknown(side.view.state, kind)}.")
                break
            if not is_covered(side.view, kind, None):
                yield safe(f"{word}: {RESOURCES[kind].rbac_name}: not all of them were read.")
                break
    certainties = [side.facts.certainty for side in sides]
    for ref in sorted(set().union(*certainties)):
        was, now = (certainty.get(ref) for certainty in certainties)
        if was is not None and now is not None and was != now:
            yield safe(f"Listeners of {ref}: {was or 'not known'} before and {now or 'not known'} after.")
        elif was == now == "":
            yield safe(f"Listeners of {ref}: not known.")
    if not_evaluated:
        yield safe(f"Checks that were not evaluated on both sides: {', '.join(not_evaluated)}.")
