"""The report for people at a terminal: root causes by severity, what they explain folded below."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dsview.core.text import safe, safe_lines
from dsview.export.report import Ref, Report, ReportedFinding

_COLOURS = {"error": "31", "warning": "33", "note": "36"}
GLYPHS = {"error": "✖", "warning": "▲", "note": "●"}
"""The sign of each severity."""

_MODES = {
    "ipv4": "IPv4 only",
    "ipv6": "IPv6 only",
    "dual-ipv4-first": "dual-stack, IPv4 first",
    "dual-ipv6-first": "dual-stack, IPv6 first",
    "unknown": "unknown",
}


def mode_in_words(mode: str) -> str:
    """The mode of the contract as people say it."""
    return _MODES.get(mode, mode)


def describe(ref: Ref) -> str:
    """An object as `Service shop/web`."""
    return safe(f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}")


def plural(number: int, noun: str) -> str:
    """`1 Pod`, `12,500 Pods`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def render_text(report: Report, *, colour: bool = False, width: int = 100, exempted: bool = False) -> str:
    """The report as text of at most about `width` columns, with ANSI colours and exempted findings if wanted."""
    lines = list(_lines(report, colour, max(60, width)))
    if exempted and report.exempted:
        lines += ["", f"Exempted ({len(report.exempted)}):", ""]
        lines += (line for finding in report.exempted for line in _finding_lines(finding, [], colour, max(60, width)))
    return "\n".join(lines) + "\n"


def painted(text: str, severity: str, colour: bool) -> str:
    """Text in the ANSI colour of a severity, if colours are wanted."""
    return f"\x1b[{_COLOURS[severity]}m{text}\x1b[0m" if colour else text


def wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    """The lines of a text, each of at most so many columns and behind the indent."""
    for line in text.split("\n"):
        yield from textwrap.wrap(
            line, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [indent]


def _lines(report: Report, colour: bool, width: int) -> Iterator[str]:
    cluster, counts = report.cluster, report.counts
    version = f", {report.source.server_version}" if report.source.server_version else ""
    yield f"{report.source.name}{version}: {mode_in_words(cluster.mode)} ({cluster.confidence})"
    if cluster.service_cidrs:
        yield f"Service ranges: {', '.join(cluster.service_cidrs)}"
    if cluster.qualifiers:
        yield f"But: {', '.join(cluster.qualifiers)}"
    yield (
        f"Read: {plural(counts.services, 'Service')}, {plural(counts.endpoint_slices, 'EndpointSlice')}, "
        f"{plural(counts.pods, 'Pod')}, {plural(counts.nodes, 'Node')}, {plural(counts.listeners, 'listener')}"
    )
    yield ""
    for finding, symptoms in by_cause(report):
        yield from _finding_lines(finding, symptoms, colour, width)
    yield _summary(report, colour)
    for sentence in left_out(report):
        yield from wrapped(sentence, width, "")
    yield from _not_evaluated(report, width)
    for notice in report.notices:
        yield from wrapped(f"Note: {notice}", width, "")
    if report.overview is not None:
        yield from wrapped(f"Verdict: {report.overview.verdict}", width, "")
    yield "dsview reads the API and sends no packets: no finding means that nothing is wrong in the API."


def by_cause(report: Report) -> Iterator[tuple[ReportedFinding, list[ReportedFinding]]]:
    """Each cause with what it explains. A symptom whose cause is not in the report stands for itself."""
    causes = {(finding.check, finding.object) for finding in report.findings if finding.folded_under is None}
    explained: dict[tuple[str, Ref], list[ReportedFinding]] = {}
    heads: list[ReportedFinding] = []
    for finding in report.findings:
        under = finding.folded_under
        if under is not None and (under.check, under.object) in causes:
            explained.setdefault((under.check, under.object), []).append(finding)
        else:
            heads.append(finding)
    for group in by_owner(heads):
        symptoms = [s for finding in group for s in explained.pop((finding.check, finding.object), [])]
        yield as_one(group), symptoms


def by_owner(findings: Iterable[ReportedFinding]) -> list[list[ReportedFinding]]:
    """Findings in their order, those of one check with one fix on the Pods of one owner together."""
    groups: dict[object, list[ReportedFinding]] = {}
    for number, finding in enumerate(findings):
        shared = (finding.check, finding.severity, finding.family, finding.owner, finding.fix, finding.baseline)
        groups.setdefault(shared if finding.owner is not msgspec.UNSET else number, []).append(finding)
    return list(groups.values())


def as_one(group: Sequence[ReportedFinding]) -> ReportedFinding:
    """One finding for several on the Pods of one owner: it is about the owner, and counts them."""
    first = group[0]
    if len(group) == 1 or first.owner is msgspec.UNSET:
        return first
    pods = ", ".join(finding.object.name for finding in group[:3])
    more = f" and {len(group) - 3} more" if len(group) > 3 else ""
    message = f"{plural(len(group), 'Pod')} ({pods}{more}). {first.object.name}: {first.message}"
    return msgspec.structs.replace(first, object=first.owner, message=safe_lines(message))


def _finding_lines(
    finding: ReportedFinding, symptoms: list[ReportedFinding], colour: bool, width: int
) -> Iterator[str]:
    mark = f"{GLYPHS[finding.severity]} {finding.severity}"
    new = "  (new)" if finding.is_new else ""
    yield f"{painted(mark, finding.severity, colour)}  {finding.check} {finding.slug}  {describe(finding.object)}{new}"
    yield from wrapped(finding.message, width - 4, "    ")
    if finding.exempted_for:
        yield from wrapped(f"Exempted: {finding.exempted_for}", width - 4, "    ")
    if finding.fix:
        yield from (
            f"    $ {line}" if line.startswith("kubectl") else f"    {line}" for line in finding.fix.split("\n")
        )
    if symptoms:
        yield f"    explains {plural(len(symptoms), 'more finding')}:"
        for symptom in symptoms:
            also = "  (new)" if symptom.is_new else ""
            yield f"      {GLYPHS[symptom.severity]} {symptom.check}  {describe(symptom.object)}{also}"
            yield from wrapped(symptom.message, width - 8, "        ")
    yield ""


def no_findings(report: Report) -> str:
    """What the absence of findings means, and no more."""
    if report.not_evaluated:
        return "No findings among what could be evaluated."
    return "No findings among what was asked." if report.skipped else "No findings."


def left_out(report: Report) -> list[str]:
    """What the policy leaves out, in a sentence each."""
    sentences = [f"{plural(report.counts.exempted, 'finding')} exempted."] if report.counts.exempted else []
    if report.skipped:
        number = len(report.skipped)
        verb = "was" if number == 1 else "were"
        sentences.append(f"{plural(number, 'check')} {verb} skipped: options or the configuration leave them out.")
    return sentences


def _summary(report: Report, colour: bool) -> str:
    counts = report.counts
    numbers = (("error", counts.errors), ("warning", counts.warnings), ("note", counts.notes))
    if not any(n for _, n in numbers):
        return no_findings(report)
    text = ", ".join(painted(plural(n, name), name, colour and n > 0) for name, n in numbers)
    folded = f"; {counts.folded} of them explained by others" if counts.folded else ""
    return f"{text}{folded}."


def reasons(report: Report) -> dict[str, list[str]]:
    """The checks that were not evaluated, by the reason for it, without the `DS-` that all begin with."""
    found: dict[str, list[str]] = {}
    for entry in report.not_evaluated:
        found.setdefault(entry.reason, []).append(entry.check.removeprefix("DS-"))
    return found


def _not_evaluated(report: Report, width: int) -> Iterator[str]:
    by_reason = reasons(report)
    if by_reason:
        yield "Not evaluated:"
        for reason, checks in by_reason.items():
            yield from wrapped(f"{reason}: {', '.join(checks)}", width - 2, "  ")
