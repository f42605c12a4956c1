"""The output of `dsview fleet` without a screen: text, JSON (fleet.schema.json), Markdown or metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from dsview import __version__
from dsview.analysis.fleet import Contact, FleetFinding, Member, totals
from dsview.core.address import FAMILIES
from dsview.core.plurals import count
from dsview.core.text import safe
from dsview.export.json_text import json_text
from dsview.export.prometheus import Target, render_metrics
from dsview.export.report import LayerPart, Wire, layer_part
from dsview.export.tables import Sheet
from dsview.export.tables import render_markdown as markdown_table
from dsview.export.tables import render_wide as text_table
from dsview.tables.fleet_row import CLUSTER_COLUMNS, cluster_row

SCHEMA = "dsview.io/fleet/v1"

_TEXT_COLUMNS = frozenset(
    {
        *("name", "errors", "warnings", "mode", "services_v4", "services_v6", "endpoints_v4", "endpoints_v6"),
        *("version", "contact", "worst"),
    }
)
"""The columns of the text. JSON and metrics contain all values."""


_MAX_MESSAGE = 60
"""The largest number of characters of a finding's message in the text."""


class CausePart(Wire, frozen=True):
    """A finding that no other finding explains."""

    severity: str
    check: str
    object: str
    family: str | None
    message: str
    explains: int


class ClusterTotals(Wire, frozen=True):
    """What was found in a cluster."""

    mode: str
    confidence: str
    server_version: str | None
    verdict: str
    complete: bool
    layers: tuple[LayerPart, ...]
    failing: dict[str, int]
    partial: dict[str, int]
    errors: int
    warnings: int
    notes: int
    exempted: int
    causes: tuple[CausePart, ...]
    causes_left_out: int
    refused: tuple[str, ...]
    unread: tuple[str, ...]
    not_evaluated: tuple[str, ...]


class MemberPart(Wire, frozen=True):
    """A cluster. If it could not be read, `found` is null and `reason` says why."""

    context: str
    state: str
    reason: str | None
    read_at: str | None
    found: ClusterTotals | None


class FleetReport(Wire, frozen=True):
    """A fleet."""

    schema: str
    dsview: str
    clusters: tuple[MemberPart, ...]


def _cause(finding: FleetFinding) -> CausePart:
    return CausePart(
        severity=finding.severity.value,
        check=finding.check,
        object=finding.title,
        family=finding.family,
        message=finding.message,
        explains=finding.explains,
    )


def _totals(member: Member) -> ClusterTotals | None:
    summary = member.summary
    if summary is None:
        return None
    numbers = {severity.value: number for severity, number in summary.severities.items()}
    return ClusterTotals(
        mode=summary.mode,
        confidence=summary.confidence,
        server_version=summary.version or None,
        verdict=summary.verdict,
        complete=summary.is_complete,
        layers=tuple(map(layer_part, summary.layers)),
        failing={family: number for family in FAMILIES if (number := summary.failing.get(family))},
        partial={family: number for family in FAMILIES if (number := summary.partial.get(family))},
        errors=numbers["error"],
        warnings=numbers["warning"],
        notes=numbers["note"],
        exempted=summary.exempted,
        causes=tuple(map(_cause, member.findings)),
        causes_left_out=member.left_out,
        refused=summary.refused,
        unread=summary.unread,
        not_evaluated=summary.not_evaluated,
    )


def _member(member: Member) -> MemberPart:
    read_at = datetime.fromtimestamp(member.read_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if member.read_at else None
    return MemberPart(
        context=member.name,
        state=member.contact.value,
        reason=member.reason or None,
        read_at=read_at,
        found=_totals(member),
    )


def render_json(members: Sequence[Member], _now: float) -> str:
    """The fleet as JSON (fleet.schema.json)."""
    return json_text(FleetReport(schema=SCHEMA, dsview=__version__, clusters=tuple(map(_member, members))))


def _sheet(members: Iterable[Member], now: float) -> Sheet:
    kept = [index for index, column in enumerate(CLUSTER_COLUMNS) if column.id in _TEXT_COLUMNS]
    rows = [
        cluster_row(_shortened(member), now)
        for member in sorted(members, key=lambda member: (*member.rank, member.name))
    ]
    return Sheet(
        tuple(CLUSTER_COLUMNS[index] for index in kept),
        tuple(type(row)(row.key, tuple(row.cells[index] for index in kept)) for row in rows),
    )


def _shortened(member: Member) -> Member:
    """The cluster with its worst cause on one line for a terminal."""
    first = member.worst_cause
    if first is None or len(first.message) <= _MAX_MESSAGE:
        return member
    cut = msgspec.structs.replace(first, message=safe(first.message[:_MAX_MESSAGE].rstrip() + "…"))
    return msgspec.structs.replace(member, findings=(cut,))


def in_a_sentence(members: Sequence[Member]) -> str:
    """The totals of the fleet in a sentence."""
    fleet_totals = totals(members)
    errors = sum(
        member.count(severity) for member in members for severity in fleet_totals.severities if severity == "error"
    )
    sentences = [f"{count(fleet_totals.clusters, 'cluster')}, {fleet_totals.read} read."]
    if fleet_totals.failed:
        sentences.append(f"{fleet_totals.failed} could not be read.")
    waiting = sum(not member.contact.is_final for member in members)
    if waiting:
        sentences.append(f"{waiting} not read yet.")
    if errors:
        sentences.append(f"{count(errors, 'error')} in {count(fleet_totals.with_errors, 'cluster')}.")
    elif fleet_totals.read:
        sentences.append("No errors in what was read.")
    incomplete = sum(member.is_partial for member in members)
    if incomplete:
        verb = "was" if incomplete == 1 else "were"
        sentences.append(f"{count(incomplete, 'cluster')} {verb} not read completely.")
    return " ".join(sentences)


def render_text(members: Sequence[Member], now: float) -> str:
    """A table with a line for each cluster, the worst first, and a sentence."""
    return f"{text_table(_sheet(members, now))}\n{in_a_sentence(members)}\n"


def render_markdown(members: Sequence[Member], now: float) -> str:
    """The same table and sentence as Markdown."""
    return f"## dsview fleet\n\n{in_a_sentence(members)}\n\n{markdown_table(_sheet(members, now))}"


def render_prometheus(members: Sequence[Member], now: float) -> str:
    """The metrics of `dsview check` for each cluster. Data from an earlier read is left out."""
    targets = [Target(member.name, member.summary if member.contact is Contact.READ else None) for member in members]
    return render_metrics(targets, now)


FLEET_FORMATS: dict[str, Callable[[Sequence[Member], float], str]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "prometheus": render_prometheus,
}
"""Turns the clusters of a fleet and the time, epoch seconds, into text."""
