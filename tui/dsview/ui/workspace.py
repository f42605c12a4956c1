"""A session and its views: the data of the panes, the header and the other screens.

This module is imported after the first frame, because it imports the checks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice

import msgspec

from dsview.analysis.cause_summary import SHOWN, CauseSummarizer, Tally, is_cluster_wide
from dsview.analysis.causes import RootCause
from dsview.analysis.cluster_view import Delta
from dsview.core.finding import Severity
from dsview.session.session import Session
from dsview.tables.findings import FindingsOptions
from dsview.tables.registry import PANES
from dsview.tables.view import TableView

FIRST_SLICE = 0.025
"""Seconds for which a filter searches before the screen is painted."""


class Workspace:
    """One session with a view for each pane. `namespaces` is None if all are shown.

    `findings` is how the list of findings is displayed; it stays the same when the user returns to it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.views: dict[str, TableView] = {
            name: TableView(pane, session, first_slice=FIRST_SLICE) for name, pane in PANES.items()
        }
        self.tallier = CauseSummarizer(session)
        self.namespaces: frozenset[str] | None = None
        self.findings = FindingsOptions()
        self._summary: tuple[Tally, Tally, frozenset[str], Counter[Severity]] | None = None

    @property
    def tally(self) -> Tally:
        """The summary of the findings. Its causes are those that are not acknowledged."""
        return self._summarized()[1]

    @property
    def acknowledged(self) -> Counter[Severity]:
        """The number of findings in acknowledged causes, with what they explain, by severity."""
        return self._summarized()[3]

    def counts(self) -> dict[Severity, int]:
        """The number of findings of each severity that are not acknowledged."""
        aside = self.acknowledged
        return {severity: max(0, number - aside[severity]) for severity, number in self.session.counts().items()}

    def _summarized(self) -> tuple[Tally, Tally, frozenset[str], Counter[Severity]]:
        """The summary with all causes and with those that are not acknowledged, computed once per change."""
        every, chosen = self.tallier.tally, self.findings.acknowledged
        found = self._summary
        if found is None or found[0] is not every or found[2] != chosen:
            aside = [cause for cause in self.tallier.causes if cause.id in chosen] if chosen else []
            found = self._summary = (every, self._without(aside, every, chosen), chosen, _severities(aside))
        return found

    def _without(self, aside: list[RootCause], every: Tally, chosen: frozenset[str]) -> Tally:
        if not aside:
            return every
        own = (cause for cause in self.tallier.causes if cause.id not in chosen and not is_cluster_wide(cause))
        return msgspec.structs.replace(every, worst=tuple(islice(own, SHOWN)), causes=every.causes - len(aside))

    def refresh(self, delta: Delta) -> set[str]:
        """Apply the changes. Returns the ids of the panes that changed."""
        if delta.findings or delta.everything:
            self.tallier.mark_dirty()
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
            found = Counter(namespace for namespace, _ in pane.keys(self.session) if namespace)
            for namespace, number in found.items():
                counts[namespace][pane.spec.singular] = number
        return counts


def _severities(causes: list[RootCause]) -> Counter[Severity]:
    """The number of findings of causes, with what they explain, by severity."""
    groups = (group for cause in causes for group in (cause, *cause.explained))
    return Counter(finding.severity for group in groups for finding in group.findings)
