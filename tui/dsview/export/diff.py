"""The report of `dsview diff`, from which every format is made, and its JSON schema (diff.schema.json)."""

from __future__ import annotations

from dsview import __version__
from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.diff.diff import CauseChange, Diff
from dsview.analysis.diff.facts import Share, Subject
from dsview.analysis.diff.family_changes import FamilyChange, FamilyChangeType, ObjectChange, ObjectChangeType
from dsview.analysis.diff.finding_changes import FindingChange, Occurrences
from dsview.checks.engine.registry import registry
from dsview.core.text import safe
from dsview.export.json_text import json_text
from dsview.export.report import Ref, Wire, ref_of

SCHEMA = "dsview.io/diff/v1"

SAME, BETTER, CHANGED, WORSE = "same", "better", "changed", "worse"
"""The verdicts. `changed`: there are differences, but none is better or worse."""


class SidePart(Wire, frozen=True):
    """One of the two clusters."""

    source: str
    mode: str
    confidence: str
    server_version: str | None


class SharePart(Wire, frozen=True):
    """The number of objects that have a family, the number that could, and the addresses, if any."""

    having: int
    of: int
    values: tuple[str, ...]


class FamilyPart(Wire, frozen=True):
    """A family of an object that changed. `what` is the aspect, such as `ready endpoints` or `listener tcp/443`."""

    object: Ref
    what: str
    family: str
    change: str
    before: SharePart
    after: SharePart


class FindingPart(Wire, frozen=True):
    """A finding that changed. `object` is the compared object: the workload for a finding about its Pods.

    `before` and `after` count the affected objects, whose kind is `counted`.
    """

    check: str
    slug: str
    severity: str
    object: Ref
    family: str | None
    field: str | None
    change: str
    counted: str
    before: int
    after: int
    message: str
    fix: str | None


class CausePart(Wire, frozen=True):
    """The changes with one cause. `still` is true if the cause itself exists before and after."""

    check: str
    slug: str
    object: Ref
    family: str | None
    severity: str
    message: str
    still: bool
    findings: tuple[FindingPart, ...]
    families: tuple[FamilyPart, ...]


class ObjectPart(Wire, frozen=True):
    """An object that exists on one side only, `new` or `gone`, or a Node that is now `ready` or `not ready`."""

    object: Ref
    change: str
    families: tuple[str, ...]


class DiffCounts(Wire, frozen=True):
    """The number of changed findings, families, addresses and objects, by type of change."""

    findings_new: int
    findings_gone: int
    findings_worse: int
    findings_better: int
    families_gained: int
    families_lost: int
    addresses_changed: int
    objects_new: int
    objects_gone: int


class DiffReport(Wire, frozen=True):
    """The whole comparison. The same input gives the same bytes."""

    schema: str
    dsview: str
    verdict: str
    before: SidePart
    after: SidePart
    same_cluster: bool
    counts: DiffCounts
    causes: tuple[CausePart, ...]
    families: tuple[FamilyPart, ...]
    objects: tuple[ObjectPart, ...]
    not_compared: tuple[str, ...]


def _share(share: Share) -> SharePart:
    return SharePart(having=share.having, of=share.of, values=share.values)


def _what(subject: Subject) -> str:
    return f"{subject.aspect.value} {subject.port}" if subject.port else subject.aspect.value


def _family(change: FamilyChange) -> FamilyPart:
    return FamilyPart(
        object=ref_of(change.subject.object),
        what=_what(change.subject),
        family=change.family,
        change=change.type.value,
        before=_share(change.before),
        after=_share(change.after),
    )


def _number(occurrences: Occurrences | None) -> int:
    return occurrences.number if occurrences is not None else 0


def _finding(change: FindingChange) -> FindingPart:
    finding, identity = change.finding, change.identity
    return FindingPart(
        check=finding.check,
        slug=registry()[finding.check].slug,
        severity=finding.severity.value,
        object=ref_of(identity.object),
        family=identity.family,
        field=identity.field,
        change=change.type.value,
        counted=finding.object.kind,
        before=_number(change.before),
        after=_number(change.after),
        message=safe(finding.message),
        fix=finding.fix if change.after is not None else None,
    )


def _cause(cause: CauseChange) -> CausePart:
    finding, identity = cause.cause.finding, cause.identity
    return CausePart(
        check=identity.check,
        slug=registry()[identity.check].slug,
        object=ref_of(identity.object),
        family=identity.family,
        severity=finding.severity.value,
        message=safe(finding.message),
        still=not any(change.identity == identity for change in cause.findings),
        findings=tuple(map(_finding, cause.findings)),
        families=tuple(map(_family, cause.families)),
    )


def _object(change: ObjectChange) -> ObjectPart:
    return ObjectPart(object=ref_of(change.object), change=change.type.value, families=tuple(change.families))


def _side(view: ClusterView, source: str) -> SidePart:
    version = view.state.server.version
    return SidePart(
        source=safe(source),
        mode=view.profile.mode,
        confidence=view.profile.confidence.value,
        server_version=safe(version) if version else None,
    )


def _counts(diff: Diff) -> DiffCounts:
    types = [change.type.value for change in diff.all_findings]
    families = [change.type for change in diff.all_families]
    objects = [change.type for change in diff.objects]
    return DiffCounts(
        findings_new=types.count("new"),
        findings_gone=types.count("gone"),
        findings_worse=types.count("worse") + types.count("about more"),
        findings_better=types.count("better") + types.count("about fewer"),
        families_gained=families.count(FamilyChangeType.GAINED) + families.count(FamilyChangeType.MORE),
        families_lost=families.count(FamilyChangeType.LOST) + families.count(FamilyChangeType.FEWER),
        addresses_changed=families.count(FamilyChangeType.READDRESSED),
        objects_new=objects.count(ObjectChangeType.NEW),
        objects_gone=objects.count(ObjectChangeType.GONE),
    )


def _verdict(diff: Diff, counts: DiffCounts) -> str:
    if diff.is_worse:
        return WORSE
    if not diff:
        return SAME
    is_better = counts.findings_gone or counts.findings_better or counts.families_gained
    return BETTER if is_better else CHANGED


def build_diff(diff: Diff, before: ClusterView, after: ClusterView, sources: tuple[str, str]) -> DiffReport:
    """The report of a comparison. `sources` are the names of the two sides on the command line."""
    counts = _counts(diff)
    return DiffReport(
        schema=SCHEMA,
        dsview=__version__,
        verdict=_verdict(diff, counts),
        before=_side(before, sources[0]),
        after=_side(after, sources[1]),
        same_cluster=diff.is_same_cluster,
        counts=counts,
        causes=tuple(map(_cause, diff.causes)),
        families=tuple(map(_family, diff.families)),
        objects=tuple(map(_object, diff.objects)),
        not_compared=diff.not_compared,
    )


def render_json(report: DiffReport) -> str:
    """The report as JSON (diff.schema.json)."""
    return json_text(report)
