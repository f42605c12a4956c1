"""The header of the main screen: as much of the cluster's overview as fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from dsview.core.text import safe
from dsview.ui.codes import code_at
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import MUTED, STRONG, content

if TYPE_CHECKING:
    from dsview.analysis.overview import Overview
    from dsview.tables.header import Header
    from dsview.tables.timeline import Latest
    from dsview.ui.app import DsviewApp
    from dsview.ui.header_lines import HeaderLines
    from dsview.ui.workspace import Workspace


_SPARE_SECONDS = 5
"""Seconds after which lines without content are given back to the panes."""


class _Shown(NamedTuple):
    """What the header shows."""

    header: Header
    overview: Overview
    latest: Latest | None


class HeaderBar(Widget):
    """Shows the verdict alone up to the whole overview. Until there is a session, it shows what is being opened."""

    app: DsviewApp

    def __init__(self, source_name: str, *, glyphs: Glyphs) -> None:
        super().__init__()
        self._name = safe(source_name)
        self._glyphs = glyphs
        self._workspace: Workspace | None = None
        self._shown: _Shown | None = None
        self._tallest = 0
        self._tallest_for: object = None
        self._spare_seconds = 0

    def show_opening(self, name: str) -> None:
        """Show that another source is being opened."""
        self._name = safe(name)
        self._workspace = self._shown = None
        self.refresh(layout=True)

    def attach(self, workspace: Workspace) -> None:
        """Show a session."""
        self._workspace = workspace
        self.settle()

    def settle(self) -> None:
        """Shrink to the lines that are needed. After that, lines are added at once but removed only after a while.

        The panes below must not jump.
        """
        self._tallest = 0
        self.read_header()
        self.refresh(layout=True)

    def read_header(self) -> None:
        """Show the current state of the session; nothing is drawn if it is unchanged."""
        from dsview.analysis.overview import overview  # noqa: PLC0415 - rows are imported after the first frame
        from dsview.tables.header import header  # noqa: PLC0415 - as above
        from dsview.tables.timeline import latest  # noqa: PLC0415 - as above

        if self._workspace is None:
            return
        session = self._workspace.session
        state = msgspec.structs.replace(
            header(session, session.time_shown),
            counts=self._workspace.counts(),
            acknowledged=self._workspace.acknowledged.total(),
        )
        before = self._shown
        self._shown = _Shown(state, overview(session, self._workspace.totals), latest(session))
        if self._shown != before:
            width = self.size.width
            self.refresh(layout=before is None or len(self._lines(width)) != self.size.height)

    def tick(self) -> None:
        """Called every second, because the ages of stale sources grow, and lines without content are given back."""
        drawn = self._drawn_lines(self.size.width)
        is_spare = drawn is not None and len(drawn.lines) < self._tallest
        self._spare_seconds = self._spare_seconds + 1 if is_spare else 0
        if self._spare_seconds >= _SPARE_SECONDS:
            self._spare_seconds = 0
            self.settle()
        if self._shown is not None and any(source.age is not None for source in self._shown.header.sources):
            self.read_header()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there is content for; the verdict wraps."""
        return len(self._lines(width))

    def render(self) -> Content:
        """All lines."""
        width = max(1, self.size.width)
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in self._lines(width))

    def on_click(self, event: events.Click) -> None:
        """Go to the clicked cause; else to all findings."""
        drawn = self._drawn_lines(self.size.width)
        cause = drawn.cause_at(event.x, event.y) if drawn is not None else None
        line = drawn.lines[event.y].plain if drawn is not None and event.y < len(drawn.lines) else ""
        code = code_at(line, event.x)
        if code is not None:
            self.app.go.explanation(code)
        elif cause is not None and cause.target is not None:
            self.app.go.detail(cause.target)
        else:
            self.app.go.findings()

    def _drawn_lines(self, width: int) -> HeaderLines | None:
        if self._shown is None:
            return None
        from dsview.ui.header_lines import header_lines  # noqa: PLC0415 - the first frame has no session to show

        return header_lines(*self._shown, (max(1, width), self.app.size.height), self._glyphs)

    def _lines(self, width: int) -> list[Content]:
        drawn = self._drawn_lines(width)
        if drawn is None:
            return [content((" dsview ", STRONG), f" {self._name}"), content((" Connecting", MUTED))]
        size = (width, self.app.size.height)
        if size != self._tallest_for:
            self._tallest_for, self._tallest = size, 0
        self._tallest = max(self._tallest, len(drawn.lines))
        return drawn.lines + [content("")] * (self._tallest - len(drawn.lines))
