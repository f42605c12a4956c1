"""The sources screen: the state of each kind, the reason, and the requests that were sent for it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.content import Content

from dsview.analysis.cluster_view import Delta
from dsview.tables.sources import SourceRow, source_rows, total, traffic_words
from dsview.ui.document import Block, blank, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.header_lines import health_style
from dsview.ui.phrases import MUTED, STRONG, content
from dsview.ui.screens.reading import ReadingScreen
from dsview.ui.workspace import Workspace

_NAME, _HEALTH = 33, 16
_INDENT = 2


class SourcesScreen(ReadingScreen):
    """Follows the session. The requests are also read once a second, because their number grows all the time."""

    def __init__(self, workspace: Workspace, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._session = workspace.session

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Sources"

    def on_mount(self) -> None:
        """Fill the screen, now and once a second."""
        super().on_mount()
        self.set_interval(1.0, self.fill)

    def session_changed(self, delta: Delta) -> None:
        """Show the current state."""
        if delta.statuses:
            self.fill()

    def heading(self) -> Content:
        """The title line."""
        return content((" Sources", STRONG))

    def blocks(self) -> Sequence[Block]:
        """A line for each kind, with the reason below it if there is one, and the total."""
        rows = source_rows(self._session, time.time())
        blocks = [blank()]
        for row in rows:
            blocks += self._row(row)
        traffic = total(rows)
        if traffic is None:
            sentence = "Nothing was asked of a server."
        else:
            sentence = (
                f"Asked of the server so far: {traffic_words(traffic)}. Each kind is listed once and then watched."
            )
        for note in self._session.state.notes:
            blocks += [blank(), paragraph(content((note, "$ink")), indent=_INDENT, copy=note)]
        return [*blocks, blank(), paragraph(content((sentence, MUTED)), indent=_INDENT)]

    def _row(self, row: SourceRow) -> list[Block]:
        health = row.health
        objects = f"{row.count:,} {'object' if row.count == 1 else 'objects'}"
        traffic = f", {traffic_words(row.traffic)}" if row.traffic is not None else ""
        line = content(
            (health.kind.ljust(_NAME), "$ink"),
            (health.text.ljust(_HEALTH), health_style(health.health)),
            (objects, "$ink"),
            (traffic, MUTED),
        )
        blocks = [paragraph(line, indent=_INDENT, hanging=_INDENT)]
        if health.reason:
            blocks.append(paragraph(content((health.reason, MUTED)), indent=2 * _INDENT, copy=health.reason))
        blocks += [paragraph(content((text, MUTED)), indent=2 * _INDENT, copy=text) for text in row.unread]
        return blocks
