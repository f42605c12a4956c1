"""Remembers how the main screen was left and restores it: the pane, its filter and its order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from dsview.config.last_views import LastView, PaneView

if TYPE_CHECKING:
    from dsview.sources.events import Source
    from dsview.tables.view import TableView
    from dsview.ui.screens.main import MainScreen


class LastViews:
    """How each context was left. `recall` returns it, None if unknown; `store` may raise `OSError`."""

    def __init__(self, recall: Callable[[str], LastView | None], store: Callable[[str, LastView], None]) -> None:
        self._recall = recall
        self._store = store

    def restore(self, main: MainScreen, source: Source) -> bool:
        """Restore how the context of the source was left. Returns whether that hides rows."""
        last = self._recall(source.name) if source.kind == "cluster" else None
        return last is not None and _restore(main, last)

    def remember(self, main: MainScreen, source: Source) -> None:
        """Remember how a context is left. This is a convenience, so a full disk is not reported."""
        if source.kind == "cluster":
            with suppress(OSError):
                self._store(source.name, _current_view(main))


def _current_view(main: MainScreen) -> LastView:
    """How the screen is now."""
    views = {pane.pane_id: _view_of(pane.view) for pane in main.panes if pane.view is not None}
    return LastView(pane=main.active.pane_id, panes={name: view for name, view in views.items() if view != PaneView()})


def _view_of(view: TableView) -> PaneView:
    return PaneView(
        filter=view.filter_text,
        only_flagged=view.only_findings,
        sort=view.sort_column or "",
        descending=view.descending,
    )


def _restore(main: MainScreen, last: LastView) -> bool:
    """Restore it; whether some rows are hidden because of that."""
    from dsview.tables.view import FilterError  # noqa: PLC0415 - who leaves early is not to wait for the rows' code

    is_narrowed = False
    for index, pane in enumerate(main.panes):
        wanted, view = last.panes.get(pane.pane_id), pane.view
        if wanted is not None and view is not None:
            if wanted.sort in view.pane.column_ids:
                view.set_sort(wanted.sort, wanted.descending)
            if wanted.only_flagged:
                view.set_only_findings(True)
            # A filter of a later version may be invalid here.
            with suppress(FilterError):
                view.set_filter(wanted.filter)
            is_narrowed = is_narrowed or bool(view.filter_text) or view.only_findings
            pane.restyle()
            pane.refresh_view()
        if pane.pane_id == last.pane and pane is not main.active:
            main.activate(index)
    return is_narrowed
