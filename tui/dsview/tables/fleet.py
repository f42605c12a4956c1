"""The fleet as rows, one for each cluster or finding, with the filter language of the panes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from dsview.analysis.cluster_summary import ClusterSummary
from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.family_coverage import MEANINGS, Count
from dsview.analysis.fleet import Contact, FleetFinding, Member
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import Safe, safe
from dsview.kinds.metadata import Key
from dsview.tables.cells import UNREAD, Cell, Column, Row, Tone
from dsview.tables.filter import Filter, compile_filter
from dsview.tables.header import age_text
from dsview.tables.pane import NOTHING, Attribute, Pane
from dsview.tables.pane_spec import PaneSpec
from dsview.tables.sort_keys import number_sort

MODES = {
    "ipv4": "IPv4 only",
    "ipv6": "IPv6 only",
    "dual-ipv4-first": "dual, IPv4 first",
    "dual-ipv6-first": "dual, IPv6 first",
    "unknown": "unknown",
}
"""Short names of the modes of a profile."""

_CLUSTERS = PaneSpec(id="fleet", title="Clusters", singular="cluster")
_FINDINGS = PaneSpec(id="fleet", title="Findings", singular="finding")

_LAYERS = {
    LayerName.NODES: ("nodes", "Nodes", 4),
    LayerName.PODS: ("pods", "Pods", 3),
    LayerName.SERVICES: ("services", "Svc", 1),
    LayerName.ENDPOINTS: ("endpoints", "Eps", 2),
    LayerName.LOAD_BALANCERS: ("balancers", "LB", 5),
    LayerName.LISTENERS: ("listeners", "Lsn", 5),
}
"""The id, title and priority of the columns of each layer."""

_SUFFIX = {"IPv4": "v4", "IPv6": "v6"}

_CONTACT_WORDS = {
    Contact.WAITING: "waiting",
    Contact.SIGNING_IN: "signing in",
    Contact.READING: "reading",
    Contact.FAILED: "failed",
}


def _layer_columns(family: Family) -> tuple[Column, ...]:
    return tuple(
        Column(
            id=f"{name}_{_SUFFIX[family]}",
            title=title,
            help=f"{MEANINGS[layer]} If some lack it, the number that have it and the total.",
            lane=family,
            width=3,
            max_width=13,
            align="right",
            priority=priority,
        )
        for layer, (name, title, priority) in _LAYERS.items()
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
        all_columns = (_column_of(layer, family) for layer in _LAYERS for family in FAMILIES)
        cells |= {name: Cell(UNREAD, Tone.MUTED) for name in (*all_columns, "confidence", "version")}
    else:
        tone = Tone.PLAIN if member.is_current else Tone.MUTED
        cells["errors"] = _number(member.count(Severity.ERROR), Severity.ERROR)
        cells["warnings"] = _number(member.count(Severity.WARNING), Severity.WARNING)
        cells["mode"] = Cell(safe(MODES.get(summary.mode, summary.mode)), tone, value=safe(summary.mode))
        cells["confidence"] = Cell(safe(summary.confidence), Tone.MUTED)
        cells["version"] = Cell(summary.version, Tone.MUTED)
        flags = {(flag.layer, flag.family): flag.severity for flag in summary.flags}
        for layer in summary.layers:
            for family in FAMILIES:
                is_served = not summary.families or family in summary.families
                flag = flags.get((layer.name, family))
                cells[_column_of(layer.name, family)] = _count_cell(layer.count(family), flag, is_served=is_served)
    severity = member.worst
    worst = tuple(_findings(member.findings[:1])) if severity is not None else ()
    return Row(_key(member), tuple(cells.get(column.id, NOTHING) for column in CLUSTER_COLUMNS), worst)


def _key(member: Member) -> Key:
    return ("", member.context)


def _number(number: int, severity: Severity) -> Cell:
    return Cell(safe(f"{number:,}"), flag=severity) if number else Cell(Safe("0"), Tone.MUTED)


def _column_of(layer: LayerName, family: Family) -> str:
    return f"{_LAYERS[layer][0]}_{_SUFFIX[family]}"


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
    found = [f"{', '.join(summary.refused)} not permitted"] if summary.refused else []
    if summary.unread:
        found.append(f"{', '.join(summary.unread)} not fully read")
    if not found and summary.missing:
        found.append(f"{summary.missing:,} check{'' if summary.missing == 1 else 's'} not evaluated")
    return "; ".join(found)


def _findings(findings: Iterable[FleetFinding]) -> Iterable[Finding]:
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
    return Row(key, cells, tuple(_findings([finding])))


Order = Callable[[Key, str], str]


class FleetRows:
    """The rows of a fleet, sorted and filtered. Without a sort column, the worst come first.

    `pane` and `session` are for compiling a filter and for its suggestions.
    """

    def __init__(self, members: Sequence[Member], now: float, *, findings: bool = False) -> None:
        self._members = {member.context: member for member in members}
        self._now = now
        self._is_findings = findings
        self.sort_column: str | None = None
        self.descending = False
        self.filter_text = ""
        self.only_findings = False
        self._findings: dict[Key, tuple[Member, FleetFinding]] = {}
        self._order: list[Key] = []
        self._keys: list[Key] = []
        self._index: dict[Key, int] = {}
        self._filter: Filter | None = None
        self._rows: dict[Key, tuple[object, str, Row]] = {}
        self.pane = self._pane()
        # The functions of this pane use these rows and never the view.
        self.session = cast(ClusterView, None)
        self._reorder()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def total(self) -> int:
        """The number of rows without a filter."""
        return len(self._order)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the rows."""
        return FINDING_COLUMNS if self._is_findings else CLUSTER_COLUMNS

    def row(self, index: int) -> Row:
        """The row at a position."""
        return self._row(self._keys[index])

    def key_at(self, index: int) -> Key:
        """The key at a position."""
        return self._keys[index]

    def index_of(self, key: Key) -> int | None:
        """The position of a row; None if it is not shown."""
        return self._index.get(key)

    def cluster_of(self, key: Key) -> str:
        """The cluster of a row."""
        return key[0] if self._is_findings else key[1]

    def finding_of(self, key: Key) -> FleetFinding | None:
        """The cause of a row; None for the row of a cluster."""
        return self._findings[key][1] if self._is_findings and key in self._findings else None

    def update(self, members: Sequence[Member], now: float) -> None:
        """Replace the clusters by their current state."""
        self._members = {member.context: member for member in members}
        self._now = now
        self._reorder()

    def set_filter(self, text: str) -> None:
        """Show only matching rows. Raises `FilterError` and changes nothing if the filter is invalid."""
        self._filter = compile_filter(text, self.pane, self.session)
        self.filter_text = text
        self._select()

    def set_only_findings(self, wanted: bool) -> None:
        """Show only clusters with findings, and those that could not be read completely."""
        self.only_findings = wanted
        self._select()

    def set_sort(self, column_id: str | None, descending: bool = False) -> None:
        """Sort by a column. With None, the worst come first."""
        self.sort_column, self.descending = column_id, descending
        self._reorder()

    def _reorder(self) -> None:
        members = sorted(self._members.values(), key=lambda member: (*member.rank, member.name))
        if self._is_findings:
            self._findings = {
                (member.context, str(number)): (member, finding)
                for member in members
                for number, finding in enumerate(member.findings)
            }
            self._order = sorted(self._findings, key=lambda key: self._findings[key][1].severity.rank)
        else:
            self._order = [_key(member) for member in members]
        if self.sort_column is not None:
            ranks = {key: self._rank(key, self.sort_column) for key in self._order}
            self._order.sort(key=lambda key: ranks[key], reverse=self.descending)
        self._select()

    def _select(self) -> None:
        keys = [key for key in self._order if self._is_wanted(key)]
        if self._filter is not None:
            keys = self._filter.select(keys, self._haystacks)
        self._keys = keys
        self._index = {key: index for index, key in enumerate(keys)}

    def _is_wanted(self, key: Key) -> bool:
        if not self.only_findings:
            return True
        if self._is_findings:
            return True
        member = self._members[key[1]]
        is_unread = member.contact is Contact.FAILED or member.is_partial
        return is_unread or member.worst is not None

    def _row(self, key: Key) -> Row:
        """The row. If nothing changed, it is the same object as before, so that it need not be painted again."""
        source: object
        if self._is_findings:
            member, source = self._findings[key]
            age = ""
        else:
            source = member = self._members[key[1]]
            age = age_text(self._now - member.read_at)
        cached = self._rows.get(key)
        if cached is None or cached[0] is not source or cached[1] != age:
            row = finding_row(key, *self._findings[key]) if self._is_findings else cluster_row(member, self._now)
            cached = self._rows[key] = (source, age, row)
        return cached[2]

    def _rank(self, key: Key, column: str) -> str:
        index = [c.id for c in self.columns].index(column)
        cell = self._row(key).cells[index]
        text = cell.exported.replace(",", "")
        first, _, whole = text.partition("/")
        if first.isdigit():
            # By the number that lack the family, then by the number that have it.
            lacking = int(whole) - int(first) if whole.isdigit() else 0
            return number_sort(lacking) + number_sort(int(first))
        return text.lower() or "\xff"

    def _haystacks(self, keys: Sequence[Key]) -> list[str]:
        found: list[str] = []
        for key in keys:
            texts: list[str] = [cell.text for cell in self._row(key).cells]
            if not self._is_findings:
                texts += [finding.check for finding in self._members[key[1]].findings]
            found.append(" ".join(texts).lower())
        return found

    def _flags_of(self, key: Key) -> tuple[Finding, ...]:
        if self._is_findings:
            return tuple(_findings([self._findings[key][1]]))
        return tuple(_findings(self._members[key[1]].findings))

    def _pane(self) -> Pane:
        def cells(name: str) -> Attribute:
            index = [column.id for column in self.columns].index(name)
            return lambda _view, keys: [[self._row(key).cells[index].exported] for key in keys]

        attributes: Mapping[str, Attribute]
        if self._is_findings:
            attributes = {"cluster": cells("cluster"), "family": cells("family"), "name": cells("object")}
        else:
            attributes = {name: cells(name) for name in ("mode", "version")}
            attributes = {**attributes, "cluster": cells("name"), "state": cells("contact")}
        return Pane(
            spec=_FINDINGS if self._is_findings else _CLUSTERS,
            kinds=(),
            columns=self.columns,
            keys=lambda _view: self._order,
            row=lambda _view, key: self._row(key),
            ranks=lambda _view, column, keys: [self._rank(key, column) for key in keys],
            haystacks=lambda _view, keys: self._haystacks(keys),
            affected=lambda _view, _delta: None,
            findings=lambda _view, key: self._flags_of(key),
            contains=lambda _view, key: key in self._index,
            attributes=attributes,
        )
