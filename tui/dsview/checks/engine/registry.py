"""The registry: each check once, with its words, its severity, what it reads and the function that decides.

Screen, `dsview explain`, the page of all checks and the reports are made from these entries and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from dsview.cluster.relations import PodFacet
from dsview.core.address import Family
from dsview.core.finding import Cause, Finding, ObjectRef, Severity
from dsview.core.text import safe_lines
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Key

if TYPE_CHECKING:
    from dsview.checks.engine.context import Context


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What a check yields; the engine adds the code and, where None, the check's severity and the object asked about.

    Text may hold names from the cluster as they are: the engine makes it safe.
    """

    message: str
    severity: Severity | None = None
    object: ObjectRef | None = None
    family: Family | None = None
    field: str | None = None
    observed: str | None = None
    expected: str | None = None
    fix: str | None = None
    related: tuple[ObjectRef, ...] = ()
    grace: float = 0.0
    causes: tuple[Cause, ...] = ()


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue (checks.md §4).

    `subjects` are the kinds it is asked of, one object at a time; without any it is asked once for the whole
    cluster, anew whenever one of `needs` or `uses` changed. `needs` are the kinds without which it is not evaluated
    (besides the subject's own), or from `substitutes` in part only; `uses` are read where they are there. `of_pods`
    narrows what a cluster-wide check reads of pods; without it every change of a pod counts. `config_map` is the
    ConfigMap that it needs; without one it needs those of the ingress-nginx controllers. `of_listeners` says that an
    nginx.conf that was not understood leaves it unevaluated, while one that was not read is predicted.
    `of_service_families` says that it rests on the cluster's Service families: where these are unknown it is not
    evaluated, or only in what `without_families` names, such as `between nodes`. `opt_in` says that a live cluster is
    asked for what it needs only where it is selected: a verdict is whole without it. `condition`,
    `why`, `fix` and `not_when` (when it is a false alarm) are sentences for people; `detail_only` findings are shown
    with the object and stand in no report.
    """

    code: str
    slug: str
    severity: Severity
    title: str
    condition: str
    why: str
    fix: str
    not_when: str
    source: str
    subjects: tuple[Kind, ...] = ()
    needs: tuple[Kind, ...] = ()
    uses: tuple[Kind, ...] = ()
    substitutes: tuple[Kind, ...] = ()
    of_pods: tuple[PodFacet, ...] | None = None
    config_map: Key | None = None
    of_listeners: bool = False
    of_service_families: bool = False
    without_families: str = ""
    opt_in: bool = False
    detail_only: bool = False
    run: Callable[..., Iterator[Problem]]

    @property
    def reads(self) -> frozenset[Kind]:
        """Every kind whose change can change the answer."""
        return frozenset((*self.subjects, *self.needs, *self.substitutes, *self.uses))


REGISTRY: dict[str, Check] = {}

Subject = Any
"""The object a check is asked of, of the kind that its entry names; nothing for a cluster-wide check."""


def check(
    code: str,
    slug: str,
    severity: Severity,
    *,
    title: str,
    condition: str,
    why: str,
    fix: str,
    not_when: str,
    source: str,
    subjects: tuple[Kind, ...] = (),
    needs: tuple[Kind, ...] = (),
    uses: tuple[Kind, ...] = (),
    substitutes: tuple[Kind, ...] = (),
    of_pods: tuple[PodFacet, ...] | None = None,
    config_map: Key | None = None,
    of_listeners: bool = False,
    of_service_families: bool = False,
    without_families: str = "",
    opt_in: bool = False,
    detail_only: bool = False,
) -> Callable[[Callable[..., Iterator[Problem]]], Callable[..., Iterator[Problem]]]:
    """Enter the decorated function into the registry. It is called as `run(subject, context)` or `run(context)`."""

    def enter(run: Callable[..., Iterator[Problem]]) -> Callable[..., Iterator[Problem]]:
        if code in REGISTRY:
            raise ValueError(f"{code} is registered twice")
        REGISTRY[code] = Check(
            code=code,
            slug=slug,
            severity=severity,
            title=title,
            condition=condition,
            why=why,
            fix=fix,
            not_when=not_when,
            source=source,
            subjects=subjects,
            needs=needs,
            uses=uses,
            substitutes=substitutes,
            of_pods=of_pods,
            config_map=config_map,
            of_listeners=of_listeners,
            of_service_families=of_service_families,
            without_families=without_families,
            opt_in=opt_in,
            detail_only=detail_only,
            run=run,
        )
        return run

    return enter


def all_checks() -> list[Check]:
    """Every check, by code. Imports the modules that hold them on first use."""
    from dsview.checks import catalogue  # noqa: F401, PLC0415  (fills the registry; a cycle at module level)

    return [REGISTRY[code] for code in sorted(REGISTRY)]


def run_check(entry: Check, subject: Subject, context: Context) -> list[Problem]:
    """What the check says of the subject (None for a cluster-wide check)."""
    return list(entry.run(subject, context) if entry.subjects else entry.run(context))


def to_finding(check: Check, problem: Problem, ref: ObjectRef) -> Finding:
    """The finding of a problem. Text becomes safe here; names in references stay as they are, for lookups."""
    return Finding(
        check=check.code,
        severity=problem.severity or check.severity,
        object=problem.object or ref,
        family=problem.family,
        field=problem.field,
        message=safe_lines(problem.message),
        observed=safe_lines(problem.observed) if problem.observed is not None else None,
        expected=safe_lines(problem.expected) if problem.expected is not None else None,
        fix=safe_lines(problem.fix) if problem.fix is not None else None,
        related=problem.related,
        grace=problem.grace,
        causes=problem.causes,
    )
