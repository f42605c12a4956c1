"""All findings as a list for people: root causes, worst first, with what each explains below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.availability import NotEvaluated
from dsview.checks.engine.registry import registry
from dsview.core.address import Family
from dsview.core.finding import Finding, ObjectRef
from dsview.core.text import Safe, safe, safe_lines
from dsview.kinds.metadata import Key
from dsview.tables.cells import Cell, Column, Row, Tone

_PANES = ("Service", "Pod", "Node")

COLUMNS = (
    Column(id="check", title="Check", help="The code of the check.", width=13, max_width=16),
    Column(id="slug", title="Name", help="The name of the check.", width=12, max_width=30, priority=3),
    Column(id="object", title="Object", help="What is to be changed.", width=18, max_width=64),
    Column(id="family", title="Family", help="The address family concerned.", width=6, priority=2),
    Column(id="message", title="What is wrong", help="In a sentence.", width=20, max_width=200),
)

Identity = tuple[str, ObjectRef, Family | None, str | None]
"""`Finding.identity`."""


class Grouping(StrEnum):
    """By what causes are put together, by the word for it."""

    SEVERITY = "severity"
    NAMESPACE = "namespace"
    CHECK = "check"


class FindingsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How findings are looked at. `acknowledged` causes are left out, with what they explain, unless asked for."""

    grouping: Grouping = Grouping.SEVERITY
    is_folded: bool = False
    with_exempted: bool = False
    with_acknowledged: bool = False
    acknowledged: frozenset[Identity] = frozenset()


class LineKind(StrEnum):
    """What a line of the list is."""

    HEADING = "heading"
    CAUSE = "cause"
    SYMPTOM = "symptom"
    ACKNOWLEDGED = "acknowledged"
    EXEMPTED = "exempted"
    NOT_EVALUATED = "not evaluated"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `finding` is None in headings and where a check was not evaluated; `text` then says which, or why.

    `explains` counts the findings that a cause explains and that are folded away.
    """

    kind: LineKind
    key: Key
    finding: Finding | None = None
    text: Safe = Safe("")
    explains: int = 0


def causes_of(view: ClusterView) -> dict[Identity, tuple[Finding, list[Finding]]]:
    """Every finding that stands for itself, in the order of reports, with those that it explains."""
    causes: dict[Identity, tuple[Finding, list[Finding]]] = {}
    symptoms: list[tuple[Finding, Finding]] = []
    for finding in view.book.sorted():
        root = view.root_of(finding)
        if root is None:
            causes[finding.identity] = (finding, [])
        else:
            symptoms.append((root, finding))
    for root, finding in symptoms:
        # Two that name each other as their cause would else stand nowhere.
        causes.setdefault(root.identity, (root, []))[1].append(finding)
    return causes


def _namespace(finding: Finding) -> str:
    return finding.object.namespace or ""


def _check(finding: Finding) -> str:
    return finding.check


_BY: dict[Grouping, Callable[[Finding], str]] = {Grouping.NAMESPACE: _namespace, Grouping.CHECK: _check}


def _heading(name: str, number: int) -> Line:
    return Line(
        kind=LineKind.HEADING,
        key=(LineKind.HEADING.value, name),
        text=safe(f"{number:,} cause{'' if number == 1 else 's'}"),
    )


def finding_lines(view: ClusterView, options: FindingsOptions) -> list[Line]:
    """The list: causes, in groups if wanted, each with what it explains; what is exempted; what was not evaluated."""
    everything = causes_of(view)
    shown = [entry for identity, entry in everything.items() if identity not in options.acknowledged]
    lines: list[Line] = []
    by = _BY.get(options.grouping)
    if by is None:
        lines += _causes(shown, options)
    else:
        groups: dict[str, list[tuple[Finding, list[Finding]]]] = {}
        for entry in shown:
            groups.setdefault(by(entry[0]), []).append(entry)
        for name in sorted(groups):
            lines.append(_heading(name, len(groups[name])))
            lines += _causes(groups[name], options)
    if options.with_acknowledged:
        put_aside = (entry[0] for identity, entry in everything.items() if identity in options.acknowledged)
        lines += [_line(finding, LineKind.ACKNOWLEDGED) for finding in put_aside]
    if options.with_exempted:
        lines += [_line(finding, LineKind.EXEMPTED) for finding in view.exempted_findings]
    lines += map(_not_evaluated, view.not_evaluated())
    return lines


def _causes(entries: Iterable[tuple[Finding, list[Finding]]], options: FindingsOptions) -> Iterator[Line]:
    for cause, symptoms in entries:
        yield _line(cause, LineKind.CAUSE, len(symptoms) if options.is_folded else 0)
        if not options.is_folded:
            yield from (_line(symptom, LineKind.SYMPTOM) for symptom in symptoms)


def _line(finding: Finding, kind: LineKind, explains: int = 0) -> Line:
    key = (finding.check, f"{finding.object}|{finding.family or ''}|{finding.field or ''}")
    return Line(kind=kind, key=key, finding=finding, explains=explains)


def _not_evaluated(entry: NotEvaluated) -> Line:
    key = (LineKind.NOT_EVALUATED.value, entry.check)
    return Line(kind=LineKind.NOT_EVALUATED, key=key, text=safe(entry.reason))


_MUTED = frozenset({LineKind.SYMPTOM, LineKind.ACKNOWLEDGED, LineKind.EXEMPTED})


def line_row(line: Line, folded: str = "└") -> Row:
    """A line as a row of the table; `folded` is the sign before what a cause explains."""
    finding = line.finding
    if finding is None:
        return _plain_row(line)
    tone = Tone.MUTED if line.kind in _MUTED else Tone.PLAIN
    message = finding.message.partition("\n")[0]
    if line.explains:
        message = f"[explains {line.explains:,}] {message}"
    elif line.kind in (LineKind.ACKNOWLEDGED, LineKind.EXEMPTED):
        reason = f": {finding.exempted_for}" if finding.exempted_for else ""
        message = f"[{line.kind.value}{reason}] {message}"
    indent = f"{folded} " if line.kind is LineKind.SYMPTOM else ""
    cells = (
        Cell(safe(indent + finding.check), tone),
        Cell(safe(registry()[finding.check].slug), tone),
        Cell(safe(str(finding.object)), tone),
        Cell(safe(finding.family or ""), tone),
        Cell(safe(message), tone),
    )
    # What was put aside flags nothing.
    return Row(line.key, cells, () if line.kind in (LineKind.ACKNOWLEDGED, LineKind.EXEMPTED) else (finding,))


def _plain_row(line: Line) -> Row:
    nothing = Cell(Safe(""))
    check = line.key[1]
    if line.kind is LineKind.HEADING:
        slug = registry()[check].slug if check in registry() else ""
        words = (Cell(safe(text), Tone.PRIMARY) for text in (check or "cluster-wide", slug, line.text))
        return Row(line.key, (*words, nothing, nothing))
    words = (Cell(safe(text), Tone.MUTED) for text in (check, registry()[check].slug, line.kind.value))
    return Row(line.key, (*words, nothing, Cell(line.text, Tone.MUTED)))


def fix_of(finding: Finding) -> Safe:
    """The fix of a finding, or an empty text."""
    return safe_lines(finding.fix or "")
