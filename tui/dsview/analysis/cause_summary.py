"""What the findings come to: root causes with how much each explains, and which Services fail over which family.

A badly broken cluster has as many findings as Pods, so they are gone through in slices, and anew when they changed.
"""

from __future__ import annotations

import time
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from dsview.analysis.causes import CauseCollector, RootCause
from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.loss import Loss, closed_node_ports, families_of_loss, is_likely_loss, loss_of
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.registry import registry
from dsview.core.address import Family
from dsview.core.finding import CLUSTER, Finding, ObjectRef, Severity
from dsview.kinds.kind import Kind

SHOWN = 8
"""The number of worst causes to keep."""


NAMED = 2
"""How many of the Services that fail over a family, or fail in part, are named."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """`worst` are the worst causes but those of the cluster as a whole, of `causes` in all.

    `failing` and `partial` count the Services whose trace breaks over a family altogether, or in part; `idle` those
    that fail for want of a ready pod only, and `beyond` those that do not have the family: an address of it leads to
    them, or clients have nothing else. `named` are the first of those that fail and of those that fail in part, those
    for want of a ready pod last. `likely` counts those that likely fail, at least in part, and are in no other count:
    it is the default of a proxy that says so; `named_likely` are the first of them. `faulty` counts those with an error
    that is about no family at all. `flags` holds the worst severity of each layer and family, `flagged` the number of
    objects that have findings there. `is_counted`: the findings were gone through at least once.
    """

    worst: tuple[RootCause, ...] = ()
    causes: int = 0
    failing: dict[Family, int] = {}
    partial: dict[Family, int] = {}
    idle: dict[Family, int] = {}
    beyond: dict[Family, int] = {}
    named: dict[tuple[Family, Loss], tuple[ObjectRef, ...]] = {}
    likely: dict[Family, int] = {}
    named_likely: dict[Family, tuple[ObjectRef, ...]] = {}
    faulty: int = 0
    flags: dict[tuple[LayerName, Family], Severity] = {}
    flagged: dict[tuple[LayerName, Family], int] = {}
    is_counted: bool = False


class CauseSummarizer:
    """Keeps `tally` and `causes` true to a session's findings, a slice of time at a time."""

    def __init__(self, view: ClusterView) -> None:
        self.tally = Tally()
        self.causes: list[RootCause] = []
        """All causes, the worst first; a new list after every count."""
        self._view = view
        self._is_due = True
        self._run: Iterator[None] | None = None

    def mark(self) -> None:
        """Count again, because the findings changed."""
        self._is_due = True

    @property
    def has_work(self) -> bool:
        """Whether `tally` is out of date."""
        return self._is_due or self._run is not None

    def work(self, budget: float, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Continue for about `budget` seconds; whether `tally` changed."""
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

    def finish(self) -> None:
        """Continue to the end."""
        self.work(float("inf"))

    def _counting(self) -> Iterator[None]:
        """Count everything; yields at places where it may pause."""
        view = self._view
        collector = CauseCollector(view)
        losses: dict[tuple[ObjectRef, Family], Loss] = {}
        flags: dict[tuple[LayerName, Family], Severity] = {}
        flagged: Counter[tuple[LayerName, Family]] = Counter()
        last: dict[tuple[LayerName, Family], ObjectRef] = {}
        likely: dict[Family, set[ObjectRef]] = {}
        faulty: set[ObjectRef] = set()
        wrong: set[tuple[ObjectRef, Family]] = set()
        # One object at a time: copying all findings takes as long as a frame.
        every = (finding for findings in view.book.by_object() for finding in tuple(findings.values()))
        for number, finding in enumerate(every, 1):
            loss = loss_of(view, finding)
            hit = families_of_loss(view, finding) if loss is not None else ()
            collector.add(finding, view.root_of(finding), hit, loss)
            for family in hit:
                about = (finding.object, family)
                losses[about] = max(loss or Loss.PART, losses.get(about, Loss.PART))
                if finding.severity is not Severity.NOTE:
                    wrong.add(about)
            for layer in _layers(finding):
                for family in (finding.family,) if finding.family is not None else hit:
                    place = (layer, family)
                    flags[place] = min(finding.severity, flags.get(place, finding.severity), key=lambda s: s.rank)
                    # The findings about an object come one after the other.
                    flagged[place] += last.get(place) != finding.object
                    last[place] = finding.object
            if is_likely_loss(finding):
                for family in families_of_loss(view, finding):
                    likely.setdefault(family, set()).add(finding.object)
            if finding.object.kind == "Service" and finding.severity is Severity.ERROR and not (hit or finding.family):
                faulty.add(finding.object)
            if number % 64 == 0:
                yield
        for closed in self._node_ports():
            if closed is not None:
                losses.setdefault(closed, Loss.PART)
                wrong.add(closed)
            yield
        yield from collector.finish()
        self.causes = collector.causes
        only_likely = {
            family: sorted((ref for ref in refs if (ref, family) not in losses), key=str)
            for family, refs in likely.items()
        }
        failing, partial, idle, beyond = (Counter[Family]() for _ in range(4))
        first: dict[tuple[Family, Loss], list[tuple[bool, str, str]]] = {}
        while losses:
            # Each is released once it is counted, because releasing all of them at once takes as long as a frame.
            about, loss = losses.popitem()
            ref, family = about
            (failing if loss is Loss.WHOLE else partial)[family] += 1
            foremost = first.setdefault((family, loss), [])
            insort(foremost, (about not in wrong, ref.namespace or "", ref.name))
            del foremost[NAMED:]
            if about in wrong:
                wrong.remove(about)
            else:
                idle[family] += 1
            service = view.state.services.get((ref.namespace or "", ref.name))
            if service is not None and family not in service.families:
                beyond[family] += 1
            if len(losses) % 256 == 0:
                yield
        own = (cause for cause in self.causes if not is_of_cluster(cause))
        self.tally = Tally(
            worst=tuple(islice(own, SHOWN)),
            causes=len(self.causes),
            failing=dict(failing),
            partial=dict(partial),
            idle=dict(idle),
            beyond=dict(beyond),
            named={place: tuple(ObjectRef("Service", *key) for _, *key in found) for place, found in first.items()},
            likely={family: len(refs) for family, refs in only_likely.items() if refs},
            named_likely={family: tuple(refs[:NAMED]) for family, refs in only_likely.items() if refs},
            faulty=len(faulty),
            flags=flags,
            flagged=dict(flagged),
            is_counted=True,
        )

    def _node_ports(self) -> Iterator[tuple[ObjectRef, Family] | None]:
        """The NodePort Services over families that no node has; None at places where it may pause."""
        closed = closed_node_ports(self._view)
        for number, service in enumerate(list(self._view.state.services) if closed else (), 1):
            for family in closed:
                if service.type == "NodePort" and family in service.families:
                    yield ObjectRef("Service", service.namespace, service.name), family
            if number % 256 == 0:
                yield None


def is_of_cluster(cause: RootCause) -> bool:
    """Whether a cause is about the cluster as a whole, which a line of its own says."""
    return cause.first.object == CLUSTER


def _layers(finding: Finding) -> set[LayerName]:
    """Where a finding counts in the overview: in the layer of its check; one about a Node also among the Nodes."""
    layer = registry()[finding.check].layer
    found = {layer} if layer is not None else set()
    return found | {LayerName.NODES} if finding.object.kind == Kind.NODE.value else found


def causes_of(view: ClusterView) -> list[RootCause]:
    """All causes, the worst first, computed in one go: for commands."""
    summary = CauseSummarizer(view)
    summary.finish()
    return summary.causes
