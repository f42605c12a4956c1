"""The findings list: causes, the worst first, each followed by what it explains, with one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import overload

import msgspec

from dsview.analysis.causes import FindingGroup, RootCause
from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.availability import NotEvaluated
from dsview.checks.engine.registry import registry
from dsview.core.finding import Finding
from dsview.core.text import Safe, safe, safe_lines
from dsview.kinds.metadata import Key
from dsview.tables.cells import Cell, Column, Row, Tone

COLUMNS = (
    Column(id="message", title="What is wrong", help="In a sentence.", width=30, max_width=200),
    Column(id="object", title="Object", help="What to change.", width=18, max_width=64),
    Column(id="family", title="Family", help="The address family concerned.", width=6, priority=2),
    Column(id="check", title="Check", help="The code of the check.", width=8, max_width=10),
)


class Grouping(StrEnum):
    """The property by which causes are grouped, by its name."""

    SEVERITY = "severity"
    NAMESPACE = "namespace"
    CHECK = "check"


class FindingsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the list shows. `acknowledged` and `opened` contain ids of `FindingGroup`.

    Attributes:
        acknowledged: Causes that are left out, with what they explain, unless `with_acknowledged`.
        opened: Lines whose findings are listed one by one.
    """

    grouping: Grouping = Grouping.SEVERITY
    is_folded: bool = False
    with_exempted: bool = False
    with_acknowledged: bool = False
    acknowledged: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()


class LineKind(StrEnum):
    """The kind of a line of the list."""

    HEADING = "heading"
    CAUSE = "cause"
    SYMPTOM = "symptom"
    MEMBER = "member"
    """One of the findings of a line with several."""
    ACKNOWLEDGED = "acknowledged"
    EXEMPTED = "exempted"
    NOT_EVALUATED = "not evaluated"


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line.

    Attributes:
        finding: The first finding; None for headings and for checks that were not evaluated.
        group: The findings of the line, if it has any.
        cause: The id of the cause that they belong to.
        text: The text of a line without a finding.
        explains: The number of findings that a cause explains, if these are folded.
        depth: The indentation.
    """

    kind: LineKind
    key: Key
    finding: Finding | None = None
    group: FindingGroup | None = None
    cause: str = ""
    text: Safe = Safe("")
    explains: int = 0
    is_open: bool = False
    depth: int = 0

    @property
    def has_several(self) -> bool:
        """Whether the line has several findings, and can be opened."""
        return self.group is not None and self.group.count > 1


def _namespace(cause: RootCause) -> str:
    return cause.first.object.namespace or ""


def _check(cause: RootCause) -> str:
    return cause.first.check


_GROUP_NAME: dict[Grouping, Callable[[RootCause], str]] = {Grouping.NAMESPACE: _namespace, Grouping.CHECK: _check}


def _heading(name: str, number: int) -> Line:
    return Line(
        kind=LineKind.HEADING,
        key=(LineKind.HEADING.value, name),
        text=safe(f"{number:,} cause{'' if number == 1 else 's'}"),
    )


class _Symptom(msgspec.Struct, frozen=True, gc=False):
    """A line with findings that a cause explains."""

    cause: RootCause
    group: FindingGroup


class _Member(msgspec.Struct, frozen=True, gc=False):
    """One finding of an opened line. `cause` is the id of its cause."""

    cause: str
    finding: Finding
    depth: int


Entry = RootCause | _Symptom | _Member | Line
"""A line before it is rendered."""


class FindingLines(Sequence[Line]):
    """The list. Lines are made on demand, because there may be thousands and few of them are visible."""

    def __init__(self, entries: Sequence[Entry], options: FindingsOptions) -> None:
        self._entries = entries
        self._options = options

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Line: ...

    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...

    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self._line(entry) for entry in self._entries[index]]
        return self._line(self._entries[index])

    def index_of(self, key: Key) -> int | None:
        """The position of the line with a key, or None."""
        kind, name = key
        for number, entry in enumerate(self._entries):
            if isinstance(entry, RootCause):
                is_match = entry.id == name and kind == LineKind.CAUSE.value
            elif isinstance(entry, Line):
                is_match = entry.key == key
            elif isinstance(entry, _Symptom):
                is_match = entry.group.id == name and kind == LineKind.SYMPTOM.value
            else:
                is_match = self._line(entry).key == key
            if is_match:
                return number
        return None

    def _line(self, entry: Entry) -> Line:
        if isinstance(entry, Line):
            return entry
        if isinstance(entry, RootCause):
            return self._group(LineKind.CAUSE, entry, entry, entry.explains if self._options.is_folded else 0)
        if isinstance(entry, _Symptom):
            return self._group(LineKind.SYMPTOM, entry.group, entry.cause)
        return _single(entry.finding, LineKind.MEMBER, entry.cause, entry.depth)

    def _group(self, kind: LineKind, group: FindingGroup, cause: RootCause, explains: int = 0) -> Line:
        return Line(
            kind=kind,
            key=(kind.value, group.id),
            finding=group.first,
            group=group,
            cause=cause.id,
            explains=explains,
            is_open=group.id in self._options.opened,
        )


def finding_lines(view: ClusterView, causes: Sequence[RootCause], options: FindingsOptions) -> FindingLines:
    """The list: causes, grouped if requested, each with what it explains; exempted findings; checks not evaluated."""
    shown = [cause for cause in causes if cause.id not in options.acknowledged] if options.acknowledged else causes
    entries: list[Entry] = []
    group_name = _GROUP_NAME.get(options.grouping)
    if group_name is None:
        _add_causes(entries, shown, options)
    else:
        groups: dict[str, list[RootCause]] = {}
        for cause in shown:
            groups.setdefault(group_name(cause), []).append(cause)
        for name in sorted(groups):
            entries.append(_heading(name, len(groups[name])))
            _add_causes(entries, groups[name], options)
    if options.with_acknowledged:
        acknowledged = (cause for cause in causes if cause.id in options.acknowledged)
        entries += [
            Line(
                kind=LineKind.ACKNOWLEDGED,
                key=(LineKind.ACKNOWLEDGED.value, cause.id),
                finding=cause.first,
                group=cause,
                cause=cause.id,
            )
            for cause in acknowledged
        ]
    if options.with_exempted:
        entries += [_single(finding, LineKind.EXEMPTED) for finding in view.exempted_findings]
    entries += map(_not_evaluated, view.not_evaluated())
    return FindingLines(entries, options)


def _add_causes(entries: list[Entry], causes: Iterable[RootCause], options: FindingsOptions) -> None:
    opened, is_folded = options.opened, options.is_folded
    for cause in causes:
        entries.append(cause)
        if opened and cause.id in opened and cause.count > 1:
            entries += [_Member(cause.id, finding, 1) for finding in cause.sorted()]
        for group in () if is_folded else cause.explained:
            entries.append(_Symptom(cause, group))
            if group.id in opened and group.count > 1:
                entries += [_Member(cause.id, finding, 2) for finding in group.sorted()]


def _single(finding: Finding, kind: LineKind, cause: str = "", depth: int = 0) -> Line:
    key = (kind.value, f"{finding.check} {finding.object}|{finding.family or ''}|{finding.field or ''}")
    return Line(kind=kind, key=key, finding=finding, cause=cause, depth=depth)


def _not_evaluated(entry: NotEvaluated) -> Line:
    key = (LineKind.NOT_EVALUATED.value, entry.check)
    return Line(kind=LineKind.NOT_EVALUATED, key=key, text=safe(entry.reason))


_MUTED = frozenset({LineKind.SYMPTOM, LineKind.MEMBER, LineKind.ACKNOWLEDGED, LineKind.EXEMPTED})


class Signs(msgspec.Struct, frozen=True):
    """The symbols before a line: for one with a cause, and for a closed and an opened line with several findings."""

    folded: str = "└"
    closed: str = "►"
    open: str = "▼"


_SIGNS = Signs()


def line_row(line: Line, signs: Signs = _SIGNS) -> Row:
    """A line as a row of the table."""
    finding = line.finding
    if finding is None:
        return _row_without_finding(line)
    tone = Tone.MUTED if line.kind in _MUTED else Tone.PLAIN
    message = finding.message.partition("\n")[0]
    if line.explains:
        message = f"[explains {line.explains:,}] {message}"
    elif line.kind in (LineKind.ACKNOWLEDGED, LineKind.EXEMPTED):
        reason = f": {finding.exempted_for}" if finding.exempted_for else ""
        message = f"[{line.kind.value}{reason}] {message}"
    indent = f"{signs.folded} " if line.kind is LineKind.SYMPTOM else "  " * line.depth
    mark = f"{signs.open if line.is_open else signs.closed} " if line.has_several else ""
    cells = (
        Cell(safe(indent + mark + message), tone),
        Cell(_object(line, finding), tone),
        Cell(safe(finding.family or ""), tone),
        Cell(safe(finding.check.removeprefix("DS-")), tone),
    )
    # Acknowledged and exempted findings flag nothing.
    return Row(line.key, cells, () if line.kind in (LineKind.ACKNOWLEDGED, LineKind.EXEMPTED) else (finding,))


def _object(line: Line, finding: Finding) -> Safe:
    group = line.group
    if group is None:
        return safe(str(finding.object))
    return safe(f"{group.title} ({group.amount})") if group.object is not None and group.amount else group.title


def _row_without_finding(line: Line) -> Row:
    nothing = Cell(Safe(""))
    name = line.key[1]
    slug = registry()[name].slug if name in registry() else ""
    code = name.removeprefix("DS-")
    if line.kind is LineKind.HEADING:
        title = f"{code} {slug}" if slug else name or "cluster-wide"
        return Row(line.key, (Cell(safe(title), Tone.PRIMARY), Cell(line.text, Tone.MUTED), nothing, nothing))
    words = (f"Not evaluated: {line.text}", slug, "", code)
    return Row(line.key, tuple(Cell(safe(text), Tone.MUTED) for text in words))


def fix_of(finding: Finding) -> Safe:
    """The fix of a finding, or an empty text."""
    return safe_lines(finding.fix or "")
