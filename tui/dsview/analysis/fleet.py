"""What the fleet keeps of each cluster after reading it: its totals and its first findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from dsview.analysis.cause_summary import causes_of, is_cluster_wide
from dsview.analysis.cluster_summary import ClusterSummary, summarize
from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import Target, detail_target
from dsview.core.address import Family
from dsview.core.finding import Severity
from dsview.core.text import Safe, safe

MAX_FINDINGS = 500
"""The largest number of causes to keep of one cluster. Each takes about half a kilobyte."""

_LONGEST_MESSAGE = 400


class Contact(StrEnum):
    """The state of the connection to a cluster."""

    WAITING = "waiting"
    SIGNING_IN = "signing in"
    """A credential plug-in is running; it may have opened a browser and be waiting for a person."""
    READING = "reading"
    READ = "read"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether the attempt is over."""
        return self in (Contact.READ, Contact.FAILED)


class FleetFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A cause in a cluster: a line of its dashboard. `message` and `family` are those of its first finding.

    `amount` says how many objects or fields it is about, such as `4 Pods`, empty for one; `explains` is the number of
    other findings that it explains. `target` is the detail of its object, None if it has none.
    """

    severity: Severity
    check: str
    object: Safe
    family: Family | None
    message: Safe
    explains: int
    amount: Safe = Safe("")
    target: Target | None = None
    is_cluster_wide: bool = False

    @property
    def name(self) -> Safe:
        """The title without the kind, where the check tells it."""
        is_one = self.object != self.amount and not self.is_cluster_wide
        return safe(self.title.partition(" ")[2]) if is_one else self.title

    @property
    def title(self) -> Safe:
        """The object with the amount: `Deployment shop/web (4 Pods)`."""
        return safe(f"{self.object} ({self.amount})") if self.amount and self.object != self.amount else self.object


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster of a fleet.

    Attributes:
        context: The name of its context, exactly as in the kubeconfig. `name` is the safe form.
        contact: The state of the connection.
        since: When `contact` last changed, epoch seconds.
        reason: Why the cluster could not be read, or what it waits for; a sentence.
        read_at: When `summary` was made, epoch seconds; 0 if it never was.
        summary: The totals; after a failure, those of the last success.
        findings: The causes, the worst first; after a failure, those of the last success.
        left_out: The number of causes beyond `MAX_FINDINGS`.
    """

    context: str
    contact: Contact = Contact.WAITING
    since: float = 0.0
    reason: Safe = Safe("")
    read_at: float = 0.0
    summary: ClusterSummary | None = None
    findings: tuple[FleetFinding, ...] = ()
    left_out: int = 0

    @property
    def name(self) -> Safe:
        """The name of the context as safe text."""
        return safe(self.context)

    def count(self, severity: Severity) -> int:
        """The number of findings of a severity."""
        return self.summary.severities.get(severity, 0) if self.summary is not None else 0

    @property
    def worst(self) -> Severity | None:
        """The worst severity of the findings; None if there are none, or nothing was read."""
        return next((severity for severity in Severity if self.count(severity)), None)

    @property
    def worst_cause(self) -> FleetFinding | None:
        """The cause that the dashboard of the cluster shows first: none about the cluster as a whole, if possible."""
        own = (finding for finding in self.findings if not finding.is_cluster_wide)
        return next(own, self.findings[0] if self.findings else None)

    @property
    def is_current(self) -> bool:
        """Whether the last attempt read the cluster."""
        return self.summary is not None and self.contact is not Contact.FAILED

    @property
    def is_partial(self) -> bool:
        """Whether it was read, but not all of it."""
        return self.is_current and self.summary is not None and self.summary.is_partial

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """The sort key, worst first.

        A cluster that could not be read comes after those with errors. One that was read only partly comes after those
        with warnings.
        """
        errors, warnings = self.count(Severity.ERROR), self.count(Severity.WARNING)
        if errors:
            place = 0
        elif self.contact is Contact.FAILED:
            place = 1
        elif warnings:
            place = 2
        elif self.is_partial:
            place = 3
        else:
            place = 4 if self.summary is not None else 5
        return place, -errors, -warnings, -self.count(Severity.NOTE)


class FleetTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The totals of a fleet: its clusters, those that were read, those that could not be read, and their findings."""

    clusters: int
    read: int
    failed: int
    with_errors: int
    severities: dict[Severity, int]


def totals(members: Sequence[Member]) -> FleetTotals:
    """The totals of a fleet. Clusters that fail now count with their earlier findings."""
    severities: Counter[Severity] = Counter()
    for member in members:
        severities.update({severity: member.count(severity) for severity in Severity})
    return FleetTotals(
        clusters=len(members),
        read=sum(member.is_current for member in members),
        failed=sum(member.contact is Contact.FAILED for member in members),
        with_errors=sum(member.count(Severity.ERROR) > 0 for member in members),
        severities={severity: severities[severity] for severity in Severity},
    )


def member_of(view: ClusterView, name: str, now: float) -> Member:
    """A cluster that was read, in the form that the fleet keeps."""
    causes = causes_of(view)
    findings = tuple(
        FleetFinding(
            severity=cause.first.severity,
            check=cause.first.check,
            object=Safe("Cluster") if is_cluster_wide(cause) else cause.title,
            family=cause.first.family,
            message=safe(cause.first.message.partition("\n")[0][:_LONGEST_MESSAGE]),
            explains=cause.explains,
            amount=cause.amount,
            target=detail_target(view, cause.first.object),
            is_cluster_wide=is_cluster_wide(cause),
        )
        for cause in causes[:MAX_FINDINGS]
    )
    return Member(
        context=name,
        contact=Contact.READ,
        since=now,
        read_at=now,
        summary=summarize(view),
        findings=findings,
        left_out=max(0, len(causes) - MAX_FINDINGS),
    )
