"""Shows the targets of a probe. Enter starts it, and the trace shows the results."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from dsview.analysis.probe_results import Connection, Observed, Outcome, in_words, record_in_words
from dsview.analysis.probe_targets import ProbePlan, ProbeTarget
from dsview.core.address import FAMILIES
from dsview.core.finding import ObjectRef
from dsview.core.text import Safe, safe
from dsview.session.prober import CONNECT_TIMEOUT, Prober
from dsview.ui.actions import Where, bindings_of
from dsview.ui.document import Block, blank, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.phrases import FAINT, GOOD, MUTED, STRONG, content, lane_style
from dsview.ui.screens.reading import ReadingScreen

_ROLE = 14
_PLACE = 28
_INDENT = 2

_BEFORE = (
    "Nothing is sent until you press Enter. Then this machine connects to each address by TCP and closes at once, "
    f"{CONNECT_TIMEOUT:g} s for each, and looks up the hosts."
)
_AFTER = "The results are valid for this machine at this time and change no findings. The trace shows them."


class ProbeScreen(ReadingScreen):
    """Shows the plan, connects after Enter, and then shows the results and passes them to `observed`."""

    PARTS: ClassVar[tuple[Where, ...]] = (Where.READING, Where.PROBE)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.PROBE)

    class Done(Message):
        """The probe has finished."""

        def __init__(self, observed: Observed) -> None:
            super().__init__()
            self.observed = observed

    def __init__(self, title: Safe, plan: ProbePlan, observed: Callable[[Observed], None], *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._title = title
        self._plan = plan
        self._on_observed = observed
        self._prober: Prober | None = None
        self._observed: Observed | None = None

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Probe"

    @property
    def _may_send(self) -> bool:
        """Whether there is something to test, and nothing was sent yet."""
        return self._prober is None and bool(self._plan.targets or self._plan.hosts)

    def bar_words(self) -> dict[str, str]:
        """Whether there is something to send."""
        words = super().bar_words()
        return words if self._may_send else {**words, "send": ""}

    def heading(self) -> Content:
        """The target and the progress."""
        if self._observed is not None:
            state = f"observed from {self._observed.machine}"
        else:
            state = f"connecting{self.glyphs.ellipsis}" if self._prober is not None else "nothing sent yet"
        return content((" Probe ", MUTED), (self._title, STRONG), (f"   {state}", FAINT))

    def blocks(self) -> Sequence[Block]:
        """The plan, or the results."""
        blocks = [blank(), paragraph(content((_AFTER if self._observed is not None else _BEFORE, MUTED)))]
        if not self._plan.targets and not self._plan.hosts:
            blocks = [blank(), paragraph(content("There is nothing to test from outside the cluster."))]
        rows = list(self._rows())
        blocks += [blank(), *rows, blank()] if rows else [blank()]
        blocks += [paragraph(content((f"Note: {note}", MUTED))) for note in self._plan.notes]
        if self._plan.inside:
            blocks.append(paragraph(content(("From inside the cluster, run this yourself:", MUTED))))
            blocks += [
                paragraph(content((command, "$accent")), indent=_INDENT, hanging=_INDENT, copy=command)
                for command in self._plan.inside
            ]
        return blocks

    def _rows(self) -> Iterator[Block]:
        before: ObjectRef | None = None
        observed = self._observed
        rows: Sequence[ProbeTarget | Connection] = self._plan.targets if observed is None else observed.connections
        for row in rows:
            target = row.target if isinstance(row, Connection) else row
            if target.about != before:
                before = target.about
                yield paragraph(content((safe(str(target.about)), STRONG)))
            words = (in_words(row), _style(row.outcome)) if isinstance(row, Connection) else ""
            yield paragraph(
                content(
                    (target.family, lane_style(target.family)),
                    (f"  {target.role.value:<{_ROLE}}", MUTED),
                    (f"{target.place:<{_PLACE}}  ", "$ink"),
                    words,
                ),
                indent=_INDENT,
                hanging=_INDENT,
            )
        hosts = self._plan.hosts if observed is None else ()
        for host in hosts:
            yield paragraph(content((safe(f"Host {host.name}"), STRONG), ("  look up A and AAAA", MUTED)))
        for lookup in observed.lookups if observed is not None else ():
            yield paragraph(content((safe(f"Host {lookup.host.name}"), STRONG)))
            for family in FAMILIES:
                style = "$flag-error bold" if lookup.lacks(family) else "$ink"
                line = content((f"{family}  ", lane_style(family)), (record_in_words(lookup, family), style))
                yield paragraph(line, indent=_INDENT, hanging=_INDENT)

    def action_send(self) -> None:
        """Send, once."""
        if not self._may_send:
            return
        prober = self._prober = Prober(self._plan)
        # A daemon thread, so that quitting never waits for a resolver.
        threading.Thread(
            target=lambda: self.post_message(self.Done(prober.run())), name="dsview-probe-all", daemon=True
        ).start()
        self.show_heading()
        self.query_one(KeyBar).follow()

    def on_probe_screen_done(self, event: Done) -> None:
        """Show the results."""
        self._observed = event.observed
        self._on_observed(event.observed)
        self.show_heading()
        self.fill()

    def on_unmount(self) -> None:
        """Start no more connections."""
        if self._prober is not None:
            self._prober.stop()


def _style(outcome: Outcome) -> str:
    if outcome is Outcome.OPEN:
        return GOOD
    return "$flag-error bold" if outcome.was_tried else MUTED
