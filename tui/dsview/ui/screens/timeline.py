"""The timeline: what changed since this session began, newest first; Enter goes to the object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from dsview.analysis.timeline_entry import Category, Entry
from dsview.core.errors import UserError
from dsview.core.finding import ObjectRef
from dsview.core.plurals import count
from dsview.core.text import clock_text, safe
from dsview.tables.timeline import COLUMNS, GROUP, TimelineRows
from dsview.ui.actions import Where, bindings_of
from dsview.ui.breadcrumbs import breadcrumbs
from dsview.ui.codes import codes_in
from dsview.ui.family_chart import FamilyChart
from dsview.ui.glyphs import Glyphs
from dsview.ui.keybar import KeyBar
from dsview.ui.phrases import MUTED, STRONG, Part, content, severity_style, spaced
from dsview.ui.searchbar import SearchBar
from dsview.ui.styles import styles_dir
from dsview.ui.table import Table
from dsview.ui.table_search import TableSearch

if TYPE_CHECKING:
    from dsview.analysis.cluster_view import Delta
    from dsview.kinds.metadata import Key
    from dsview.ui.app import DsviewApp
    from dsview.ui.workspace import Workspace

_NOTHING = "Nothing has changed since everything was read. Earlier states are not shown."


class _EntryFilter(NamedTuple):
    """A selection of entries, and its label in the heading."""

    label: str
    categories: frozenset[Category]


_FILTERS = (
    _EntryFilter("", frozenset(Category)),
    _EntryFilter("findings only", frozenset({Category.FINDING})),
    _EntryFilter("families only", frozenset({Category.FAMILY})),
    _EntryFilter("connections only", frozenset({Category.CONNECTION})),
)
"""The filters, in the order in which `!` selects them."""


class TimelineScreen(TableSearch):
    """A table of entries that follows the session; the cursor stays on its entry while others are added above it."""

    CSS_PATH: ClassVar[Path] = styles_dir() / "reading.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.TIMELINE)
    app: DsviewApp

    def __init__(self, workspace: Workspace, *, glyphs: Glyphs) -> None:
        super().__init__()
        self._session = workspace.session
        self._glyphs = glyphs
        self._filter = _FILTERS[0]
        self._version = -1
        self._rows = TimelineRows(self._session)
        self._only_ref: ObjectRef | None = None
        self._opened: set[Key] = set()

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(self._heading(), id="heading")
        yield FamilyChart(glyphs=self._glyphs)
        yield Table(glyphs=self._glyphs, id="timeline")
        yield SearchBar(id="search")
        yield KeyBar(Where.TABLE, Where.TIMELINE)

    def on_mount(self) -> None:
        """Fill it."""
        self._show_heading()
        table = self.query_one(Table)
        table.show_status(_NOTHING)
        table.show(self._rows, COLUMNS)
        table.stay()
        self._show_chart()
        self.set_focus(table)

    def session_changed(self, _delta: Delta) -> None:
        """Show new entries."""
        if self._session.timeline.version != self._version:
            self._refresh_rows()

    def _refresh_rows(self) -> None:
        self._version = self._session.timeline.version
        self._rows = TimelineRows(self._session, self._is_shown, self._opened)
        self.query_one(Table).replace_rows(self._rows)
        self.rows_replaced()
        self._show_heading()
        self._show_chart()
        self.query_one(KeyBar).follow()

    def _is_shown(self, entry: Entry) -> bool:
        return entry.category in self._filter.categories and self._only_ref in (None, entry.ref)

    def _show_chart(self) -> None:
        timeline = self._session.timeline
        span = timeline.span(self._session.time_shown)
        try:
            entries = timeline.family_entries()
        except UserError as error:
            self.notify(safe(str(error)), title="Recording", severity="error", markup=False)
            entries = []
        self.query_one(FamilyChart).show(entries, span, self._only_ref)

    def _show_heading(self) -> None:
        self.query_one("#heading", Static).update(content(breadcrumbs(self, self._glyphs), self._heading()))

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Timeline"

    def _heading(self) -> Content:
        parts: list[Part] = [(" Timeline", STRONG), (count(self._rows.changes, "change"), MUTED)]
        if self._filter.label:
            parts.append((self._filter.label, "$accent"))
        if self._only_ref is not None:
            parts.append((safe(str(self._only_ref)), "$accent"))
        if self._only_ref is None:
            parts += self._net_result()
        dropped = self._session.timeline.dropped
        if dropped:
            parts.append((f"{dropped:,} older ones were dropped", MUTED))
        return spaced(parts, "   ")

    def _net_result(self) -> list[Part]:
        """How many findings of each severity there were at the beginning, and how many there are now."""
        timeline, now = self._session.timeline, self._session.counts()
        before = timeline.counts_at_start
        if before is None or not timeline.entries:
            return []
        parts: list[Part] = []
        for severity, number in now.items():
            if number or before.get(severity):
                change = (
                    f"{before.get(severity, 0):,} → {number:,}" if number != before.get(severity) else f"{number:,}"
                )
                parts.append((f"{self._glyphs.severity(severity)} {change}", severity_style(severity)))
        if timeline.unsettled:
            parts.append((f"{timeline.unsettled:,} settling", MUTED))
        start, _ = timeline.span(self._session.time_shown)
        return [(f"since {clock_text(start)}", MUTED), *parts]

    def on_table_opened(self) -> None:
        """Go to the object; a row for several entries expands into one row each, or collapses again."""
        key = self.query_one(Table).cursor_key
        if key is not None and key[0] == GROUP:
            self._opened ^= {key}
            self._refresh_rows()
            return
        target = self._rows.target(key) if key is not None else None
        if target is not None:
            self.app.go.detail(target)
        else:
            self.app.show_notice("This entry has no object to open.")

    def bar_words(self) -> dict[str, str]:
        """What the keys do with the selected entry."""
        table = self.query_one(Table)
        key, row = table.cursor_key, table.cursor_row
        words = {} if row is not None and codes_in(cell.text for cell in row.cells) else {"explain": ""}
        if key is not None and key[0] == GROUP:
            words["open"] = "fold up" if key in self._opened else "unfold"
        elif key is None or self._rows.target(key) is None:
            words["open"] = ""
        if self._only_ref is not None:
            words["only_object"] = "all objects"
        return words

    def on_table_moved(self) -> None:
        """Update the key bar for the selected entry."""
        self.query_one(KeyBar).follow()

    def action_narrow(self) -> None:
        """Show the next sort of entries."""
        self._filter = _FILTERS[(_FILTERS.index(self._filter) + 1) % len(_FILTERS)]
        self._refresh_rows()

    def action_only_object(self) -> None:
        """Show only the changes of the entry's object, or all again."""
        key = self.query_one(Table).cursor_key
        entry = self._rows.entry(key) if key is not None else None
        if self._only_ref is not None:
            self._only_ref = None
        elif entry is None or entry.ref is None:
            self.app.show_notice("This entry has no object.")
            return
        else:
            self._only_ref = entry.ref
        self._refresh_rows()

    def action_back(self) -> None:
        """End the search; without one, go back."""
        if not self.end_search():
            self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy the line."""
        row = self.query_one(Table).cursor_row
        if row is not None:
            self.app.copy("  ".join(cell.text for cell in row.cells if cell.text), "the entry")
