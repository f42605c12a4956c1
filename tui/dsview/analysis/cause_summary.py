"""What the findings come to: root causes with how much each explains, and which Services fail over which family.

A badly broken cluster has as many findings as Pods, so they are gone through in slices, and anew when they changed.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from enum import IntEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.family_coverage import LayerName
from dsview.cluster.endpoints import service_endpoints
from dsview.core.address import Family
from dsview.core.finding import CLUSTER, Finding, ObjectRef, Severity

SHOWN = 8
"""How many of the worst causes are kept."""

_LAYERS = {
    "NODE": LayerName.PODS,
    "POD": LayerName.PODS,
    "SVC": LayerName.SERVICES,
    "EPS": LayerName.ENDPOINTS,
    "LB": LayerName.LOAD_BALANCERS,
    "NGX": LayerName.LISTENERS,
}

_OF_NODES = frozenset({"DS-NODE-001", "DS-NODE-006"})
"""The checks of Nodes that are about their own addresses; the others are about those that they give to Pods."""

_STOPS = frozenset({"DS-EPS-001", "DS-EPS-003", "DS-EPS-005", "DS-SVC-003"})
"""Findings of a Service that mean: nobody is served over that family."""

_LETS_IN = frozenset({"DS-LB-005"})
"""Errors of a Service that stop nobody: more are let in than should be."""

_HALVES = frozenset({"DS-EPS-002", "DS-LB-001", "DS-LB-008"})
"""Findings of a Service that mean: it is served over that family, but not by all endpoints or not from outside."""


class Harm(IntEnum):
    """How a family of a Service fares."""

    PART = 1
    WHOLE = 2


class Cause(msgspec.Struct, frozen=True):
    """A finding that stands for itself, and how many others it explains."""

    finding: Finding
    explains: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """`worst` are the worst causes but those of the cluster as a whole, of `causes` in all.

    `failing` and `partial` count the Services that fail over a family altogether, or in part; `faulty` those with an
    error that names no family. `flags` holds the worst severity of each layer and family.
    """

    worst: tuple[Cause, ...] = ()
    causes: int = 0
    failing: dict[Family, int] = {}
    partial: dict[Family, int] = {}
    faulty: int = 0
    flags: dict[tuple[LayerName, Family], Severity] = {}


def harm_of(view: ClusterView, finding: Finding) -> Harm | None:
    """What a finding means for the family of its Service; None where it does not stop anyone."""
    if finding.family is None or finding.object.kind != "Service" or finding.severity is Severity.NOTE:
        return None
    if finding.check in _STOPS:
        return Harm.WHOLE
    if finding.check in _HALVES:
        return Harm.PART
    if finding.check == "DS-NGX-003":
        # The replicas that listen go on serving; `related` are those that do not.
        key = (finding.object.namespace or "", finding.object.name)
        live = service_endpoints(view.state, key).live(finding.family)
        return Harm.PART if len(finding.related) < live else Harm.WHOLE
    # Every other error stops someone (checks.md, severities), though it does not tell whom.
    return Harm.PART if finding.severity is Severity.ERROR and finding.check not in _LETS_IN else None


class CauseSummarizer:
    """Keeps `tally` true to a session's findings, a slice of time at a time."""

    def __init__(self, view: ClusterView) -> None:
        self.tally = Tally()
        self._view = view
        self._is_due = True
        self._run: Iterator[None] | None = None

    def mark(self) -> None:
        """The findings changed: count them anew."""
        self._is_due = True

    @property
    def has_work(self) -> bool:
        """Whether `tally` is not what the findings come to now."""
        return self._is_due or self._run is not None

    def work(self, budget: float, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Go on for about `budget` seconds; whether `tally` is another one now."""
        before, started = self.tally, clock()
        while self.has_work:
            if self._run is None:
                self._is_due = False
                self._run = self._counting()
            for _ in self._run:
                if clock() - started >= budget:
                    return self.tally != before
            self._run = None
        return self.tally != before

    def _counting(self) -> Iterator[None]:
        """Count everything; yields where one may stop for a while."""
        view = self._view
        explained: dict[object, int] = {}
        roots: list[Finding] = []
        harms: dict[tuple[ObjectRef, Family], Harm] = {}
        flags: dict[tuple[LayerName, Family], Severity] = {}
        faulty: set[ObjectRef] = set()
        for number, finding in enumerate(list(view.book), 1):
            root = view.root_of(finding)
            if root is None:
                roots.append(finding)
            else:
                explained[root.identity] = explained.get(root.identity, 0) + 1
            if finding.family is not None:
                harm = harm_of(view, finding)
                if harm is not None:
                    about = (finding.object, finding.family)
                    harms[about] = max(harm, harms.get(about, harm))
                layer = _layer_of(finding.check)
                if layer is not None:
                    place = (layer, finding.family)
                    flags[place] = min(finding.severity, flags.get(place, finding.severity), key=lambda s: s.rank)
            elif finding.object.kind == "Service" and finding.severity is Severity.ERROR:
                faulty.add(finding.object)
            if number % 64 == 0:
                yield
        own = (finding for finding in roots if finding.object != CLUSTER)
        worst = heapq.nsmallest(SHOWN, own, key=lambda f: (f.severity.rank, -explained.get(f.identity, 0), f.order))
        self.tally = Tally(
            worst=tuple(Cause(finding, explained.get(finding.identity, 0)) for finding in worst),
            causes=len(roots),
            failing=_by_family(harms, Harm.WHOLE),
            partial=_by_family(harms, Harm.PART),
            faulty=len(faulty),
            flags=flags,
        )


def _layer_of(code: str) -> LayerName | None:
    return LayerName.NODES if code in _OF_NODES else _LAYERS.get(code.split("-")[1])


def _by_family(harms: dict[tuple[ObjectRef, Family], Harm], wanted: Harm) -> dict[Family, int]:
    counts: dict[Family, int] = {}
    for (_, family), harm in harms.items():
        if harm is wanted:
            counts[family] = counts.get(family, 0) + 1
    return counts
