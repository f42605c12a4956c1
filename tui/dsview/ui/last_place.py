"""Remembers how the main screen was left and restores it: the pane, its filter and its order."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dsview.config.last_views import LastView, PaneView

if TYPE_CHECKING:
    from dsview.tables.view import TableView
    from dsview.ui.screens.main import MainScreen


def place_of(main: MainScreen) -> LastView:
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


def restore(main: MainScreen, last: LastView) -> bool:
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
