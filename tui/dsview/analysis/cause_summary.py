"""Summarises the findings: the root causes and what each explains, and which Services fail over which family.

A badly broken cluster has as many findings as Pods, so they are processed in slices, and again after each change.
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
"""The number of failing and of partly failing Services that are named, for each family."""


class FindingTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The totals of all findings.

    Attributes:
        worst: The worst causes, without those about the cluster as a whole.
        causes: The number of all causes.
        failing: The Services that fail completely, by family.
        partial: The Services that fail partly, by family.
        without_pods: Those of both that fail only because no pod is ready.
        without_family: Those of both that lack the family, although an address of that family leads to them or clients
            have no other.
        named: The first few failing and partly failing Services, those without a ready pod last.
        likely: The Services that probably fail, at least partly, according to the default of a proxy, by family. They
            are in no other count.
        named_likely: The first few of these.
        with_other_errors: The number of Services with an error that concerns no family.
        flags: The worst severity of each layer and family.
        flagged: The number of objects with findings in each layer and family.
        is_counted: Whether all findings were processed at least once.
    """

    worst: tuple[RootCause, ...] = ()
    causes: int = 0
    failing: dict[Family, int] = {}
    partial: dict[Family, int] = {}
    without_pods: dict[Family, int] = {}
    without_family: dict[Family, int] = {}
    named: dict[tuple[Family, Loss], tuple[ObjectRef, ...]] = {}
    likely: dict[Family, int] = {}
    named_likely: dict[Family, tuple[ObjectRef, ...]] = {}
    with_other_errors: int = 0
    flags: dict[tuple[LayerName, Family], Severity] = {}
    flagged: dict[tuple[LayerName, Family], int] = {}
    is_counted: bool = False


class CauseSummarizer:
    """Keeps `totals` and `causes` up to date with a session's findings, in slices of time."""

    def __init__(self, view: ClusterView) -> None:
        self.totals = FindingTotals()
        self.causes: list[RootCause] = []
        """All causes, the worst first; a new list after every count."""
        self._view = view
        self._is_dirty = True
        self._run: Iterator[None] | None = None

    def mark_dirty(self) -> None:
        """Note that the findings changed."""
        self._is_dirty = True

    @property
    def has_work(self) -> bool:
        """Whether `totals` is out of date."""
        return self._is_dirty or self._run is not None

    def work(self, budget: float, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Continue for about `budget` seconds. Returns whether `totals` changed."""
        before, started = self.totals, clock()
        while self.has_work:
            if self._run is None:
                self._is_dirty = False
                self._run = self._summarize()
            for _ in self._run:
                if clock() - started >= budget:
                    return self.totals != before
            self._run = None
        return self.totals != before

    def finish(self) -> None:
        """Continue to the end."""
        self.work(float("inf"))

    def _summarize(self) -> Iterator[None]:
        """Count everything. Yields where it may pause."""
        view = self._view
        collector = CauseCollector(view)
        losses: dict[tuple[ObjectRef, Family], Loss] = {}
        flags: dict[tuple[LayerName, Family], Severity] = {}
        flagged: Counter[tuple[LayerName, Family]] = Counter()
        last: dict[tuple[LayerName, Family], ObjectRef] = {}
        likely: dict[Family, set[ObjectRef]] = {}
        with_other_errors: set[ObjectRef] = set()
        flagged_services: set[tuple[ObjectRef, Family]] = set()
        # One object at a time: copying all findings takes as long as a frame.
        findings_of_all = (finding for findings in view.findings.by_object() for finding in tuple(findings.values()))
        for number, finding in enumerate(findings_of_all, 1):
            loss = loss_of(view, finding)
            failing_families = families_of_loss(view, finding) if loss is not None else ()
            collector.add(finding, view.root_of(finding), failing_families, loss)
            for family in failing_families:
                service_and_family = (finding.object, family)
                losses[service_and_family] = max(loss or Loss.PART, losses.get(service_and_family, Loss.PART))
                if finding.severity is not Severity.NOTE:
                    flagged_services.add(service_and_family)
            for layer in _layers(finding):
                for family in (finding.family,) if finding.family is not None else failing_families:
                    place = (layer, family)
                    flags[place] = min(finding.severity, flags.get(place, finding.severity), key=lambda s: s.rank)
                    # The findings about an object come one after the other.
                    flagged[place] += last.get(place) != finding.object
                    last[place] = finding.object
            if is_likely_loss(finding):
                for family in families_of_loss(view, finding):
                    likely.setdefault(family, set()).add(finding.object)
            if (
                finding.object.kind == "Service"
                and finding.severity is Severity.ERROR
                and not (failing_families or finding.family)
            ):
                with_other_errors.add(finding.object)
            if number % 64 == 0:
                yield
        for closed in self._node_ports():
            if closed is not None:
                losses.setdefault(closed, Loss.PART)
                flagged_services.add(closed)
            yield
        yield from collector.finish()
        self.causes = collector.causes
        only_likely = {
            family: sorted((ref for ref in refs if (ref, family) not in losses), key=str)
            for family, refs in likely.items()
        }
        failing, partial, without_pods, without_family = (Counter[Family]() for _ in range(4))
        first: dict[tuple[Family, Loss], list[tuple[bool, str, str]]] = {}
        while losses:
            # Each is released once it is counted, because releasing all of them at once takes as long as a frame.
            service_and_family, loss = losses.popitem()
            ref, family = service_and_family
            (failing if loss is Loss.WHOLE else partial)[family] += 1
            examples = first.setdefault((family, loss), [])
            insort(examples, (service_and_family not in flagged_services, ref.namespace or "", ref.name))
            del examples[NAMED:]
            if service_and_family in flagged_services:
                flagged_services.remove(service_and_family)
            else:
                without_pods[family] += 1
            service = view.state.services.get((ref.namespace or "", ref.name))
            if service is not None and family not in service.families:
                without_family[family] += 1
            if len(losses) % 256 == 0:
                yield
        object_causes = (cause for cause in self.causes if not is_cluster_wide(cause))
        self.totals = FindingTotals(
            worst=tuple(islice(object_causes, SHOWN)),
            causes=len(self.causes),
            failing=dict(failing),
            partial=dict(partial),
            without_pods=dict(without_pods),
            without_family=dict(without_family),
            named={
                place: tuple(ObjectRef("Service", *key) for _, *key in services) for place, services in first.items()
            },
            likely={family: len(refs) for family, refs in only_likely.items() if refs},
            named_likely={family: tuple(refs[:NAMED]) for family, refs in only_likely.items() if refs},
            with_other_errors=len(with_other_errors),
            flags=flags,
            flagged=dict(flagged),
            is_counted=True,
        )

    def _node_ports(self) -> Iterator[tuple[ObjectRef, Family] | None]:
        """The NodePort Services with a family that no node has. Yields None where it may pause."""
        closed = closed_node_ports(self._view)
        for number, service in enumerate(list(self._view.state.services) if closed else (), 1):
            for family in closed:
                if service.type == "NodePort" and family in service.families:
                    yield ObjectRef("Service", service.namespace, service.name), family
            if number % 256 == 0:
                yield None


def is_cluster_wide(cause: RootCause) -> bool:
    """Whether a cause is about the cluster as a whole, which the overview reports in a separate line."""
    return cause.first.object == CLUSTER


def _layers(finding: Finding) -> set[LayerName]:
    """The layers of the overview that a finding counts in: that of its check and, for a Node, the nodes."""
    layer = registry()[finding.check].layer
    layers = {layer} if layer is not None else set()
    return layers | {LayerName.NODES} if finding.object.kind == Kind.NODE.value else layers


def causes_of(view: ClusterView) -> list[RootCause]:
    """All causes, worst first. Computes them at once, for commands."""
    summary = CauseSummarizer(view)
    summary.finish()
    return summary.causes
