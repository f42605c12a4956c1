"""The detail screen: an object's facts in two lanes, its findings and fixes, and its related objects."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from dsview.analysis.detail_target import Target, object_of
from dsview.analysis.trace_of_row import trace
from dsview.core.errors import UserError
from dsview.core.shell import pasteable
from dsview.core.text import Safe, safe
from dsview.tables.cells import GAP, NONE
from dsview.tables.detail import Detail, FindingView, detail
from dsview.tables.facts import Fact
from dsview.tables.finding_age import last_write_text
from dsview.ui.actions import Where, bindings_of
from dsview.ui.document import Block, Document, blank, heading, paragraph
from dsview.ui.fitting import fit
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, GOOD, KEY, MUTED, STRONG, content, lane_style, severity_style
from dsview.ui.screens.reading import ReadingScreen

if TYPE_CHECKING:
    from dsview.analysis.cluster_view import Delta
    from dsview.ui.workspace import Workspace

_LABEL = 18
_SHOWN_RELATIVES = 60


class Jump(msgspec.Struct, frozen=True):
    """A block's target: another object."""

    to: Target


class Explain(msgspec.Struct, frozen=True):
    """A block's target: the page of a check."""

    code: str


class DetailScreen(ReadingScreen):
    """Shows `dsview.tables.detail` and follows it while it changes."""

    PARTS: ClassVar[tuple[Where, ...]] = (Where.DOCUMENT, Where.READING, Where.DETAIL)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.DETAIL)

    class ManifestRead(Message):
        """The manifest was read, and says more about some fields."""

        def __init__(self, last_writes: dict[str, Safe]) -> None:
            super().__init__()
            self.last_writes = last_writes

    def __init__(self, workspace: Workspace, target: Target, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._workspace = workspace
        self._target = target
        self._detail = detail(workspace.session, target)
        self._is_gone = self._detail is None
        self._last_writes: dict[str, Safe] = {}

    def on_mount(self) -> None:
        """Fill the screen. If a field is flagged, read its author and time from the manifest, in a daemon thread."""
        super().on_mount()
        fields = {view.field for view in self._detail.findings if view.field} if self._detail is not None else set()
        if fields:
            threading.Thread(target=self._read_last_writes, args=(fields,), name="read-writes", daemon=True).start()

    def _read_last_writes(self, fields: Iterable[str]) -> None:
        kind, key = object_of(self._target)
        try:
            text = self._workspace.session.read_manifest(kind, key)
        except UserError:
            # No requested data is missing; the YAML screen says why it is not available.
            return
        self.post_message(self.ManifestRead({field: last_write_text(text, field) for field in fields}))

    def on_detail_screen_manifest_read(self, event: ManifestRead) -> None:
        """Say it."""
        self._last_writes = event.last_writes
        if any(event.last_writes.values()):
            self.fill()

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return safe(self._target[1][1].partition("|")[0])

    def heading(self) -> Content:
        """Kind and name, and whether it still exists."""
        detail = self._detail
        if detail is None:
            name = safe("/".join(filter(None, self._target[1])))
            return content((f" {name}", STRONG), ("  deleted", "$flag-warning"))
        parts = content((f" {detail.kind} ", MUTED), (detail.title, STRONG), (f"   {detail.subtitle}", FAINT))
        return content(parts, ("   deleted", "$flag-warning")) if self._is_gone else parts

    def blocks(self) -> Sequence[Block]:
        """Findings first, because they are the most important. Then facts, then related objects."""
        detail = self._detail
        if detail is None:
            return [blank(), paragraph(content("It was deleted, or is no longer read. Esc goes back."))]
        return [
            *findings_blocks(detail, self.glyphs, self._last_writes),
            *facts_blocks(detail.facts, self.glyphs),
            *self._relatives_blocks(detail),
        ]

    def session_changed(self, delta: Delta) -> None:
        """Show the changes."""
        if not (delta.everything or delta.changes or delta.findings or delta.nodes or delta.statuses):
            return
        now = detail(self._workspace.session, self._target)
        is_gone = now is None
        if is_gone == self._is_gone and (now is None or now == self._detail):
            return
        self._is_gone = is_gone
        # The last known state of a deleted object stays on the screen.
        self._detail = now or self._detail
        self.show_heading()
        self.fill()

    def on_document_opened(self, event: Document.Opened) -> None:
        """Open the target of the block."""
        match event.target:
            case Jump(to):
                self.app.go.detail(to)
            case Explain(code):
                self.app.go.explanation(code)

    def action_copy(self) -> None:
        """Copy the fix of the selected finding, else of the worst."""
        block = self.document.selected
        fixes = [view.fix for view in self._detail.findings if view.fix] if self._detail is not None else []
        if block is not None and block.copy:
            self.app.copy(pasteable(block.copy), "the fix")
        elif fixes:
            self.app.copy(pasteable(fixes[0]), "the fix")
        else:
            super().action_copy()

    def bar_words(self) -> dict[str, str]:
        """What the keys do with the object."""
        findings = self._detail.findings if self._detail is not None else ()
        words = {} if findings else {"explain": ""}
        return words if any(view.fix for view in findings) else {**words, "copy": "copy text"}

    def action_explain(self) -> None:
        """Explain the selected finding, else the worst."""
        block = self.document.selected
        if block is not None and isinstance(block.target, Explain):
            self.app.go.explanation(block.target.code)
        elif self._detail is not None and self._detail.findings:
            self.app.go.explanation(self._detail.findings[0].check)
        else:
            self.app.show_notice("There are no findings here.")

    def action_yaml(self) -> None:
        """The object as YAML."""
        self.app.go.yaml(self._target)

    def action_trace(self) -> None:
        """Trace the selected relative if it can be traced, else the object itself."""
        block = self.document.selected
        relative = block.target.to if block is not None and isinstance(block.target, Jump) else None
        is_traceable = relative is not None and trace(self._workspace.session, relative) is not None
        self.app.go.trace(relative if relative is not None and is_traceable else self._target)

    def action_findings(self) -> None:
        """All findings."""
        self.app.go.findings()

    def action_timeline(self) -> None:
        """What changed."""
        self.app.go.timeline()

    def _relatives_blocks(self, detail: Detail) -> list[Block]:
        if not detail.relatives:
            return []
        blocks = [heading("Go to", self.glyphs)]
        for relative in detail.relatives[:_SHOWN_RELATIVES]:
            words = content((relative.kind.ljust(_LABEL), MUTED), (relative.label, "$ink"))
            target = Jump(relative.target) if relative.target is not None else None
            blocks.append(paragraph(words, target=target, key=(relative.kind, relative.key)))
        more = len(detail.relatives) - _SHOWN_RELATIVES
        if more > 0:
            blocks.append(paragraph(content((f"and {more:,} more", MUTED))))
        return [*blocks, blank()]


def findings_blocks(detail: Detail, glyphs: Glyphs, last_writes: Mapping[str, Safe]) -> list[Block]:
    """The findings of an object, each with its message, why it matters and the fix.

    `last_writes` holds when and by whom each field was last written, as far as the manifest shows it.
    """
    if not detail.findings and not detail.is_complete:
        return [blank(), paragraph(content(("No findings so far: dsview is still reading.", MUTED)))]
    settling = (
        [paragraph(content(("settling ", STRONG), (f"not judged {detail.settles}", MUTED)))] if detail.settles else []
    )
    if settling and not detail.findings:
        return [blank(), *settling]
    if not detail.findings:
        nothing = content(
            (f"{glyphs.good} No findings. ", GOOD),
            ("This is what the API says; dsview sends no packets to test it.", MUTED),
        )
        return [blank(), paragraph(nothing)]
    blocks: list[Block] = []
    for view in detail.findings:
        blocks += [blank(), _finding_block(view, glyphs, last_writes.get(view.field, Safe("")))]
    return [*blocks, blank(), *settling] if settling else blocks


def _finding_block(view: FindingView, glyphs: Glyphs, last_write: Safe) -> Block:
    style = severity_style(view.severity)
    lines = [
        paragraph(
            content(
                (f"{glyphs.severity(view.severity)} {view.severity.value}  ", style),
                (view.title, STRONG),
                (f"  {view.check} {view.slug}", FAINT),
            ),
            hanging=2,
        ),
        *(paragraph(content((line, "$ink")), indent=2) for line in view.message.split("\n")),
    ]
    if view.observed or view.expected:
        lines += [
            _pair("seen", view.observed, "$flag-warning"),
            _pair("expected", view.expected, "$good"),
        ]
    lines.append(_pair("since", view.since, "$ink"))
    lines.append(_pair("" if view.since else "since", last_write, "$ink"))
    lines.append(_pair("why", view.why, MUTED))
    for number, line in enumerate(view.fix.split("\n")):
        lines.append(_pair("" if number else "fix", line, "$accent"))
    if view.root:
        lines.append(paragraph(content((f"{glyphs.folded} explained by {view.root}", MUTED)), indent=2))
    key = ("finding", view.check, view.message)
    parts = [line for line in lines if line is not None]

    def lay_out(width: int) -> list[Content]:
        return [row for part in parts for row in part.lines(width)]

    return Block(lay_out, target=Explain(view.check), copy=view.fix, key=key)


def _pair(label: str, text: str, style: str) -> Block:
    """A short label with text beside it; a long text is wrapped beside it."""

    def lines(width: int) -> list[Content]:
        if not text:
            return []
        wrapped = Content.assemble((text, style)).wrap(max(10, width - 12))
        return [
            Content.assemble((f"  {'' if number else label:<9} ", KEY if label == "fix" else MUTED), line)
            for number, line in enumerate(wrapped)
        ]

    return Block(lines)


def facts_blocks(facts: Sequence[Fact], glyphs: Glyphs) -> list[Block]:
    """The facts with lanes, side by side under the lanes' names; then the others."""
    lanes = [fact for fact in facts if fact.has_lanes]
    plain = [fact for fact in facts if not fact.has_lanes]
    blocks: list[Block] = []
    if lanes:
        blocks += [blank(), Block(lambda width: [_lane_titles(width, glyphs)])]
        blocks += [_lane_fact(fact, glyphs) for fact in lanes]
    if plain:
        blocks.append(heading("Facts", glyphs))
        blocks += [
            paragraph(content((fact.label.ljust(_LABEL), MUTED), (fact.text, "$ink")), hanging=_LABEL) for fact in plain
        ]
    return blocks


def _lane_width(width: int) -> int:
    return max(8, (width - _LABEL - 3) // 2)


def _lane_titles(width: int, glyphs: Glyphs) -> Content:
    lane = _lane_width(width)
    parts: list[Content | tuple[str, str] | str] = [" " * _LABEL]
    for name in ("IPv4", "IPv6"):
        line = glyphs.line * max(0, lane - len(name) - 1)
        parts += [(f"{name} ", f"{lane_style(name)} bold"), (line, f"{lane_style(name)} 45%")]
        if name == "IPv4":
            parts.append("   ")
    return content(*parts)


def _lane_fact(fact: Fact, glyphs: Glyphs) -> Block:
    def lines(width: int) -> list[Content]:
        lane = _lane_width(width)
        columns = [_lane_lines(fact.v4, "IPv4", lane, glyphs), _lane_lines(fact.v6, "IPv6", lane, glyphs)]
        height = max(1, *(len(column) for column in columns))
        rows: list[Content] = []
        for number in range(height):
            v4, v6 = (column[number] if number < len(column) else Content("") for column in columns)
            label = fact.label if number == 0 else ""
            rule = (f" {glyphs.rule} ", "$rule")
            rows.append(
                content(
                    (fit(label, _LABEL - 1, glyphs.ellipsis) + " ", MUTED),
                    v4.pad_right(lane - v4.cell_length),
                    rule,
                    v6,
                )
            )
        return rows

    return Block(lines)


def _lane_lines(values: Sequence[str], lane: str, width: int, glyphs: Glyphs) -> list[Content]:
    lines: list[Content] = []
    for value in values:
        if value == GAP:
            lines.append(content((glyphs.gap * min(10, width), FAINT)))
        elif value == NONE:
            lines.append(content((glyphs.own(value), MUTED)))
        else:
            address, _, note = value.partition("  ")
            lines += content((address, lane_style(lane)), (f"  {note}" if note else "", FAINT)).wrap(width)
    return lines
