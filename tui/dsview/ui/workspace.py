"""A session and its views: the data of the panes, the header and the other screens.

This module is imported after the first frame, because it imports the checks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from typing import NamedTuple

import msgspec

from dsview.analysis.cause_summary import SHOWN, CauseSummarizer, FindingTotals, is_cluster_wide
from dsview.analysis.causes import RootCause
from dsview.analysis.cluster_view import Delta
from dsview.core.finding import Severity
from dsview.session.session import Session
from dsview.tables.findings import FindingsOptions
from dsview.tables.registry import PANES
from dsview.tables.view import TableView

FIRST_SLICE = 0.025
"""Seconds for which a filter searches before the screen is painted."""


class _Summary(NamedTuple):
    """The totals for a set of acknowledged causes, and what both were computed from."""

    all_totals: FindingTotals
    acknowledged_ids: frozenset[str]
    totals: FindingTotals
    """Those without the acknowledged causes."""
    acknowledged: Counter[Severity]


class Workspace:
    """One session with a view for each pane. `namespaces` is None if all are shown.

    `findings_options` is how the list of findings is displayed; it stays the same when the user returns to it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.views: dict[str, TableView] = {
            name: TableView(pane, session, first_slice=FIRST_SLICE) for name, pane in PANES.items()
        }
        self.summarizer = CauseSummarizer(session)
        self.namespaces: frozenset[str] | None = None
        self.findings_options = FindingsOptions()
        self._last_summary: _Summary | None = None

    @property
    def totals(self) -> FindingTotals:
        """The totals of the findings. Their causes are those that are not acknowledged."""
        return self._summary().totals

    @property
    def acknowledged(self) -> Counter[Severity]:
        """The number of findings in acknowledged causes, with what they explain, by severity."""
        return self._summary().acknowledged

    def counts(self) -> dict[Severity, int]:
        """The number of findings of each severity that are not acknowledged."""
        acknowledged = self.acknowledged
        return {severity: max(0, number - acknowledged[severity]) for severity, number in self.session.counts().items()}

    def _summary(self) -> _Summary:
        """The totals without acknowledged causes, computed once per change."""
        all_totals, ids = self.summarizer.totals, self.findings_options.acknowledged
        last = self._last_summary
        if last is not None and last.all_totals is all_totals and last.acknowledged_ids == ids:
            return last
        acknowledged = [cause for cause in self.summarizer.causes if cause.id in ids] if ids else []
        totals = self._totals_without(acknowledged) if acknowledged else all_totals
        summary = self._last_summary = _Summary(all_totals, ids, totals, _severities(acknowledged))
        return summary

    def _totals_without(self, acknowledged: list[RootCause]) -> FindingTotals:
        ids = {cause.id for cause in acknowledged}
        others = (cause for cause in self.summarizer.causes if cause.id not in ids and not is_cluster_wide(cause))
        totals = self.summarizer.totals
        return msgspec.structs.replace(
            totals, worst=tuple(islice(others, SHOWN)), causes=totals.causes - len(acknowledged)
        )

    def refresh(self, delta: Delta) -> set[str]:
        """Apply the changes. Returns the ids of the panes that changed."""
        if delta.findings or delta.everything:
            self.summarizer.mark_dirty()
        return {name for name, view in self.views.items() if view.refresh(delta)}

    def choose_namespaces(self, namespaces: frozenset[str] | None) -> None:
        """Show only objects in these namespaces, and cluster-wide ones."""
        self.namespaces = namespaces
        for view in self.views.values():
            view.set_namespaces(namespaces)

    def count_namespaces(self) -> dict[str, Counter[str]]:
        """The number of rows in each namespace, by what a row of their pane is: `Service`."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for pane in PANES.values():
            rows = Counter(namespace for namespace, _ in pane.keys(self.session) if namespace)
            for namespace, number in rows.items():
                counts[namespace][pane.spec.singular] = number
        return counts


def _severities(causes: list[RootCause]) -> Counter[Severity]:
    """The number of findings of causes, with what they explain, by severity."""
    groups = (group for cause in causes for group in (cause, *cause.explained))
    return Counter(finding.severity for group in groups for finding in group.findings)
