"""The trace screen: both families as two lines with a stop at every hop, the broken one marked and explained."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content

from dsview.analysis.hop import Trace
from dsview.analysis.probe_results import Observed, with_observations
from dsview.analysis.probe_targets import plan_for_trace
from dsview.analysis.trace_layout import Line, Role, Signs, hop_lines, summary_line
from dsview.analysis.trace_of_row import trace
from dsview.core.address import FAMILIES, Family
from dsview.core.shell import pasteable
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.sources.redact import RedactedSource
from dsview.ui.actions import Where, bindings_of
from dsview.ui.document import Block, blank, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, GOOD, KEY, MUTED, STRONG, content, lane_style
from dsview.ui.screens.reading import ReadingScreen
from dsview.ui.timers import call_after

if TYPE_CHECKING:
    from dsview.analysis.cluster_view import Delta
    from dsview.analysis.detail_target import Target
    from dsview.ui.workspace import Workspace

_PAUSE_FACTOR = 20
"""The minimum pause after an update, as a multiple of its duration."""

_NO_TRACE = {
    Kind.NODE: "A trace ends at a Node, and none begins there. Enter on the Node shows its Pods; t on one of them "
    "follows both families from its Service to this Node.",
}
"""Why there is no trace of some kinds."""

_STYLES = {
    Role.PLAIN: "",
    Role.LABEL: STRONG,
    Role.V4: lane_style("IPv4"),
    Role.V6: lane_style("IPv6"),
    Role.GOOD: GOOD,
    Role.WARNING: "$flag-warning bold",
    Role.BROKEN: "$flag-error bold",
    Role.CAUSE: "$background on $flag-error bold",
    Role.INK: "$ink",
    Role.MUTED: MUTED,
    Role.FAINT: FAINT,
}


class TraceScreen(ReadingScreen):
    """Shows `dsview.analysis.trace` and follows it while it changes."""

    PARTS: ClassVar[tuple[Where, ...]] = (Where.READING, Where.TRACE)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.TRACE)

    def __init__(self, workspace: Workspace, target: Target, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._workspace = workspace
        self._target = target
        self._trace = trace(workspace.session, target)
        self._observed: Observed | None = None
        self._is_refresh_scheduled = False
        self._traced_at = self._pause = 0.0

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Trace"

    def heading(self) -> Content:
        """The object that is traced."""
        title = self._trace.title if self._trace is not None else safe("/".join(filter(None, self._target[1])))
        return content((" Trace ", MUTED), (title, STRONG), ("   what the API says, hop by hop", FAINT))

    def blocks(self) -> Sequence[Block]:
        """A sentence for each family, then the hops."""
        trace = self._trace
        if trace is None:
            why = _NO_TRACE.get(self._target[0], "No Service leads here, so there is nothing to trace.")
            return [blank(), paragraph(content(why))]
        if self._observed is not None:
            trace = with_observations(trace, self._observed)
        return [
            blank(),
            *(_summary(trace, family, self.glyphs) for family in FAMILIES),
            *_fix(trace),
            blank(),
            Block(lambda width: trace_lines(trace, width, self.glyphs)),
            blank(),
        ]

    def session_changed(self, delta: Delta) -> None:
        """Update; the longer it takes, the longer until the next time, so that keys never wait."""
        if delta and not self._is_refresh_scheduled:
            self._is_refresh_scheduled = True
            call_after(self, max(0.001, self._traced_at + self._pause - time.monotonic()), self._refresh_trace)

    def _refresh_trace(self) -> None:
        """Show the changes."""
        self._is_refresh_scheduled = False
        started = time.monotonic()
        now = trace(self._workspace.session, self._target)
        self._traced_at = time.monotonic()
        self._pause = _PAUSE_FACTOR * (self._traced_at - started)
        if now is not None and now != self._trace:
            self._trace = now
            self.show_heading()
            self.fill()

    def action_copy(self) -> None:
        """Copy the fix of the first broken hop, else the text."""
        if self._trace is not None and self._trace.fix:
            self.app.copy(pasteable(self._trace.fix), "the fix")
        else:
            super().action_copy()

    def action_probe(self) -> None:
        """Show the targets of a probe."""
        session = self._workspace.session
        trace = self._trace
        plan = plan_for_trace(session, trace) if trace is not None else None
        if trace is None or plan is None:
            self.app.show_notice("Only Services, Ingresses, Gateways and their hosts can be probed.")
        elif session.source.kind == "demo" or isinstance(session.source, RedactedSource):
            self.app.show_notice("These addresses are made up, so there is nothing to connect to.")
        else:
            self.app.go.probe(trace.title, plan, self._show_observed)

    def _show_observed(self, observed: Observed) -> None:
        """Show the results of a probe."""
        self._observed = observed
        self.fill()

    def action_detail(self) -> None:
        """The object with its facts and findings."""
        self.app.go.detail(self._target)


def _signs(glyphs: Glyphs) -> Signs:
    return Signs(
        good=glyphs.good,
        broken=glyphs.error,
        flagged=glyphs.warning,
        absent=glyphs.nowhere,
        rail=glyphs.rail,
        broken_rail=glyphs.broken_rail,
        line=glyphs.line,
        ellipsis=glyphs.ellipsis,
    )


def _styled(line: Line) -> Content:
    return content(*((text, _STYLES[role]) if _STYLES[role] else text for text, role in line))


def _summary(trace: Trace, family: Family, glyphs: Glyphs) -> Block:
    return paragraph(_styled(summary_line(trace, family, _signs(glyphs))), hanging=2)


def _fix(trace: Trace) -> list[Block]:
    if not trace.fix:
        return []
    lines = trace.fix.split("\n")
    return [
        paragraph(content(("fix " if n == 0 else "    ", KEY), (t, "$accent")), hanging=4) for n, t in enumerate(lines)
    ]


def trace_lines(trace: Trace, width: int, glyphs: Glyphs) -> list[Content]:
    """The picture in the theme's colours. `width` is in cells."""
    return [_styled(line) for line in hop_lines(trace, width, _signs(glyphs))]
