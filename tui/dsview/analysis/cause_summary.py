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
from dsview.checks.engine.check import Harm, LayerName
from dsview.checks.engine.registry import registry
from dsview.cluster.endpoints import service_endpoints
from dsview.core.address import Family
from dsview.core.finding import CLUSTER, Finding, ObjectRef, Severity

SHOWN = 8
"""How many of the worst causes are kept."""


class Loss(IntEnum):
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


def loss_of(view: ClusterView, finding: Finding) -> Loss | None:
    """What a finding means for the family of its Service; None where everybody is served."""
    if finding.family is None or finding.object.kind != "Service" or finding.severity is Severity.NOTE:
        return None
    match registry()[finding.check].harm:
        case Harm.WHOLE:
            return Loss.WHOLE
        case Harm.PART:
            return Loss.PART
        case Harm.OF_RELATED:
            # The replicas that are not named go on serving.
            key = (finding.object.namespace or "", finding.object.name)
            live = service_endpoints(view.state, key).live(finding.family)
            return Loss.PART if len(finding.related) < live else Loss.WHOLE
        case Harm.BY_SEVERITY:
            return Loss.PART if finding.severity is Severity.ERROR else None
        case Harm.NONE:
            return None


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
        losses: dict[tuple[ObjectRef, Family], Loss] = {}
        flags: dict[tuple[LayerName, Family], Severity] = {}
        faulty: set[ObjectRef] = set()
        for number, finding in enumerate(list(view.book), 1):
            root = view.root_of(finding)
            if root is None:
                roots.append(finding)
            else:
                explained[root.identity] = explained.get(root.identity, 0) + 1
            if finding.family is not None:
                loss = loss_of(view, finding)
                if loss is not None:
                    about = (finding.object, finding.family)
                    losses[about] = max(loss, losses.get(about, loss))
                layer = registry()[finding.check].layer
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
            failing=_by_family(losses, Loss.WHOLE),
            partial=_by_family(losses, Loss.PART),
            faulty=len(faulty),
            flags=flags,
        )


def _by_family(losses: dict[tuple[ObjectRef, Family], Loss], wanted: Loss) -> dict[Family, int]:
    counts: dict[Family, int] = {}
    for (_, family), loss in losses.items():
        if loss is wanted:
            counts[family] = counts.get(family, 0) + 1
    return counts
