"""The head of the main screen: which cluster, its mode, what is flagged, and how each source is doing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from dsview.ui.glyphs import Glyphs
from dsview.ui.words import MUTED, STRONG, content

if TYPE_CHECKING:
    from dsview.rows.header import Header
    from dsview.ui.workspace import Workspace


class Masthead(Widget):
    """Two lines, and one more for each banner. Until there is a session it says what is being opened."""

    def __init__(self, source_name: str, *, glyphs: Glyphs) -> None:
        super().__init__()
        self._name = source_name
        self._glyphs = glyphs
        self._workspace: Workspace | None = None
        self._header: Header | None = None

    def say_opening(self, name: str) -> None:
        """Say that another source is being opened."""
        self._name = name
        self._workspace = self._header = None
        self.refresh(layout=True)

    def attach(self, workspace: Workspace) -> None:
        """Show a session."""
        self._workspace = workspace
        self.read_header()

    def read_header(self) -> None:
        """Show what the session says now; nothing is drawn where that is the same."""
        from dsview.rows.header import header  # noqa: PLC0415 - rows are imported after the first frame

        if self._workspace is None:
            return
        now = header(self._workspace.session, time.time())
        before, self._header = self._header, now
        if now != before:
            self.refresh(layout=before is None or len(before.banners) != len(now.banners))

    def tick(self) -> None:
        """A second went by: the ages of stale sources grow."""
        if self._header is not None and any(source.age is not None for source in self._header.sources):
            self.read_header()

    def render(self) -> Content:
        """All lines."""
        width = max(1, self.size.width)
        if self._header is None:
            lines = [content((" dsview ", STRONG), f" {self._name}"), content((" Connecting", MUTED))]
        else:
            from dsview.ui.headline import headlines  # noqa: PLC0415 - there is nothing to say in the first frame

            lines = headlines(self._header, width, self._glyphs)
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)
