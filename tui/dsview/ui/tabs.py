"""The tab line: the panes in a few words each, for screens where one of them is shown alone."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class PaneTabs(Widget):
    """One line; the active pane is lit, a click goes to another."""

    class Chosen(Message):
        """A pane was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self) -> None:
        super().__init__()
        self._tabs: list[list[Content]] = []
        self._active = 0
        self._ends: list[int] = []

    def show(self, tabs: list[list[Content]], active: int) -> None:
        """Show other tabs. Each has several wordings, the longest first."""
        self._tabs, self._active = tabs, active
        self.refresh()

    def render(self) -> Content:
        """The tabs beside each other, in the longest wording in which all of them fit."""
        self._ends = []
        line = Content("")
        for index, tab in enumerate(self._fitting(self.size.width)):
            padded = Content.assemble(" ", tab, " ")
            if index == self._active:
                padded = padded.stylize_before("on $cell-cursor")
            line = Content.assemble(line, " ", padded) if index else padded
            self._ends.append(line.cell_length + 1)
        return line

    def _fitting(self, width: int) -> list[Content]:
        chosen: list[Content] = []
        for level in range(max((len(tab) for tab in self._tabs), default=0)):
            chosen = [tab[min(level, len(tab) - 1)] for tab in self._tabs]
            if sum(tab.cell_length + 3 for tab in chosen) <= width + 1:
                break
        return chosen

    def on_click(self, event: events.Click) -> None:
        """Go to the pane that was clicked."""
        for index, end in enumerate(self._ends):
            if event.x < end:
                self.post_message(self.Chosen(index))
                return
