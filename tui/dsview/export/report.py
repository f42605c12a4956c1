"""The report, from which every format is made. Its fields are the JSON schema (schema.json)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from dsview import __version__
from dsview.analysis.cause_summary import CauseSummarizer
from dsview.analysis.causes import FindingGroup, RootCause
from dsview.analysis.family_coverage import Count, Layer
from dsview.analysis.hidden_values import hidden_values
from dsview.analysis.overview import overview
from dsview.checks.engine.context import owner_of
from dsview.checks.engine.registry import registry
from dsview.cluster.completeness import completeness
from dsview.cluster.state import ClusterState
from dsview.core.address import FAMILIES
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.registry import CORE_KINDS, RESOURCES
from dsview.session.session import Session
from dsview.sources.events import Health
from dsview.tables.panes.listeners.rows import count_listeners

SCHEMA = "dsview.io/report/v1"

NEW, KNOWN = "new", "known"
"""The state of a finding compared with a baseline."""


class Wire(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Base: camelCase names, fields in output order."""


class SourcePart(Wire, frozen=True):
    """Where the objects came from."""

    kind: str
    name: str
    server_version: str | None


class KindPart(Wire, frozen=True):
    """How completely a kind was read, and the problems: sentences, or reasons without a full stop."""

    kind: str
    completeness: str
    objects: int
    problems: tuple[str, ...]


class ClusterPart(Wire, frozen=True):
    """The facts about the cluster."""

    mode: str
    confidence: str
    service_families: tuple[str, ...]
    service_cidrs: tuple[str, ...] = msgspec.field(name="serviceCIDRs")
    qualifiers: tuple[str, ...]


class Counts(Wire, frozen=True):
    """Totals. `errors`, `warnings` and `notes` include folded findings; `hidden` counts values."""

    services: int
    endpoint_slices: int
    pods: int
    nodes: int
    listeners: int
    quarantined: int
    errors: int
    warnings: int
    notes: int
    folded: int
    exempted: int
    hidden: int = 0


class Ref(Wire, frozen=True):
    """An object."""

    kind: str
    namespace: str | None
    name: str


class FoldedUnder(Wire, frozen=True):
    """The finding that explains another."""

    check: str
    object: Ref


class ReportedFinding(Wire, frozen=True):
    """One finding.

    Attributes:
        owner: The workload of a Pod.
        group: The id of its group. Findings of a group share a line in reports (`Report.groups`).
        baseline: `new` or `known` if it was compared with an earlier report.
        exempted_for: The reason for an exemption, if one was given.
    """

    check: str
    slug: str
    severity: str
    object: Ref
    family: str | None
    field: str | None
    message: str
    observed: str | None
    expected: str | None
    fix: str | None
    folded_under: FoldedUnder | None
    related: tuple[Ref, ...]
    owner: Ref | msgspec.UnsetType = msgspec.UNSET
    group: str | msgspec.UnsetType = msgspec.UNSET
    baseline: str | msgspec.UnsetType = msgspec.UNSET
    exempted_for: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_known(self) -> bool:
        """Whether an earlier report contains it."""
        return self.baseline == KNOWN

    @property
    def is_new(self) -> bool:
        """Whether an earlier report lacks it; False without an earlier report."""
        return self.baseline == NEW


class GroupPart(Wire, frozen=True):
    """Findings that share a line in reports.

    Attributes:
        object: Their common object or owner, null if there is none.
        cut_off: The number of pairs of Service and family that fail completely because of them.
        impaired: The number of pairs that fail partly.
        explained_by: The id of the group that explains this one.
    """

    id: str
    check: str
    severity: str
    family: str | None
    object: Ref | None
    count: int
    cut_off: int
    impaired: int
    explained_by: str | None


class NotEvaluatedPart(Wire, frozen=True):
    """A check that was not evaluated."""

    check: str
    reason: str


class CountPart(Wire, frozen=True):
    """The number of objects that have a family, and the number that should."""

    having: int
    of: int


class LayerPart(Wire, frozen=True):
    """One layer by family. If it was not read, both are null and `unread` says why."""

    name: str
    ipv4: CountPart | None = msgspec.field(name="IPv4")
    ipv6: CountPart | None = msgspec.field(name="IPv6")
    unread: str | None
    note: str | None


class OverviewPart(Wire, frozen=True):
    """The verdict. `failing` and `partial` count Services by family, without entries for zero."""

    verdict: str
    complete: bool
    failing: dict[str, int]
    partial: dict[str, int]
    layers: tuple[LayerPart, ...]


class Report(Wire, frozen=True):
    """The whole report. The same input gives the same bytes.

    Attributes:
        notices: Sentences about what could not be read.
        refused: The core kinds that the server refused.
        exempted: The exempted findings.
        skipped: The checks that the policy skips, by code.
        sources: Each kind that was read or should have been read.
        groups: The causes, the worst first, each followed by the groups that it explains.
    """

    schema: str
    dsview: str
    source: SourcePart
    cluster: ClusterPart
    counts: Counts
    findings: tuple[ReportedFinding, ...]
    not_evaluated: tuple[NotEvaluatedPart, ...]
    notices: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    exempted: tuple[ReportedFinding, ...] = ()
    overview: OverviewPart | None = None
    skipped: tuple[str, ...] = ()
    sources: tuple[KindPart, ...] = ()
    groups: tuple[GroupPart, ...] = ()

    @property
    def refused_core(self) -> bool:
        """Whether a live cluster refused a kind that the verdict needs (exit code 4)."""
        return self.source.kind == "cluster" and bool(self.refused)


def refused_kinds(session: Session) -> tuple[str, ...]:
    """The core kinds that the server refused."""
    return tuple(kind.value for kind in CORE_KINDS if session.state.status(kind).health is Health.REFUSED)


def _kind_part(state: ClusterState, kind: Kind) -> KindPart:
    status = state.status(kind)
    unread = sorted(message for (of, _), message in state.quarantined.items() if of is kind)
    return KindPart(
        kind=kind.value,
        completeness=completeness(state, kind).value,
        objects=len(state.store(kind)),
        problems=tuple(map(safe, [text for text in (status.reason, status.cut_off) if text] + unread)),
    )


def ref_of(ref: ObjectRef) -> Ref:
    """The form of a reference in reports."""
    return Ref(kind=ref.kind, namespace=ref.namespace, name=ref.name)


def _finding(session: Session, finding: Finding, group: str = "") -> ReportedFinding:
    root = session.root_of(finding)
    return ReportedFinding(
        check=finding.check,
        slug=registry()[finding.check].slug,
        severity=finding.severity.value,
        object=ref_of(finding.object),
        family=finding.family,
        field=finding.field,
        message=finding.message,
        observed=finding.observed,
        expected=finding.expected,
        fix=finding.fix,
        folded_under=FoldedUnder(check=root.check, object=ref_of(root.object)) if root is not None else None,
        related=tuple(map(ref_of, finding.related)),
        owner=_owner(session, finding.object),
        group=safe(group) if group else msgspec.UNSET,
        exempted_for=finding.exempted_for or msgspec.UNSET,
    )


def _owner(session: Session, ref: ObjectRef) -> Ref | msgspec.UnsetType:
    pod = session.state.pods.get((ref.namespace or "", ref.name)) if ref.kind == Kind.POD.value else None
    owner = owner_of(pod) if pod is not None else None
    return ref_of(owner) if owner is not None else msgspec.UNSET


def _count(count: Count | None) -> CountPart | None:
    return CountPart(having=count.having, of=count.of) if count is not None else None


def _overview(session: Session, summary: CauseSummarizer) -> OverviewPart:
    found = overview(session, summary.totals)
    return OverviewPart(
        verdict=" ".join((found.mode, *found.sentences)),
        complete=found.is_complete,
        failing={family: number for family in FAMILIES if (number := found.failing.get(family))},
        partial={family: number for family in FAMILIES if (number := found.partial.get(family))},
        layers=tuple(map(layer_part, found.layers)),
    )


def layer_part(layer: Layer) -> LayerPart:
    """A layer of the overview in the form of reports."""
    return LayerPart(
        name=layer.name.value,
        ipv4=_count(layer.v4),
        ipv6=_count(layer.v6),
        unread=layer.unread or None,
        note=layer.note or None,
    )


def _groups(causes: Iterable[RootCause]) -> Iterator[tuple[FindingGroup, GroupPart]]:
    for cause in causes:
        yield cause, _group(cause, cause.cut_off, cause.impaired, None)
        for group in cause.explained:
            yield group, _group(group, 0, 0, safe(cause.id))


def _group(group: FindingGroup, cut_off: int, impaired: int, explained_by: str | None) -> GroupPart:
    return GroupPart(
        id=safe(group.id),
        check=group.first.check,
        severity=group.first.severity.value,
        family=group.first.family,
        object=ref_of(group.object) if group.object is not None else None,
        count=group.count,
        cut_off=cut_off,
        impaired=impaired,
        explained_by=explained_by,
    )


def build_report(session: Session) -> Report:
    """The report of a session in its current state."""
    state, profile = session.state, session.profile
    summary = CauseSummarizer(session)
    summary.finish()
    groups = list(_groups(summary.causes))
    group_of = {finding.identity: group.id for group, _ in groups for finding in group.findings}
    findings = tuple(_finding(session, finding, group_of[finding.identity]) for finding in session.findings.sorted())
    counts = session.counts()
    hidden = hidden_values(state)
    unread = (*state.server.banners, *hidden.sentences, *state.quarantine_messages(), *state.notes)
    return Report(
        schema=SCHEMA,
        dsview=__version__,
        source=SourcePart(
            kind=session.source.kind,
            name=safe(session.source.name),
            server_version=safe(state.server.version) if state.server.version else None,
        ),
        cluster=ClusterPart(
            mode=profile.mode,
            confidence=profile.confidence.value,
            service_families=profile.service_families,
            service_cidrs=tuple(map(safe, profile.service_cidrs)),
            qualifiers=profile.qualifiers,
        ),
        counts=Counts(
            services=len(state.services),
            endpoint_slices=len(state.endpoint_slices),
            pods=len(state.pods),
            nodes=len(state.nodes),
            listeners=count_listeners(session),
            quarantined=len(state.quarantined),
            hidden=hidden.number,
            errors=counts[Severity.ERROR],
            warnings=counts[Severity.WARNING],
            notes=counts[Severity.NOTE],
            folded=sum(finding.folded_under is not None for finding in findings),
            exempted=session.exempted,
        ),
        findings=findings,
        not_evaluated=tuple(
            NotEvaluatedPart(check=entry.check, reason=entry.reason) for entry in session.not_evaluated()
        ),
        notices=tuple(map(safe, unread)),
        exempted=tuple(_finding(session, finding) for finding in session.exempted_findings),
        refused=refused_kinds(session),
        overview=_overview(session, summary),
        skipped=session.skipped,
        sources=tuple(_kind_part(state, kind) for kind in RESOURCES if not state.is_missing_add_on(kind)),
        groups=tuple(part for _, part in groups),
    )
