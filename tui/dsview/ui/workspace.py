"""A session and the views on it: what the panes, the header and the other screens show.

This module is imported after the first frame, since it brings the checks along.
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
"""Seconds for which a filter may look for rows before the screen is painted."""


class Workspace:
    """One session with a view for each pane. `namespaces` is None where all are shown.

    `findings` is how the list of findings is looked at: it stays so when one comes back to it.
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
        """Take in what changed; the ids of the panes that look different now."""
        if delta.findings or delta.everything:
            self.tallier.mark()
        return {name for name, view in self.views.items() if view.refresh(delta)}

    def choose_namespaces(self, namespaces: frozenset[str] | None) -> None:
        """Show only objects of these; cluster-wide ones stay."""
        self.namespaces = namespaces
        for view in self.views.values():
            view.set_namespaces(namespaces)

    def count_namespaces(self) -> Counter[str]:
        """How many rows of all panes there are in each namespace."""
        counts: Counter[str] = Counter()
        for pane in PANES.values():
            counts.update(namespace for namespace, _ in pane.keys(self.session) if namespace)
        return counts
