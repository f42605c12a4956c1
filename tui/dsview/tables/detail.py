"""The detail of an object: its facts in two lanes, its findings with reason and fix, and its related objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import Target, object_of
from dsview.analysis.not_judged import settles
from dsview.checks.engine.registry import registry
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import Safe, safe, safe_lines
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.tables import related_objects
from dsview.tables.facts import Fact, Parts, Relative, moment_text
from dsview.tables.finding_age import first_seen_text
from dsview.tables.pane import Pane
from dsview.tables.registry import PANES


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with the text of its check.

    Attributes:
        root: The finding that explains it, in words; empty if there is none.
        since: When it was first seen, in words; empty if unknown.
        field: The field that it is about.
    """

    check: str
    slug: str
    title: Safe
    severity: Severity
    message: Safe
    why: Safe
    observed: Safe
    expected: Safe
    fix: Safe
    root: Safe
    since: Safe = Safe("")
    field: str = ""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a detail screen."""

    kind: str
    title: Safe
    subtitle: Safe
    facts: tuple[Fact, ...]
    findings: tuple[FindingView, ...]
    relatives: tuple[Relative, ...]
    is_complete: bool = True
    """Whether everything was read, so that "no findings" means that the API shows no problem."""
    settles: Safe = Safe("")
    """When the object will have its verdict, such as `until 14:03:22`; empty if it has one."""


def _finding_view(view: ClusterView, finding: Finding) -> FindingView:
    entry = registry()[finding.check]
    root = view.root_of(finding)
    return FindingView(
        check=finding.check,
        slug=entry.slug,
        title=safe(entry.title),
        severity=finding.severity,
        message=safe_lines(finding.message),
        why=safe(entry.why),
        observed=safe(finding.observed or ""),
        expected=safe(finding.expected or ""),
        fix=safe_lines(finding.fix or entry.fix),
        root=safe(f"{root.check} {root.object}") if root is not None else Safe(""),
        since=first_seen_text(view, finding),
        field=finding.field or "",
    )


FACTS: dict[Kind, Callable[[ClusterView, Any], Parts]] = {
    **related_objects.FACTS,
    **{pane.kind: pane.facts for pane in PANES.values() if pane.kind is not None and pane.facts is not None},
}
"""The functions that return the facts and related objects of a detail, by kind."""

_OF_KIND: dict[Kind, Pane] = {pane.kind: pane for pane in PANES.values() if pane.kind is not None}


def detail(view: ClusterView, target: Target) -> Detail | None:
    """The detail of an object or of a row of the listeners pane; None if the object no longer exists."""
    shown, key = target
    kind, where = object_of(target)
    item: Object | None = view.state.store(kind).get(where)
    if item is None:
        return None
    facts, relatives = FACTS[shown](view, item)
    pane = _OF_KIND.get(shown)
    findings = list(pane.findings(view, key) if pane is not None else view.findings_of(kind.value, *key))
    if shown is kind:
        findings += view.details_of(kind.value, *key)
    name = f"{item.namespace}/{item.name}" if item.namespace else item.name
    return Detail(
        kind=pane.spec.singular if pane is not None else kind.value,
        title=safe(name),
        subtitle=safe(f"created {moment_text(item.created)}" if item.created else ""),
        facts=tuple(facts),
        findings=tuple(_finding_view(view, f) for f in findings),
        relatives=tuple(relatives),
        is_complete=view.was_settled,
        settles=safe(settles(view.settling, ObjectRef(kind.value, item.namespace or None, item.name))),
    )
