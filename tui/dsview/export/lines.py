"""The report as lines of text: one for each cause, the worst first, followed by what it explains.

`dsview.analysis.causes` decides which findings share a line. This module counts, names and sorts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dsview.checks.engine.remediation import names
from dsview.core.plurals import count
from dsview.core.text import Safe, safe, safe_lines
from dsview.export.report import GroupPart, Ref, Report, ReportedFinding


class ReportLine(msgspec.Struct, frozen=True):
    """One line. `finding` is the first of its findings, `message` names all of them, and `title` is the subject."""

    finding: ReportedFinding
    title: Safe
    count: int
    symptoms: tuple[ReportLine, ...] = ()

    @property
    def explains(self) -> int:
        """The number of findings that this line explains."""
        return sum(line.count for line in self.symptoms)


def describe(ref: Ref) -> Safe:
    """An object as `Service shop/web`."""
    return safe(f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}")


def lines_of(report: Report) -> Iterator[ReportLine]:
    """Each cause with what it explains. A symptom whose cause is not in the report is shown as a cause."""
    parts = {part.id: part for part in report.groups}
    positions = {part.id: position for position, part in enumerate(report.groups)}
    causes = {(finding.check, finding.object) for finding in report.findings if finding.folded_under is None}
    explained: dict[tuple[str, Ref], list[ReportedFinding]] = {}
    roots: list[ReportedFinding] = []
    for finding in report.findings:
        under = finding.folded_under
        if under is not None and (under.check, under.object) in causes:
            explained.setdefault((under.check, under.object), []).append(finding)
        else:
            roots.append(finding)

    def position(findings: Sequence[ReportedFinding]) -> int:
        return positions.get(findings[0].group or "", len(positions))

    for group in sorted(_grouped(roots), key=position):
        symptoms = [s for finding in group for s in explained.pop((finding.check, finding.object), [])]
        line = _line(group, parts)
        yield msgspec.structs.replace(line, symptoms=tuple(_line(symptom, parts) for symptom in _grouped(symptoms)))


def _grouped(findings: Iterable[ReportedFinding]) -> list[list[ReportedFinding]]:
    """The findings by line. New findings are separate from known ones."""
    groups: dict[object, list[ReportedFinding]] = {}
    for number, finding in enumerate(findings):
        groups.setdefault((finding.group, finding.baseline) if finding.group else number, []).append(finding)
    return list(groups.values())


def _line(group: Sequence[ReportedFinding], parts: dict[str, GroupPart]) -> ReportLine:
    first = group[0]
    part = parts.get(first.group or "")
    if len(group) == 1:
        return ReportLine(first, describe(first.object), 1)
    objects = list(dict.fromkeys(finding.object for finding in group))
    if len(objects) == 1:
        fields = names(finding.field or finding.family or "" for finding in group)
        message = f"{count(len(group), 'field')} ({fields}). {first.message}"
        return _group_line(group, describe(first.object), message)
    amount = count(len(objects), first.object.kind)
    is_one_namespace = len({ref.namespace for ref in objects}) == 1
    listed = names(ref.name if is_one_namespace else f"{ref.namespace}/{ref.name}" for ref in objects)
    title = describe(part.object) if part is not None and part.object is not None else safe(amount)
    return _group_line(group, title, f"{amount} ({listed}). For example {first.object.name}: {first.message}")


def _group_line(group: Sequence[ReportedFinding], title: Safe, message: str) -> ReportLine:
    return ReportLine(msgspec.structs.replace(group[0], message=safe_lines(message)), title, len(group))
