"""A session and its views: the data of the panes, the header and the other screens.

This module is imported after the first frame, because it imports the checks.
"""

from __future__ import annotations

from collections import Counter

from dsview.analysis.cause_summary import CauseSummarizer
from dsview.analysis.cluster_view import Delta
from dsview.session.session import Session
from dsview.tables.findings import FindingsOptions
from dsview.tables.registry import PANES
from dsview.tables.view import TableView

PATIENCE = 0.025
"""Seconds that a filter may take before the screen is painted."""


class Workspace:
    """One session with a view for each pane. `namespaces` is None if all are shown.

    `findings` is how the list of findings is displayed; it stays the same when the user returns to it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.views: dict[str, TableView] = {
            name: TableView(pane, session, patience=PATIENCE) for name, pane in PANES.items()
        }
        self.tallier = CauseSummarizer(session)
        self.namespaces: frozenset[str] | None = None
        self.findings = FindingsOptions()

    def refresh(self, delta: Delta) -> set[str]:
        """Add the changes; the ids of the panes that changed."""
        if delta.findings or delta.everything:
            self.tallier.mark()
        return {name for name, view in self.views.items() if view.refresh(delta)}

    def choose_namespaces(self, namespaces: frozenset[str] | None) -> None:
        """Show only objects in these namespaces, and cluster-wide ones."""
        self.namespaces = namespaces
        for view in self.views.values():
            view.set_namespaces(namespaces)

    def count_namespaces(self) -> Counter[str]:
        """The number of rows of all panes in each namespace."""
        counts: Counter[str] = Counter()
        for pane in PANES.values():
            counts.update(namespace for namespace, _ in pane.keys(self.session) if namespace)
        return counts
