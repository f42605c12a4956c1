"""The findings screen: everything that is wrong, causes first, what they explain below; the whole story beneath."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from dsview.checks.registry import REGISTRY
from dsview.model.objects import Key
from dsview.model.text import Safe, safe
from dsview.rows.cells import Cell, Column, Row, Tone
from dsview.rows.findings import FindingRow, finding_groups
from dsview.rows.since import since_text
from dsview.session.session import Session
from dsview.ui.actions import Where, bindings_of
from dsview.ui.document import Block, Document, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.styles import styles_dir
from dsview.ui.table import Table
from dsview.ui.trail import trail
from dsview.ui.words import FAINT, KEY, MUTED, STRONG, content, count_words, spaced

if TYPE_CHECKING:
    from dsview.session.session import Delta
    from dsview.ui.app import DsviewApp
    from dsview.ui.workspace import Workspace

_NOTHING = "Nothing is flagged. That is what the API says; dsview sends no packets to try it."
_NOTHING_YET = "Nothing is flagged so far: dsview is still reading."

REFRESH_EVERY = 1.0
"""Seconds between two looks at all findings, however often one changes."""

COLUMNS = (
    Column(id="check", title="Check", help="The code of the check.", width=13, max_width=16),
    Column(id="slug", title="Name", help="The name of the check.", width=12, max_width=30, priority=3),
    Column(id="object", title="Object", help="What is to be changed.", width=18, max_width=44),
    Column(id="family", title="Family", help="The address family concerned.", width=6, priority=2),
    Column(id="message", title="What is wrong", help="In a sentence.", width=20, max_width=200),
)


class Line(msgspec.Struct, frozen=True):
    """A line of the list: a finding, or a check that was not evaluated and why."""

    row: Row
    finding: FindingRow | None
    reason: Safe = Safe("")


class FindingLines:
    """The rows of the table: see `dsview.ui.table.Rows`."""

    sort_column: str | None = None
    descending = False

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._index = {line.row.key: number for number, line in enumerate(lines)}

    def __len__(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Row:
        """The row at a position."""
        return self._lines[index].row

    def key_at(self, index: int) -> Key:
        """The key at a position."""
        return self._lines[index].row.key

    def index_of(self, key: Key) -> int | None:
        """Where a finding is now."""
        return self._index.get(key)

    def line(self, key: Key) -> Line | None:
        """The line of a key."""
        index = self._index.get(key)
        return self._lines[index] if index is not None else None


def finding_lines(session: Session, glyphs: Glyphs) -> list[Line]:
    """Causes, worst first, each with what it explains; then what was not evaluated."""
    lines: list[Line] = []
    for group in finding_groups(session):
        lines.append(_line(group.root, ""))
        lines += [_line(row, f"{glyphs.folded} ") for row in group.explains]
    for item in session.not_evaluated():
        cells = (
            Cell(safe(item.check), Tone.MUTED),
            Cell(safe(REGISTRY[item.check].slug), Tone.MUTED),
            Cell(Safe("not evaluated"), Tone.MUTED),
            Cell(Safe("")),
            Cell(safe(item.reason), Tone.MUTED),
        )
        lines.append(Line(Row(("not evaluated", item.check), cells), None, safe(item.reason)))
    return lines


def _line(found: FindingRow, indent: str) -> Line:
    finding = found.finding
    key = (finding.check, f"{finding.object}|{finding.family or ''}|{finding.field or ''}")
    tone = Tone.MUTED if indent else Tone.PLAIN
    cells = (
        Cell(safe(indent + found.check), tone),
        Cell(safe(REGISTRY[found.check].slug), tone),
        Cell(found.object, tone),
        Cell(safe(finding.family or ""), tone),
        Cell(safe(found.message.partition("\n")[0]), tone),
    )
    return Line(Row(key, cells, (finding,)), found)


class FindingsScreen(Screen[None]):
    """A table of findings above the selected one in full."""

    CSS_PATH: ClassVar[Path] = styles_dir() / "reading.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.FINDINGS)
    app: DsviewApp

    def __init__(self, workspace: Workspace, *, glyphs: Glyphs) -> None:
        super().__init__()
        self._session = workspace.session
        self._glyphs = glyphs
        self._lines = FindingLines(finding_lines(self._session, glyphs))
        self._read_at = time.monotonic()
        self._is_waiting = False

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(self._heading(), id="heading")
        yield Table(glyphs=self._glyphs, id="findings")
        story = Document(glyphs=self._glyphs, id="story")
        story.can_focus = False
        yield story
        yield KeyBar(Where.TABLE, Where.FINDINGS)

    def on_mount(self) -> None:
        """Fill it."""
        self._show_heading()
        table = self.query_one(Table)
        table.say(_NOTHING if self._session.was_settled else _NOTHING_YET)
        table.show(self._lines, COLUMNS)
        table.focus()
        self._tell()

    def session_changed(self, delta: Delta) -> None:
        """Look again, not too often."""
        if not (delta.findings or delta.everything) or self._is_waiting:
            return
        self._is_waiting = True
        self.set_timer(max(0.05, self._read_at + REFRESH_EVERY - time.monotonic()), self._read)

    def _read(self) -> None:
        self._is_waiting = False
        self._read_at = time.monotonic()
        self._lines = FindingLines(finding_lines(self._session, self._glyphs))
        table = self.query_one(Table)
        table.replace_rows(self._lines)
        self._show_heading()
        self._tell()

    def _show_heading(self) -> None:
        self.query_one("#heading", Static).update(content(trail(self, self._glyphs), self._heading()))

    @property
    def crumb(self) -> str:
        """The name in the trail."""
        return "Findings"

    def _heading(self) -> Content:
        counts = count_words(self._session.counts(), self._glyphs)
        exempted = self._session.exempted
        parts = [content((" Findings", STRONG)), *(content(part) for part in counts)]
        if exempted:
            parts.append(content((f"{exempted:,} exempted", MUTED)))
        return spaced(parts, "   ")

    def _selected(self) -> Line | None:
        key = self.query_one(Table).cursor_key
        return self._lines.line(key) if key is not None else None

    def _tell(self) -> None:
        line = self._selected()
        found = line.finding if line is not None else None
        since = since_text(self._session, found.finding) if found is not None else Safe("")
        self.query_one("#story", Document).show(story_blocks(line, since) if line is not None else [])

    def on_table_moved(self) -> None:
        """Another finding is selected."""
        self._tell()

    def on_table_opened(self) -> None:
        """Go to the object."""
        line = self._selected()
        if line is not None and line.finding is not None and line.finding.pane_id:
            self.app.go.detail(line.finding.pane_id, line.finding.key)
        elif line is not None:
            self.action_explain()

    def action_back(self) -> None:
        """Back to where one came from."""
        self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy the fix, else the message."""
        line = self._selected()
        if line is None:
            return
        if line.finding is not None and line.finding.fix:
            self.app.copy(line.finding.fix, "the fix")
        else:
            self.app.copy(line.finding.message if line.finding is not None else line.reason, "the message")

    def action_explain(self) -> None:
        """What the check is about."""
        line = self._selected()
        if line is not None:
            self.app.go.explanation(line.finding.check if line.finding is not None else line.row.key[1])

    def action_timeline(self) -> None:
        """What changed."""
        self.app.go.timeline()

    def action_trace(self) -> None:
        """Trace the object."""
        line = self._selected()
        if line is not None and line.finding is not None and line.finding.pane_id:
            self.app.go.trace(line.finding.pane_id, line.finding.key)
        else:
            self.app.say("This finding has no object that could be traced.")

    def action_yaml(self) -> None:
        """The object as YAML."""
        line = self._selected()
        if line is not None and line.finding is not None and line.finding.pane_id:
            self.app.go.yaml(line.finding.pane_id, line.finding.key)


def story_blocks(line: Line, since: Safe) -> list[Block]:
    """The selected finding in full: message, what was seen and expected, since when, the fix."""
    found = line.finding
    if found is None:
        return [paragraph(content((line.reason, MUTED)))]
    finding = found.finding
    blocks = [paragraph(content((part, "$ink"))) for part in found.message.split("\n")]
    if finding.observed or finding.expected:
        seen = content(
            ("seen ", MUTED), (safe(finding.observed or "nothing"), "$flag-warning"),
            ("   expected ", MUTED), (safe(finding.expected or "nothing"), "$good"),
        )  # fmt: skip
        blocks.append(paragraph(seen))
    if since:
        blocks.append(paragraph(content(("since ", MUTED), (since, "$ink")), hanging=6))
    blocks += [
        paragraph(content(("fix ", KEY), (part, "$accent")), hanging=4) for part in found.fix.split("\n") if part
    ]
    return blocks or [paragraph(content(("", FAINT)))]
