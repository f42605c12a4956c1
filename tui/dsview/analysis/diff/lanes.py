"""Lays out a comparison in two lanes: for each change, the state before and after."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.analysis.diff.diff import CauseChange, Diff
from dsview.analysis.diff.facts import Aspect, Share
from dsview.analysis.diff.family_changes import FamilyChange, FamilyChangeType, ObjectChange, ObjectChangeType
from dsview.analysis.diff.finding_changes import FindingChange, Occurrences
from dsview.analysis.diff.names import ALL_NODES
from dsview.checks.engine.registry import registry
from dsview.core.address import Family
from dsview.core.finding import CLUSTER, ObjectRef, Severity
from dsview.core.text import Safe, safe

_NAMED = 2
_NONE = Safe("none")
_MISSING = Safe("absent")


class LaneRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `is_worse` is None if it is neither better nor worse."""

    what: Safe
    then: Safe
    now: Safe
    is_worse: bool | None
    severity: Severity | None = None
    family: Family | None = None


class LaneGroup(msgspec.Struct, frozen=True):
    """The changes with one cause; without a title, the changes that no finding explains."""

    title: Safe
    message: Safe
    severity: Severity | None
    is_worse: bool
    rows: tuple[LaneRow, ...]


def lanes(diff: Diff) -> tuple[LaneGroup, ...]:
    """The groups of a comparison, those with changes for the worse first."""
    groups = [_group(cause) for cause in diff.causes]
    rest = (*map(_family_row, diff.families), *map(_object_row, diff.objects))
    if rest:
        is_worse = any(row.is_worse for row in rest)
        groups.append(LaneGroup(Safe(""), Safe(""), None, is_worse, rest))
    return tuple(groups)


def _group(cause: CauseChange) -> LaneGroup:
    identity, finding = cause.identity, cause.cause.finding
    slug = registry()[identity.check].slug
    title = safe(f"{identity.check.removeprefix('DS-')} {slug}  {identity.object}")
    rows = (*map(_finding_row, cause.findings), *map(_family_row, cause.families))
    return LaneGroup(title, safe(finding.message.partition("\n")[0]), finding.severity, cause.is_worse, rows)


def _finding_row(change: FindingChange) -> LaneRow:
    identity = change.identity
    slug = registry()[identity.check].slug
    return LaneRow(
        what=safe(f"{identity.check.removeprefix('DS-')} {slug}, {identity.object}"),
        then=_occurrences(change.before),
        now=_occurrences(change.after),
        is_worse=change.type.is_worse,
        severity=change.finding.severity,
        family=identity.family,
    )


def _occurrences(occurrences: Occurrences | None) -> Safe:
    if occurrences is None:
        return Safe("no finding")
    count = f" on {occurrences.number} of {occurrences.of}" if occurrences.of > 1 else ""
    return safe(f"{occurrences.finding.severity.value}{count}")


def _family_row(change: FamilyChange) -> LaneRow:
    subject = change.subject
    return LaneRow(
        what=safe(" ".join(_description(change))),
        then=_share(change.before, has_values=subject.aspect is not Aspect.PODS),
        now=_share(change.after, has_values=subject.aspect is not Aspect.PODS),
        is_worse=None if change.type is FamilyChangeType.READDRESSED else change.type.is_loss,
        family=change.family,
    )


def _description(change: FamilyChange) -> Iterator[str]:
    subject = change.subject
    yield change.family
    if subject.aspect is not Aspect.FAMILIES:
        yield f"{subject.aspect.value} {subject.port}".strip()
    if subject.object == ALL_NODES:
        yield "of the Nodes"
    elif subject.object != CLUSTER:
        yield f"of {subject.object}"


def _share(share: Share, *, has_values: bool) -> Safe:
    if not share.having:
        return _NONE
    if share.of > 1 or not (has_values and share.values):
        return safe(f"{share.having} of {share.of}" if share.of > 1 else "yes")
    more = f" and {len(share.values) - _NAMED} more" if len(share.values) > _NAMED else ""
    return safe(", ".join(share.values[:_NAMED]) + more)


def _object_row(change: ObjectChange) -> LaneRow:
    has = safe(" and ".join(change.families) or "no family")
    then, now = {
        ObjectChangeType.NEW: (_MISSING, has),
        ObjectChangeType.GONE: (has, _MISSING),
        ObjectChangeType.READY: (Safe("not Ready"), Safe("Ready")),
        ObjectChangeType.NOT_READY: (Safe("Ready"), Safe("not Ready")),
    }[change.type]
    is_worse = {ObjectChangeType.READY: False, ObjectChangeType.NOT_READY: True}.get(change.type)
    return LaneRow(what=_name(change.object), then=then, now=now, is_worse=is_worse)


def _name(ref: ObjectRef) -> Safe:
    return safe(str(ref))
