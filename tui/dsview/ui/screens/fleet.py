"""The fleet: a row for each cluster, the worst first, or a row for each finding of all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from dsview.analysis.fleet import Contact, FleetTotals, Member, totals
from dsview.core.text import safe
from dsview.kinds.metadata import Key
from dsview.tables.filter import FilterError
from dsview.tables.fleet import ClusterRows, FleetFindingRows, FleetRows
from dsview.ui.actions import Where, bindings_of
from dsview.ui.codes import codes_in
from dsview.ui.filter_line import FilterLine
from dsview.ui.filterbar import FilterBar
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.phrases import MUTED, STRONG, Part, count_words, spaced
from dsview.ui.screens.choose import Choice, ChooseScreen
from dsview.ui.sorting import choose_sort
from dsview.ui.styles import styles_dir
from dsview.ui.table import Table

if TYPE_CHECKING:
    from dsview.ui.fleet_app import FleetApp

_CLUSTERS = "clusters"
"""Where the keys of the findings lead back to."""

_AGE_INTERVAL = 5.0
"""Seconds between two looks at the clock for ages: each of them paints every row anew."""


class FleetScreen(Screen[None]):
    """A table that follows the clusters. `update_member` is called from any thread, everything else by the screen."""

    CSS_PATH: ClassVar[Path] = styles_dir() / "reading.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.FLEET)
    app: FleetApp
    is_root = True

    def __init__(self, names: Sequence[str], *, glyphs: Glyphs, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._lock = threading.Lock()
        self._clock = clock
        self._members: dict[str, Member] = {name: Member(context=name, since=clock()) for name in names}
        self._is_changed = True
        self._ages_read_at = clock()
        self._opening = ""
        self._rows: FleetRows = ClusterRows(list(self._members.values()), self._ages_read_at)
        self._other_rows: FleetRows = FleetFindingRows([], self._ages_read_at)
        self._filter_line = FilterLine(self)

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Fleet"

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(self._heading(), id="heading")
        yield Table(glyphs=self._glyphs, id="fleet")
        yield KeyBar(Where.TABLE, Where.FLEET)

    def on_mount(self) -> None:
        """Show the clusters as waiting."""
        table = self.query_one(Table)
        table.show(self._rows, self._rows.columns)
        self.set_focus(table)
        self._update_rows()

    def update_member(self, member: Member) -> None:
        """A cluster changed."""
        with self._lock:
            self._members[member.context] = member
            self._is_changed = True

    def show_changes(self) -> None:
        """Show what changed since the last look."""
        with self._lock:
            is_changed, self._is_changed = self._is_changed, False
        now = self._clock()
        is_older = now - self._ages_read_at > _AGE_INTERVAL
        if is_older:
            self._ages_read_at = now
        if self.is_mounted and (is_changed or is_older):
            self._update_rows()

    def _update_rows(self) -> None:
        with self._lock:
            members = list(self._members.values())
        self._rows.update(members, self._ages_read_at)
        self._refresh_table()

    def _refresh_table(self) -> None:
        table = self.query_one(Table)
        table.rows_changed()
        if all(member.contact.is_final for member in self._members.values()):
            table.stay()
        table.show_status(self._status())
        self._show_heading()
        self.query_one(KeyBar).follow()

    def on_table_moved(self) -> None:
        """Another row may have other keys."""
        self.query_one(KeyBar).follow()

    def _show_heading(self) -> None:
        # A line as wide as the screen: to lay the screen out anew would take longer than to paint it.
        self.query_one("#heading", Static).update(self._heading(), layout=False)

    def _status(self) -> str:
        if len(self._rows):
            return ""
        if self._rows.total:
            return f"None of {self._rows.total:,} match. Esc shows all."
        return "No findings so far."

    def _heading(self) -> Content:
        fleet_totals = totals(list(self._members.values()))
        signing_in = sum(member.contact is Contact.SIGNING_IN for member in self._members.values())
        busy = sum(not member.contact.is_final for member in self._members.values()) - signing_in
        width = self.app.size.width
        long = self._heading_parts(fleet_totals, busy, signing_in, is_short=False)
        fitting = (spaced(long, "   "), spaced(long, "  "))
        return next(
            (line for line in fitting if line.cell_length <= width),
            spaced(self._heading_parts(fleet_totals, busy, signing_in, is_short=True), "  "),
        )

    def _heading_parts(self, fleet_totals: FleetTotals, busy: int, signing_in: int, *, is_short: bool) -> list[Part]:
        """What is said in the heading."""
        title = " Findings of the fleet" if self._shows_findings else " Fleet"
        clusters = (
            f"{fleet_totals.clusters:,} cluster{'' if fleet_totals.clusters == 1 else 's'}, {fleet_totals.read:,} read"
        )
        parts: list[Part] = [
            (title.partition(" of")[0] if is_short else title, STRONG),
            (f"{fleet_totals.read:,} of {fleet_totals.clusters:,} read" if is_short else clusters, MUTED),
        ]
        if fleet_totals.failed:
            parts.append(
                (f"{fleet_totals.failed:,} {'failed' if is_short else 'could not be read'}", "$flag-error bold")
            )
        if signing_in:
            parts.append((f"{signing_in:,} signing in", "$flag-warning"))
        if busy:
            parts.append((f"{busy:,} to go", MUTED))
        parts += count_words(fleet_totals.severities, self._glyphs, short=True)
        if self._rows.filter_text:
            parts.append((f"/{safe(self._rows.filter_text)}", "$ink"))
        if self._rows.only_findings:
            parts.append(("only flagged", "$ink"))
        if self._opening:
            parts.append((f"opening {self._opening}", "$accent"))
        return parts

    def show_opening(self, name: str) -> None:
        """Show that a cluster is being opened; none if the name is empty."""
        self._opening = safe(name)
        if self.is_mounted:
            self._show_heading()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Open the cluster of the row, and the object of the row's finding."""
        finding = self._rows.finding_of(event.key)
        target = finding.target if finding is not None else None
        self.app.open_member(self._rows.cluster_of(event.key), target)

    def on_table_header_clicked(self, event: Table.HeaderClicked) -> None:
        """A title was clicked."""
        self._sort(event.column_id)

    def action_sort(self) -> None:
        """Choose what the rows are sorted by."""
        rows = self._rows
        choices = [
            Choice("", "as they come", is_chosen=rows.sort_column is None, title="Worst first"),
            *(
                Choice(
                    column.id,
                    "now; again: reversed" if column.id == rows.sort_column else column.help,
                    is_chosen=column.id == rows.sort_column,
                    title=f"{column.lane} {column.title}" if column.lane else column.title,
                )
                for column in rows.columns
            ),
        ]

        def take(names: frozenset[str] | None) -> None:
            if names:
                self._sort(next(iter(names)))

        screen = ChooseScreen(f"Sort {rows.pane.title} by", choices, several=False, verb="sort", glyphs=self._glyphs)
        self.app.push_screen(screen, take)

    def _sort(self, column: str) -> None:
        choose_sort(self._rows, column)
        self.query_one(Table).restyle()
        self._refresh_table()

    def action_findings(self) -> None:
        """Show the findings of all clusters, or the clusters again."""
        self._rows, self._other_rows = self._other_rows, self._rows
        with self._lock:
            members = list(self._members.values())
        self._rows.update(members, self._ages_read_at)
        self.query_one(Table).show(self._rows, self._rows.columns)
        self._refresh_table()

    def action_only_findings(self) -> None:
        """Show only clusters with findings or that could not be read, or all."""
        if self._shows_findings:
            self.app.show_notice("Every row is a finding.")
            return
        self._rows.set_only_findings(not self._rows.only_findings)
        self._refresh_table()

    def action_timeline(self) -> None:
        """A cluster has a timeline from when it is opened on."""
        self.app.show_notice("A cluster has a timeline once it is open: Enter opens it.")

    @property
    def _shows_findings(self) -> bool:
        return isinstance(self._rows, FleetFindingRows)

    def bar_words(self) -> dict[str, str]:
        """What Esc does now, whether a row can be explained, and no timeline: only an open cluster has one."""
        row = self.query_one(Table).cursor_row
        has_codes = row is not None and bool(codes_in(cell.text for cell in row.cells))
        escape = self._escape_word()
        words = {"clear": escape, "explain": "explain" if has_codes else "", "timeline": ""}
        if not self._shows_findings:
            return words
        # Esc does the same, unless it first removes a filter.
        return {**words, "findings": "" if escape == _CLUSTERS else _CLUSTERS, "only_findings": ""}

    def _escape_word(self) -> str:
        if self._rows.filter_text or self._rows.only_findings:
            return "all"
        return _CLUSTERS if self._shows_findings else ""

    def action_all_columns(self) -> None:
        """Every column, or those that fit."""
        table = self.query_one(Table)
        table.all_columns = not table.all_columns

    def action_again(self) -> None:
        """Read the cluster again."""
        key = self._cursor
        if key is not None:
            name = self._rows.cluster_of(key)
            self.app.read_again(name)
            self.app.show_notice(f"{safe(name)} is being read again.")

    @property
    def _cursor(self) -> Key | None:
        return self.query_one(Table).cursor_key

    def action_clear(self) -> None:
        """Remove the filter; in the findings, return to the clusters."""
        if self._rows.filter_text:
            self._filter("")
        elif self._rows.only_findings:
            self.action_only_findings()
        elif self._shows_findings:
            self.action_findings()

    def action_copy(self) -> None:
        """Copy the row."""
        row = self.query_one(Table).cursor_row
        if row is not None:
            self.app.copy("  ".join(cell.exported or cell.text for cell in row.cells), "the row")

    async def action_filter(self) -> None:
        """Begin to type a filter."""
        await self._filter_line.open(self._rows.filter_text, self._rows)
        self._filter_line.show_count(len(self._rows), self._rows.total)

    def on_filter_bar_typed(self, event: FilterBar.Typed) -> None:
        """Filter while typing."""
        self._filter(event.text)

    def on_filter_bar_closed(self, event: FilterBar.Closed) -> None:
        """Typing is over."""
        self._filter_line.close()
        if not event.keep:
            self._filter("")
        self.set_focus(self.query_one(Table))

    def _filter(self, text: str) -> None:
        try:
            self._rows.set_filter(text)
        except FilterError as error:
            self._filter_line.show_error(error.message, error.position)
            return
        self._refresh_table()
        self._filter_line.show_count(len(self._rows), self._rows.total)
