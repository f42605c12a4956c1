"""The comparison of `dsview diff` as text for a terminal and as Markdown for a merge request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dsview.analysis.diff.facts import Aspect
from dsview.analysis.diff.finding_changes import FindingChangeType
from dsview.analysis.mode_words import mode_and_confidence
from dsview.core.address import FAMILIES
from dsview.core.plurals import count
from dsview.export.diff import (
    SAME,
    CausePart,
    DiffReport,
    FamilyPart,
    FindingPart,
    ObjectPart,
    SidePart,
    render_json,
)
from dsview.export.lines import describe
from dsview.export.markdown import fix_in_markdown, plain_markdown
from dsview.export.report import Ref
from dsview.export.text import GLYPHS, painted, wrapped

_CHANGE_WIDTH = 12
_NAMED = 5
"""The largest number of Services that a sentence names. The others are counted."""

_LOSSES = {"lost", "fewer"}
_GAINS = {"gained", "more"}
_GOOD = {change.value for change in FindingChangeType if not change.is_worse}


def render_text(report: DiffReport, width: int = 100, colour: bool = False) -> str:
    """The comparison in about the given number of columns, optionally with ANSI colours."""
    return "\n".join(_lines(report, max(60, width), colour)) + "\n"


def _lines(report: DiffReport, width: int, colour: bool) -> Iterator[str]:
    yield f"Before: {_side(report.before)}"
    yield f"After:  {_side(report.after)}"
    yield ""
    for cause in report.causes:
        yield from _cause_lines(cause, width, colour)
    if report.families or report.objects:
        yield "Without a finding:" if report.causes else "Changed, without a finding:"
        yield from (f"  {line}" for line in _rest(report))
        yield ""
    for sentence in summary(report):
        yield from wrapped(sentence, width, "")
    if not report.same_cluster:
        yield from wrapped(OTHER_CLUSTER, width, "")
    if report.not_compared:
        yield "Not compared:"
        for sentence in report.not_compared:
            yield from wrapped(sentence, width - 2, "  ")


OTHER_CLUSTER = "These are two clusters: addresses were compared by family only."


def _side(side: SidePart) -> str:
    version = f", {side.server_version}" if side.server_version else ""
    return f"{side.source}{version}: {mode_and_confidence(side.mode, side.confidence)}"


def _cause_lines(cause: CausePart, width: int, colour: bool) -> Iterator[str]:
    own = _own_finding(cause)
    change = own.change if own is not None else _UNCHANGED
    number = _number(own) if own is not None else ""
    severity = own.severity if own is not None else cause.severity
    mark = painted(f"{GLYPHS[severity]} {change}", severity, colour and change not in _GOOD)
    yield f"{mark}  {cause.check} {cause.slug}  {describe(cause.object)}{number}"
    yield from wrapped(cause.message, width - 4, "    ")
    if own is not None and own.fix:
        yield from (f"    $ {line}" if line.startswith("kubectl") else f"    {line}" for line in own.fix.split("\n"))
    for finding in cause.findings:
        if finding is not own:
            yield f"    {finding.change:<{_CHANGE_WIDTH}} {GLYPHS[finding.severity]} {_finding(finding)}"
    for family in cause.families:
        yield f"    {_family(family)}"
    yield ""


_UNCHANGED = "still there"
"""The change of a cause that exists before and after."""


def _own_finding(cause: CausePart) -> FindingPart | None:
    """The changed finding that is the cause itself; None if it did not change."""
    identity = (cause.check, cause.object, cause.family)
    return next((f for f in cause.findings if (f.check, f.object, f.family) == identity), None)


def _finding(finding: FindingPart) -> str:
    family = f" {finding.family}" if finding.family else ""
    return f"{finding.check} {finding.slug}  {describe(finding.object)}{family}{_number(finding)}"


def _number(finding: FindingPart) -> str:
    """The number of affected objects, unless it is one."""
    if max(finding.before, finding.after) < 2:
        return ""
    if not finding.before or not finding.after:
        return f" ({count(finding.before or finding.after, finding.counted)})"
    return f" ({finding.before} → {count(finding.after, finding.counted)})"


def _family(change: FamilyPart) -> str:
    what = "" if change.what == Aspect.FAMILIES else f" {change.what}"
    return f"{change.change:<{_CHANGE_WIDTH}} {change.family}{what}{_of(change.object)}{_share_change(change)}"


def _of(ref: Ref) -> str:
    match ref.kind, ref.name:
        case ("Cluster", _):
            return ""
        case ("Node", "*"):
            return " of the Nodes"
    return f" of {describe(ref)}"


def _share_change(change: FamilyPart) -> str:
    if max(change.before.of, change.after.of) > 1:
        was, now = change.before, change.after
        return f": {was.having} of {was.of} → {now.having} of {now.of}"
    if change.before.values and change.after.values:
        return f": {_values(change.before.values)} → {_values(change.after.values)}"
    values = change.after.values or change.before.values
    return f": {_values(values)}" if values else ""


def _values(values: Sequence[str]) -> str:
    shown = ", ".join(values[:3])
    return f"{shown} and {len(values) - 3} more" if len(values) > 3 else shown


def _rest(report: DiffReport) -> Iterator[str]:
    yield from map(_family, report.families)
    for change in report.objects:
        yield f"{change.change:<{_CHANGE_WIDTH}} {_object(change)}"


def _object(change: ObjectPart) -> str:
    return f"{describe(change.object)}: {' and '.join(change.families) or 'no family'}"


def summary(report: DiffReport) -> list[str]:
    """The verdict in a sentence, and for each family the Services that lost and gained it."""
    if report.verdict == SAME:
        return ["Same: dsview found no differences in what it compares."]
    counts = report.counts
    parts = [
        _counted(
            (counts.findings_new, "new"),
            (counts.findings_worse, "worse"),
            (counts.findings_gone, "gone"),
            (counts.findings_better, "better"),
        ),
        _counted((counts.families_lost, "lost"), (counts.families_gained, "gained")),
        _counted((counts.addresses_changed, "changed")),
        _counted((counts.objects_new, "new"), (counts.objects_gone, "gone")),
    ]
    changes = "; ".join(f"{name} {', '.join(part)}" for name, part in zip(_NAMES, parts, strict=True) if part)
    return [f"{report.verdict.capitalize()}: {changes}.", *_services(report)]


_NAMES = ("findings", "families", "addresses", "objects")


def _counted(*numbers: tuple[int, str]) -> list[str]:
    return [f"{number} {word}" for number, word in numbers if number]


def _services(report: DiffReport) -> Iterator[str]:
    changes = [*report.families, *(family for cause in report.causes for family in cause.families)]
    of_services = [change for change in changes if change.object.kind == "Service"]
    for family in FAMILIES:
        lost = {describe(c.object) for c in of_services if c.family == family and c.change in _LOSSES}
        gained = {describe(c.object) for c in of_services if c.family == family and c.change in _GAINS} - lost
        for services, verb in ((lost, "lost"), (gained, "gained")):
            if services:
                names = [name.removeprefix("Service ") for name in sorted(services)]
                more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
                yield f"{count(len(names), 'Service')} {verb} {family}: {', '.join(names[:_NAMED])}{more}."


def render_markdown(report: DiffReport) -> str:
    """The comparison as Markdown."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: DiffReport) -> Iterator[str]:
    sentences = summary(report)
    yield f"## dsview diff: {report.verdict}"
    yield ""
    yield f"Before: {plain_markdown(_side(report.before))}  "
    yield f"After: {plain_markdown(_side(report.after))}"
    yield ""
    for sentence in sentences:
        yield plain_markdown(sentence)
    if not report.same_cluster:
        yield OTHER_CLUSTER
    for cause in report.causes:
        own = _own_finding(cause)
        change = own.change if own is not None else _UNCHANGED
        yield ""
        yield f"### {plain_markdown(f'{change}: {cause.check} {cause.slug}, {describe(cause.object)}')}"
        yield ""
        yield plain_markdown(cause.message)
        lines = [f"{f.change}: {f.severity} {_finding(f)}" for f in cause.findings if f is not own]
        lines += [" ".join(_family(family).split()) for family in cause.families]
        if lines:
            yield ""
        yield from (f"- {plain_markdown(line)}" for line in lines)
        if own is not None and own.fix:
            yield from ("", fix_in_markdown(own.fix))
    if report.families or report.objects:
        yield from ("", "### Without a finding", "")
        yield from (f"- {plain_markdown(' '.join(line.split()))}" for line in _rest(report))
    if report.not_compared:
        yield from ("", "### Not compared", "")
        yield from (f"- {plain_markdown(sentence)}" for sentence in report.not_compared)


DIFF_FORMATS: dict[str, Callable[[DiffReport, int, bool], str]] = {
    "text": render_text,
    "markdown": lambda report, _width, _colour: render_markdown(report),
    "json": lambda report, _width, _colour: render_json(report),
}
"""Turns a comparison into text, for a width in cells and with or without colours."""
