"""The findings screen: causes first, each followed by what it explains; the selected finding in full below."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from dsview.analysis.causes import RootCause, members_text
from dsview.analysis.detail_target import Target, detail_target
from dsview.analysis.not_judged import settling_sentence
from dsview.checks.engine.registry import registry
from dsview.core.shell import pasteable
from dsview.core.text import Safe, safe, safe_lines
from dsview.kinds.metadata import Key
from dsview.tables.cells import Row
from dsview.tables.finding_age import first_seen_text
from dsview.tables.findings import (
    COLUMNS,
    FindingLines,
    Grouping,
    Line,
    LineKind,
    Signs,
    finding_lines,
    fix_of,
    line_row,
)
from dsview.ui.actions import Where, bindings_of
from dsview.ui.breadcrumbs import breadcrumbs
from dsview.ui.document import Block, Document, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.phrases import FAINT, KEY, MUTED, STRONG, Part, content, count_words, spaced
from dsview.ui.searchbar import SearchBar
from dsview.ui.styles import styles_dir
from dsview.ui.table import Table
from dsview.ui.table_search import TableSearch
from dsview.ui.timers import call_after

if TYPE_CHECKING:
    from dsview.analysis.cluster_view import Delta
    from dsview.ui.app import DsviewApp
    from dsview.ui.workspace import Workspace

_NOTHING = "No findings. This is what the API says; dsview sends no packets to test it."
_NOTHING_YET = "No findings so far: dsview is still reading."

REFRESH_INTERVAL = 1.0
"""Seconds between two updates of all findings, however often one changes."""

_SLICE = 0.01
"""Seconds to compute causes before the first frame: enough for most clusters to be complete in it."""

_POLL_INTERVAL = 0.05
"""Seconds after which the screen checks whether the causes are ready."""

_PAUSE_FACTOR = 20
"""The minimum pause after an update, as a multiple of its duration."""


class FindingRows:
    """The rows of the table, made when they become visible: see `dsview.ui.cursor.Rows`."""

    sort_column: str | None = None
    descending = False

    def __init__(self, lines: FindingLines, signs: Signs) -> None:
        self._lines = lines
        self._signs = signs

    def __len__(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Row:
        """The row at a position."""
        return line_row(self._lines[index], self._signs)

    def key_at(self, index: int) -> Key:
        """The key at a position."""
        return self._lines[index].key

    def index_of(self, key: Key) -> int | None:
        """The position of a finding."""
        return self._lines.index_of(key)

    def line(self, index: int) -> Line | None:
        """The line at a position, if any."""
        return self._lines[index] if index < len(self._lines) else None


class FindingsScreen(TableSearch):
    """A table of findings above the selected one in full."""

    CSS_PATH: ClassVar[Path] = styles_dir() / "reading.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.FINDINGS)
    app: DsviewApp

    def __init__(self, workspace: Workspace, *, glyphs: Glyphs) -> None:
        super().__init__()
        self._workspace = workspace
        self._session = workspace.session
        self._glyphs = glyphs
        self._pause = REFRESH_INTERVAL
        self._refreshed_at = 0.0
        self._is_refresh_scheduled = False
        self._causes: Sequence[RootCause] = ()
        self._rows = self._make_rows()

    def _make_rows(self) -> FindingRows:
        """Read all findings. The longer that takes, the longer the following pause, so that keys never wait."""
        started = time.monotonic()
        self._workspace.summarizer.work(_SLICE)
        self._causes = self._workspace.summarizer.causes
        rows = FindingRows(
            finding_lines(self._session, self._causes, self._workspace.findings_options),
            Signs(self._glyphs.folded, self._glyphs.more, self._glyphs.opened),
        )
        self._refreshed_at = time.monotonic()
        self._pause = max(REFRESH_INTERVAL, _PAUSE_FACTOR * (self._refreshed_at - started))
        return rows

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(self._heading(), id="heading")
        yield Table(glyphs=self._glyphs, id="findings")
        selected = Document(glyphs=self._glyphs, id="selected-finding")
        selected.can_focus = False
        yield selected
        yield SearchBar(id="search")
        yield KeyBar(Where.TABLE, Where.FINDINGS)

    def on_mount(self) -> None:
        """Fill it."""
        self._show_heading()
        table = self.query_one(Table)
        table.show_status(self._why_empty())
        table.show(self._rows, COLUMNS)
        if self._session.was_settled:
            table.stay()
        self.set_focus(table)
        self._show_selected()
        self._schedule_refresh()

    def session_changed(self, delta: Delta) -> None:
        """Update, but not too often."""
        if delta.findings or delta.everything or delta.statuses:
            self._schedule_refresh()

    def _schedule_refresh(self) -> None:
        if not self._is_refresh_scheduled:
            self._is_refresh_scheduled = True
            pause = max(_POLL_INTERVAL, self._refreshed_at + self._pause - time.monotonic())
            call_after(self, pause, self._refresh_when_ready)

    def _refresh_when_ready(self) -> None:
        """Update once the causes are current."""
        summarizer = self._workspace.summarizer
        if summarizer.has_work and summarizer.causes is self._causes:
            call_after(self, _POLL_INTERVAL, self._refresh_when_ready)
        else:
            self._is_refresh_scheduled = False
            self._refresh()

    def _why_empty(self) -> str:
        if not self._session.was_settled:
            return _NOTHING_YET
        settling = settling_sentence(self._session.settling)
        return f"No findings so far. {settling}" if settling else _NOTHING

    def _refresh(self) -> None:
        self._rows = self._make_rows()
        table = self.query_one(Table)
        table.show_status(self._why_empty())
        table.replace_rows(self._rows)
        if self._session.was_settled:
            table.stay()
        self.rows_replaced()
        self._show_heading()
        self._show_selected()

    def _show_heading(self) -> None:
        self.query_one("#heading", Static).update(content(breadcrumbs(self, self._glyphs), self._heading()))

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Findings"

    def _heading(self) -> Content:
        counts = count_words(self._workspace.counts(), self._glyphs)
        options, exempted = self._workspace.findings_options, self._session.exempted
        number = self._workspace.totals.causes
        causes = (f"{number:,} cause{'' if number == 1 else 's'}", "$ink")
        parts: list[Part] = [(" Findings", STRONG), *([causes] if number else []), *counts]
        if options.acknowledged:
            parts.append(
                (f"{len(options.acknowledged):,} acknowledged", "$accent" if options.with_acknowledged else MUTED)
            )
        if exempted:
            parts.append((f"{exempted:,} exempted", "$accent" if options.with_exempted else MUTED))
        if options.grouping is not Grouping.SEVERITY:
            parts.append((f"by {options.grouping.value}", "$accent"))
        return spaced(parts, "   ")

    def _selected(self) -> Line | None:
        return self._rows.line(self.query_one(Table).cursor_index)

    def _show_selected(self) -> None:
        line = self._selected()
        finding = line.finding if line is not None and line.kind is not LineKind.EXEMPTED else None
        first_seen = first_seen_text(self._session, finding) if finding is not None else Safe("")
        self.query_one("#selected-finding", Document).show(
            selected_finding_blocks(line, first_seen) if line is not None else []
        )
        self.query_one(KeyBar).follow()

    def bar_words(self) -> dict[str, str]:
        """What the keys do with the selected line."""
        line = self._selected()
        if line is None:
            return dict.fromkeys(("open", "trace", "copy", "acknowledge", "explain"), "")
        is_closed = "unfold" if not line.is_open else "fold up"
        has_target = self._target() is not None
        words = {"open": is_closed if line.has_several else "open" if has_target else "explain"}
        if not has_target:
            words |= {"trace": "", "yaml": ""}
        if not self._code_of(line):
            words |= {"explain": "", **({} if line.has_several or has_target else {"open": ""})}
        if line.finding is None or line.kind is LineKind.EXEMPTED:
            words["acknowledge"] = ""
        elif line.kind is LineKind.ACKNOWLEDGED:
            words["acknowledge"] = "undo"
        if line.finding is None or not fix_of(line.finding):
            words["copy"] = "copy text"
        return words

    def _code_of(self, line: Line) -> str:
        """The check of a line, if it has one."""
        code = line.finding.check if line.finding is not None else line.key[1]
        return code if code in registry() else ""

    def on_table_moved(self) -> None:
        """Another finding is selected."""
        self._show_selected()

    def _target(self) -> Target | None:
        """The detail of the object of the selected finding."""
        line = self._selected()
        if line is None or line.finding is None:
            return None
        return detail_target(self._session, line.finding.object)

    def on_table_opened(self) -> None:
        """Show the findings of the line one by one, or go to the object."""
        line = self._selected()
        if line is not None and line.group is not None and line.has_several:
            self._change_options(opened=self._workspace.findings_options.opened ^ {line.group.id})
            return
        target = self._target()
        if target is not None:
            self.app.go.detail(target)
        else:
            self.action_explain()

    def _change_options(self, **changes: object) -> None:
        """Change how the findings are shown."""
        self._workspace.findings_options = msgspec.structs.replace(self._workspace.findings_options, **changes)
        self._refresh()
        self.app.main.read_header()

    def action_group(self) -> None:
        """Switch to the next grouping."""
        every = list(Grouping)
        at = every.index(self._workspace.findings_options.grouping)
        self._change_options(grouping=every[(at + 1) % len(every)])

    def action_fold(self) -> None:
        """Hide or show what causes explain."""
        self._change_options(is_folded=not self._workspace.findings_options.is_folded)

    def action_acknowledge(self) -> None:
        """Acknowledge the cause, or undo it."""
        line = self._selected()
        if line is None or line.finding is None or line.kind is LineKind.EXEMPTED:
            self.app.show_notice("Only a finding can be acknowledged.")
            return
        self._change_options(acknowledged=self._workspace.findings_options.acknowledged ^ {line.cause})
        if line.kind is not LineKind.ACKNOWLEDGED:
            self.app.show_notice("Acknowledged for this session. A shows acknowledged causes.")

    def action_acknowledged(self) -> None:
        """Show or hide acknowledged causes."""
        options = self._workspace.findings_options
        if not options.acknowledged:
            self.app.show_notice("No cause is acknowledged.")
        self._change_options(with_acknowledged=not options.with_acknowledged)

    def action_exempted(self) -> None:
        """Show or hide exempted findings."""
        if not self._session.exempted:
            self.app.show_notice("Nothing is exempted.")
        self._change_options(with_exempted=not self._workspace.findings_options.with_exempted)

    def action_back(self) -> None:
        """End the search; without one, go back."""
        if not self.end_search():
            self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy the fix, else the message."""
        line = self._selected()
        if line is None:
            return
        fix = fix_of(line.finding) if line.finding is not None else ""
        if fix:
            self.app.copy(pasteable(fix), "the fix")
        else:
            self.app.copy(line.finding.message if line.finding is not None else line.text, "the message")

    def action_copy_row(self) -> None:
        """Copy the finding: its check, object and message, and the fix below."""
        line = self._selected()
        if line is None:
            return
        finding = line.finding
        if finding is None:
            parts = ["  ".join(cell.text for cell in line_row(line).cells if cell.text)]
        else:
            about = line.group.title if line.group is not None else safe(str(finding.object))
            words = (finding.check, registry()[finding.check].slug, about, finding.family or "")
            parts = ["  ".join(filter(None, words)), finding.message, fix_of(finding)]
        self.app.copy("\n".join(filter(None, parts)), "the finding")

    def action_explain(self) -> None:
        """Explain the check."""
        line = self._selected()
        code = self._code_of(line) if line is not None else ""
        if code:
            self.app.go.explanation(code)
        else:
            self.app.show_notice("This line has no check to explain.")

    def action_timeline(self) -> None:
        """What changed."""
        self.app.go.timeline()

    def action_trace(self) -> None:
        """Trace the object."""
        target = self._target()
        if target is not None:
            self.app.go.trace(target)
        else:
            self.app.show_notice("This finding has no object to trace.")

    def action_yaml(self) -> None:
        """The object as YAML."""
        target = self._target()
        if target is not None:
            self.app.go.yaml(target)


def selected_finding_blocks(line: Line, first_seen: Safe) -> list[Block]:
    """The selected finding in full: object, message, observed and expected values, time, fix."""
    finding = line.finding
    if finding is None:
        return [paragraph(content((line.text, MUTED)))]
    check = registry()[finding.check].slug if finding.check in registry() else ""
    group = line.group
    about = group.title if group is not None else safe(str(finding.object))
    kind, _, name = about.partition(" ")
    blocks = [paragraph(content((f"{kind} ", MUTED), (name, STRONG), (f"  {finding.check} {check}", FAINT)))]
    if group is not None and line.has_several:
        blocks.append(paragraph(content((f"{group.amount} ", STRONG), (members_text(group), MUTED)), hanging=2))
    is_example = group is not None and len({each.object for each in group.findings}) > 1
    message = f"For example {finding.object.name}: {finding.message}" if is_example else finding.message
    parts = safe_lines(message).split("\n")
    blocks += [paragraph(content((part, "$ink"))) for part in parts]
    if finding.observed or finding.expected:
        seen = content(
            ("seen ", MUTED), (safe(finding.observed or "nothing"), "$flag-warning"),
            ("   expected ", MUTED), (safe(finding.expected or "nothing"), "$good"),
        )  # fmt: skip
        blocks.append(paragraph(seen))
    if first_seen:
        blocks.append(paragraph(content(("since ", MUTED), (first_seen, "$ink")), hanging=6))
    fix = (part for part in fix_of(finding).split("\n") if part)
    return blocks + [paragraph(content(("fix ", KEY), (part, "$accent")), hanging=4) for part in fix]
