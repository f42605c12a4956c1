"""What a check is: the words and the metadata that engine, screen, reports and documentation read, and its decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from dsview.checks.engine.address_fields import AddressField
from dsview.cluster.relations import PodFacet
from dsview.core.address import Family
from dsview.core.finding import Cause, Finding, ObjectRef, Severity
from dsview.core.text import safe_lines
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key

if TYPE_CHECKING:
    from dsview.checks.engine.context import Context


class LayerName(StrEnum):
    """The layers of a cluster from the bottom to the top, by the word for them."""

    NODES = "Nodes"
    PODS = "Pods"
    SERVICES = "Services"
    ENDPOINTS = "Endpoints"
    LOAD_BALANCERS = "Load balancers"
    LISTENERS = "Listeners"


class HopName(StrEnum):
    """The hops of a trace from the client to the node."""

    INGRESS = "ingress"
    LISTEN = "listen"
    BACKEND = "backend"
    LOAD_BALANCER = "load balancer"
    SERVICE = "service"
    ENDPOINT_SLICES = "endpoint slices"
    PODS = "pods"
    NODES = "nodes"


class Harm(StrEnum):
    """What a finding means for the family of the Service that it is about.

    `WHOLE`: nobody is served over it. `PART`: some endpoints or some clients are not.
    `OF_RELATED`: the pods that the finding names as related do not serve it. `OF_RELATED_IF_SURE`: so where it is an
    error; a warning rests on a default, and proves nothing. `BY_SEVERITY`: some clients are not served where the
    finding is an error.
    """

    WHOLE = "whole"
    PART = "part"
    OF_RELATED = "of related"
    OF_RELATED_IF_SURE = "of related if sure"
    BY_SEVERITY = "by severity"


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
    """One check. Its module holds one as `check`, its decision as `decide`, and its words as the module's docstring.

    `subjects` are the kinds it is asked of, one object at a time; without any it is asked once for the whole
    cluster, anew whenever one of `needs` or `uses` changed. `needs` are the kinds without which it is not evaluated
    (besides the subject's own), or from `substitutes` in part only; `uses` are read where they are there. `absence_of`
    are the kinds that have to be read whole: the check takes an object that was not read as one that is not there (of
    the subject's own kind, it compares with all others). `of_pods`
    narrows what a cluster-wide check reads of pods; without it every change of a pod counts. `config_map` is the
    ConfigMap that it needs; without one it needs those of the controllers. `of_listeners` says that a
    configuration file that was not understood leaves it unevaluated, while one that was not read is predicted.
    `of_service_families` says that it rests on the cluster's Service families: where these are unknown it is not
    evaluated, or only in what `without_families` names, such as `between nodes`. `opt_in` says that a live cluster is
    asked for what it needs only where it is selected: a verdict is whole without it. `detail_only` findings are shown
    with the object and stand in no report. `addresses` are the fields whose values it needs: where a capture hides them
    in an object, it says nothing of that object.

    `cells` are the columns that a finding flags, best first, without the lane. `layer` is the row of the overview
    that it counts in, `hop` the hop of a trace that it explains. `harm` is what it means for the family of its
    Service, or for all of them where it names none; the hop breaks where it is any. A note does no harm, but with
    `note_breaks`.

    `title` to `source` come from the module's docstring.
    """

    code: str
    slug: str
    severity: Severity
    subjects: tuple[Kind, ...] = ()
    needs: tuple[Kind, ...] = ()
    uses: tuple[Kind, ...] = ()
    substitutes: tuple[Kind, ...] = ()
    absence_of: tuple[Kind, ...] = ()
    of_pods: tuple[PodFacet, ...] | None = None
    config_map: Key | None = None
    of_listeners: bool = False
    of_service_families: bool = False
    without_families: str = ""
    opt_in: bool = False
    detail_only: bool = False
    addresses: tuple[AddressField, ...] = ()
    cells: tuple[str, ...] = ()
    layer: LayerName | None = None
    hop: HopName | None = None
    note_breaks: bool = False
    harm: Harm = Harm.BY_SEVERITY
    title: str = ""
    condition: str = ""
    why: str = ""
    fix: str = ""
    not_when: str = ""
    source: str = ""
    decide: Callable[..., Iterator[Problem]] | None = None

    @property
    def reads(self) -> frozenset[Kind]:
        """Every kind whose change can change the answer."""
        return frozenset((*self.subjects, *self.needs, *self.substitutes, *self.uses))


Subject = Any
"""The object a check is asked of, of the kind that its entry names; nothing for a cluster-wide check."""


def run_check(entry: Check, subject: Subject, context: Context) -> list[Problem]:
    """What the check says of the subject (None for a cluster-wide check)."""
    if entry.decide is None:
        return []
    return list(entry.decide(subject, context) if entry.subjects else entry.decide(context))


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
