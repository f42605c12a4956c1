"""The columns of a fleet, and the row of a cluster or of one of its findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dsview.analysis.cluster_summary import ClusterSummary
from dsview.analysis.family_coverage import MEANINGS, Count
from dsview.analysis.fleet import Contact, FleetFinding, Member
from dsview.analysis.mode_words import mode_in_few_words
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import Safe, safe
from dsview.kinds.metadata import Key
from dsview.tables.cells import UNREAD, Cell, Column, Row, Tone
from dsview.tables.header import age_text
from dsview.tables.pane import NOTHING


class _LayerColumn(NamedTuple):
    """The columns of a layer, one for each family: the start of their ids, their title and their priority."""

    prefix: str
    title: str
    priority: int


_LAYERS = {
    LayerName.NODES: _LayerColumn("nodes", "Nodes", 4),
    LayerName.PODS: _LayerColumn("pods", "Pods", 3),
    LayerName.SERVICES: _LayerColumn("services", "Svc", 1),
    LayerName.ENDPOINTS: _LayerColumn("endpoints", "Eps", 2),
    LayerName.LOAD_BALANCERS: _LayerColumn("balancers", "LB", 5),
    LayerName.LISTENERS: _LayerColumn("listeners", "Lsn", 5),
}

_SUFFIX = {"IPv4": "v4", "IPv6": "v6"}

_CONTACT_WORDS = {
    Contact.WAITING: "waiting",
    Contact.SIGNING_IN: "signing in",
    Contact.READING: "reading",
    Contact.FAILED: "failed",
}


def _column_id(layer: LayerName, family: Family) -> str:
    return f"{_LAYERS[layer].prefix}_{_SUFFIX[family]}"


def _layer_columns(family: Family) -> tuple[Column, ...]:
    return tuple(
        Column(
            id=_column_id(layer, family),
            title=column.title,
            help=f"{MEANINGS[layer]} If some lack it, the number that have it and the total.",
            lane=family,
            width=3,
            max_width=13,
            align="right",
            priority=column.priority,
        )
        for layer, column in _LAYERS.items()
    )


CLUSTER_COLUMNS: tuple[Column, ...] = (
    Column(id="name", title="Cluster", help="The context of the kubeconfig.", width=12, max_width=40),
    Column(id="errors", title="Err", help="Errors, including those that others explain.", width=3, align="right"),
    Column(id="warnings", title="Warn", help="Warnings, including those that others explain.", width=4, align="right"),
    Column(id="mode", title="Mode", help="The families that the cluster serves.", width=9, max_width=16, priority=1),
    *_layer_columns("IPv4"),
    *_layer_columns("IPv6"),
    Column(
        id="worst",
        title="Worst cause",
        help="The worst cause, or why the cluster was not read.",
        width=18,
        max_width=80,
    ),
    Column(id="confidence", title="Known by", help="How the mode is known.", width=8, max_width=10, priority=6),
    Column(id="version", title="Version", help="The version of Kubernetes.", width=7, max_width=16, priority=4),
    Column(
        id="contact",
        title="State",
        help="The age of the data, whether it was read only partly, or what is in progress.",
        width=9,
        max_width=14,
        priority=2,
    ),
)
"""The columns of the clusters."""

FINDING_COLUMNS: tuple[Column, ...] = (
    Column(id="cluster", title="Cluster", help="The context of the kubeconfig.", width=12, max_width=32),
    Column(id="message", title="What is wrong", help="In a sentence.", width=20, max_width=200),
    Column(id="object", title="Object", help="The object, and the number of similar ones.", width=14, max_width=56),
    Column(id="family", title="Family", help="The family of the finding.", width=6, max_width=6, priority=2),
    Column(id="check", title="Check", help="The code of the check.", width=8, max_width=10),
    Column(
        id="explains", title="Explains", help="The number of findings it explains.", width=8, align="right", priority=1
    ),
)
"""The columns of the findings of all clusters."""


def cluster_row(member: Member, now: float) -> Row:
    """One cluster. Ages are relative to `now`, epoch seconds, which may be slightly before the cluster was read."""
    cells = {
        "name": Cell(member.name),
        "contact": _contact(member, now),
        "worst": _worst(member),
        **{name: Cell(UNREAD, Tone.MUTED) for name in ("errors", "warnings", "mode")},
    }
    summary = member.summary
    if summary is None:
        all_columns = (_column_id(layer, family) for layer in _LAYERS for family in FAMILIES)
        cells |= {name: Cell(UNREAD, Tone.MUTED) for name in (*all_columns, "confidence", "version")}
    else:
        tone = Tone.PLAIN if member.is_current else Tone.MUTED
        cells["errors"] = _number(member.count(Severity.ERROR), Severity.ERROR)
        cells["warnings"] = _number(member.count(Severity.WARNING), Severity.WARNING)
        cells["mode"] = Cell(safe(mode_in_few_words(summary.mode)), tone, value=safe(summary.mode))
        cells["confidence"] = Cell(safe(summary.confidence), Tone.MUTED)
        cells["version"] = Cell(summary.version, Tone.MUTED)
        flags = {(flag.layer, flag.family): flag.severity for flag in summary.flags}
        for layer in summary.layers:
            for family in FAMILIES:
                is_served = not summary.families or family in summary.families
                flag = flags.get((layer.name, family))
                cells[_column_id(layer.name, family)] = _count_cell(layer.count(family), flag, is_served=is_served)
    severity = member.worst
    worst = tuple(as_findings(member.findings[:1])) if severity is not None else ()
    return Row(cluster_key(member), tuple(cells.get(column.id, NOTHING) for column in CLUSTER_COLUMNS), worst)


def cluster_key(member: Member) -> Key:
    """The key of the row of a cluster."""
    return ("", member.context)


def _number(number: int, severity: Severity) -> Cell:
    return Cell(safe(f"{number:,}"), flag=severity) if number else Cell(Safe("0"), Tone.MUTED)


def _count_cell(count: Count | None, flag: Severity | None, *, is_served: bool) -> Cell:
    """The number with a family. Empty for a family that the cluster does not serve and nothing has."""
    if count is None:
        return Cell(UNREAD, Tone.MUTED)
    if not count.of or not (is_served or count.having):
        return NOTHING
    text = f"{count.of:,}" if count.is_whole else f"{count.having:,}/{count.of:,}"
    return Cell(safe(text), flag=flag, value=safe(f"{count.having}/{count.of}"))


def _contact(member: Member, now: float) -> Cell:
    word = _CONTACT_WORDS.get(member.contact)
    if word is None:
        age = age_text(now - member.read_at)
        if member.is_partial:
            return Cell(safe(f"partly, {age}"), Tone.PRIMARY, value=Safe("partly read"))
        return Cell(safe(f"{age} ago"), Tone.MUTED, value=Safe(member.contact.value))
    return Cell(safe(word), Tone.MUTED, value=Safe(member.contact.value))


def _worst(member: Member) -> Cell:
    """The worst cause, after what was not read. If nothing was read, the reason."""
    if member.reason and not (member.contact is Contact.READ and member.findings):
        is_failed = member.contact is Contact.FAILED
        return Cell(member.reason, Tone.MUTED, flag=Severity.ERROR if is_failed else None)
    summary = member.summary
    if summary is None:
        return NOTHING
    missing = _missing(summary)
    first = member.worst_cause
    if first is not None:
        worst = f"{first.check.removeprefix('DS-')} {first.name}: {first.message}"
        return Cell(safe(f"{missing}; {worst}"), Tone.PRIMARY) if missing else Cell(safe(worst))
    if missing:
        return Cell(safe(f"{missing}; no findings in what was read"), Tone.PRIMARY)
    if not summary.is_complete:
        return Cell(Safe("no findings in what was read"), Tone.MUTED)
    return Cell(Safe("no problem found"), Tone.GOOD)


def _missing(summary: ClusterSummary) -> str:
    """What was not read, in a few words; empty if everything was read."""
    parts = [f"{', '.join(summary.refused)} not permitted"] if summary.refused else []
    if summary.unread:
        parts.append(f"{', '.join(summary.unread)} not fully read")
    if not parts and summary.missing:
        parts.append(f"{summary.missing:,} check{'' if summary.missing == 1 else 's'} not evaluated")
    return "; ".join(parts)


def as_findings(findings: Iterable[FleetFinding]) -> Iterator[Finding]:
    """The findings in the form that rows use."""
    for finding in findings:
        yield Finding(
            check=finding.check,
            severity=finding.severity,
            object=ObjectRef("", None, finding.object),
            family=finding.family,
            message=finding.message,
        )


def finding_row(key: Key, member: Member, finding: FleetFinding) -> Row:
    """One finding of a cluster."""
    cells = (
        Cell(member.name),
        Cell(finding.message),
        Cell(finding.title),
        Cell(safe(finding.family)) if finding.family is not None else NOTHING,
        Cell(safe(finding.check.removeprefix("DS-")), value=finding.check),
        Cell(safe(f"{finding.explains:,}")) if finding.explains else NOTHING,
    )
    return Row(key, cells, tuple(as_findings([finding])))
