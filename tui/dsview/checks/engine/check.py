"""The metadata of a check, which the engine, the screen, the reports and the documentation use, and its results."""

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
    """The layers of a cluster from bottom to top, with the names that the overview shows."""

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
    """The effect of a finding on the family of its Service."""

    WHOLE = "whole"
    """No client is served."""
    PART = "part"
    """Some endpoints or some clients are not served."""
    OF_RELATED = "of related"
    """The related pods of the finding do not serve the family."""
    OF_RELATED_IF_SURE = "of related if sure"
    """The same for an error. A warning has no effect, because it relies on a default."""
    BY_SEVERITY = "by severity"
    """For an error, some clients are not served."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What a check yields. The engine adds the code and, if they are None, the severity of the check and the subject.

    Text may contain raw names from the cluster. The engine sanitises it.
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
    """A check: its metadata, its function `decide`, and its page. A module defines it as `check`.

    What it reads:

    * `subjects`: the kinds that it evaluates, one object at a time. Without subjects it evaluates the whole cluster
      once, and again after each change of `needs` or `uses`.
    * `needs`: the kinds that it requires besides its subject's own. If one could not be read, it is not evaluated, or
      only partly with those in `substitutes`. Nothing replaces the pods of a check with `of_pods`.
    * `uses`: the kinds that it reads if they are available.
    * `absence_of`: the kinds that must be read completely, because the check treats an object that was not read as
      nonexistent. If it is the subject's own kind, the check compares the subject with all others.
    * `of_all_namespaces`: those kinds in `absence_of` that must be read in every namespace, because the check makes a
      statement about all their objects.
    * `of_pods`: the facets of Pods that a cluster-wide check reads. None means that every change of a Pod matters.
    * `config_map`: the ConfigMap that it needs. If None and ConfigMaps are needed, those of the controllers.
    * `of_listeners`: it is not evaluated if a configuration file could not be parsed. If one could not be read, the
      listeners are predicted.
    * `of_service_families`: it relies on the cluster's Service families. If these are unknown it is not evaluated,
      except for the part that `without_families` names, such as `between nodes`.
    * `opt_in`: a live session reads the kinds that it needs only if the check is selected.
    * `of_sockets`: it reads the sockets of front doors. Front doors whose sockets are unknown are not evaluated.
    * `addresses`: the fields whose values it needs. It skips objects in which a capture hides them.

    Where its findings appear:

    * `cells`: the columns that a finding flags, the best one first, without the lane.
    * `layer`: the row of the overview that counts it. `hop`: the hop of a trace that it breaks.
    * `harm`: the effect on the finding's family of the Service, or on all its families if the finding has none. A hop
      breaks at any harm. A note does no harm unless `note_breaks`.
    * `detail_only`: findings appear in the detail view of their object, not in reports.

    `title`, `condition`, `why`, `fix`, `not_when` and `source` come from the module's docstring.
    """

    code: str
    slug: str
    severity: Severity
    subjects: tuple[Kind, ...] = ()
    needs: tuple[Kind, ...] = ()
    uses: tuple[Kind, ...] = ()
    of_sockets: bool = False
    substitutes: tuple[Kind, ...] = ()
    absence_of: tuple[Kind, ...] = ()
    of_all_namespaces: tuple[Kind, ...] = ()
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
        """Every kind whose change can change the result."""
        return frozenset((*self.subjects, *self.needs, *self.substitutes, *self.uses))


Subject = Any
"""The object that a check evaluates, of one of its `subjects`; None for a cluster-wide check."""


def run_check(entry: Check, subject: Subject, context: Context) -> list[Problem]:
    """Run a check on a subject, which is None for a cluster-wide check."""
    if entry.decide is None:
        return []
    return list(entry.decide(subject, context) if entry.subjects else entry.decide(context))


def to_finding(check: Check, problem: Problem, ref: ObjectRef) -> Finding:
    """The finding of a problem. Text is sanitised here. Names in references are unchanged, for look-ups."""
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
