"""Lets the views of panes continue work that takes longer than one frame, such as the search for a filter's text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dsview.ui.pane import Pane
from dsview.ui.refresh_loop import BREATH, SLICE
from dsview.ui.timers import CallAfter


class BackgroundWork:
    """Works on the UI thread, in slices of `SLICE` seconds with pauses in which keys are handled and frames are drawn.

    `on_change` receives each pane whose rows have changed.
    """

    def __init__(self, call_after: CallAfter, on_change: Callable[[Pane], None]) -> None:
        self._call_after = call_after
        self._on_change = on_change
        self._is_scheduled = False

    def resume(self, panes: Sequence[Pane]) -> None:
        """Continue until no view of the panes has work left. No effect if this is already being done."""
        if self._is_scheduled or not any(pane.view is not None and pane.view.has_work for pane in panes):
            return
        self._is_scheduled = True
        self._call_after(BREATH, lambda: self._work(panes))

    def _work(self, panes: Sequence[Pane]) -> None:
        self._is_scheduled = False
        for pane in panes:
            if pane.view is not None and pane.view.work(SLICE):
                self._on_change(pane)
        self.resume(panes)
