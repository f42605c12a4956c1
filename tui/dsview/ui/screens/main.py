"""The main screen: the header, the panes, the filter line and the key bar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from dsview.core.shell import pasteable
from dsview.tables.panes import SPECS
from dsview.ui.actions import Where, bindings_of
from dsview.ui.arrangement import Arrangement, arrangement_for
from dsview.ui.background_work import BackgroundWork
from dsview.ui.filter_line import FilterLine
from dsview.ui.glyphs import Glyphs
from dsview.ui.header import HeaderBar
from dsview.ui.keybar import KeyBar
from dsview.ui.pane import Pane
from dsview.ui.sorting import choose_sort
from dsview.ui.table import Table
from dsview.ui.tabs import PaneTabs
from dsview.ui.timers import call_after

if TYPE_CHECKING:
    from dsview.analysis.cluster_view import Delta
    from dsview.ui.app import DsviewApp
    from dsview.ui.filterbar import FilterBar
    from dsview.ui.workspace import Workspace


class MainScreen(Screen[None]):
    """The first screen. `attach` gives it a workspace, `apply` its changes."""

    AUTO_FOCUS = "Table"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.PANES)
    app: DsviewApp

    def __init__(self, *, source_name: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._source_name = source_name
        self.panes: tuple[Pane, ...] = ()
        self.workspace: Workspace | None = None
        self._active = 0
        self._is_alone = False
        self._arrangement: Arrangement | None = None
        self._tabs = PaneTabs()
        self._holder = Widget(id="panes")
        self._filter_line = FilterLine(self)
        self._work = BackgroundWork(partial(call_after, self), self._show_more_matches)

    def compose(self) -> ComposeResult:
        """From top to bottom. The filter line is made when it is first needed."""
        self.panes = tuple(Pane(spec, glyphs=self._glyphs) for spec in SPECS)
        # Arranged before the first layout, because each later change of style costs another frame.
        self._arrange(self.app.size)
        yield HeaderBar(self._source_name, glyphs=self._glyphs)
        yield self._tabs
        with self._holder:
            for pane in self.panes:
                yield pane.border
        yield KeyBar(Where.TABLE, Where.PANES)

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs: that of the active pane, in a fleet that of the cluster."""
        return self.app.cluster_crumb or self.active.pane_title

    @property
    def active(self) -> Pane:
        """The pane with the focus."""
        return self.panes[self._active]

    def attach(self, workspace: Workspace) -> None:
        """Show a session."""
        self.workspace = workspace
        for pane in self.panes:
            pane.attach(workspace.views[pane.pane_id], self.app.columns.get(pane.pane_id, ()))
        self.query_one(HeaderBar).attach(workspace)
        self._show_tabs()

    def detach(self) -> None:
        """Show nothing, and release the session."""
        self.workspace = None
        for pane in self.panes:
            pane.detach()
        self.query_one(HeaderBar).show_opening("")

    def show_opening(self, name: str) -> None:
        """Show that another source is being opened."""
        self.query_one(HeaderBar).show_opening(name)

    def show_current(self) -> None:
        """Show the current source again, because another one could not be opened."""
        if self.workspace is not None:
            self.query_one(HeaderBar).attach(self.workspace)

    def apply(self, delta: Delta, changed: set[str]) -> None:
        """Show the changes: `changed` has the ids of the panes whose rows may look different."""
        for pane in self.panes:
            if pane.pane_id in changed:
                pane.refresh_view()
            elif delta.statuses:
                pane.frame()
        self.read_header()
        if changed or delta.statuses:
            # A kind without objects changes no rows, but it is no longer loading.
            self._show_tabs()
        if changed:
            self.query_one(KeyBar).follow()
            if self.active.pane_id in changed:
                self._show_match_count()
            self._work.resume(self.panes)

    def read_header(self) -> None:
        """Show the current summary of the session."""
        self.query_one(HeaderBar).read_header()

    def settle(self) -> None:
        """Everything was read: the columns have their final widths. Each cursor goes to the worst row."""
        self.query_one(HeaderBar).settle()
        for pane in self.panes:
            pane.size_columns()
            pane.frame()
            pane.highlights_changes = True
            pane.begin_at_worst()
            pane.stay()
        self._show_tabs()
        self.query_one(KeyBar).follow()

    def on_second(self) -> None:
        """Called every second, because ages grow."""
        self.query_one(HeaderBar).tick()

    def on_resize(self) -> None:
        """Another arrangement may fit better."""
        self._arrange(self.size)

    def on_descendant_focus(self) -> None:
        """A clicked pane becomes the active one."""
        for index, pane in enumerate(self.panes):
            if pane.has_focus and index != self._active:
                self._active = index
                self._arrange(self.size)

    def _arrange(self, size: Size) -> None:
        new = Arrangement.ALONE if self._is_alone else arrangement_for(size)
        if new is not self._arrangement:
            self._holder.set_class(new is Arrangement.GRID, "-grid")
            self._holder.set_class(new is Arrangement.STACK, "-stack")
            self._tabs.display = new is Arrangement.ALONE
            self._arrangement = new
        for index, pane in enumerate(self.panes):
            pane.border.display = new is not Arrangement.ALONE or index == self._active
            pane.border.set_class(index == self._active, "-active")
        self._show_tabs()
        if self.is_mounted:
            self.query_one(KeyBar).follow()

    def _show_tabs(self) -> None:
        if self._arrangement is Arrangement.ALONE:
            self._tabs.show([pane.summaries() for pane in self.panes], self._active)

    def activate(self, index: int) -> None:
        """Give a pane the keys."""
        self._active = index % len(self.panes)
        self._arrange(self.size)
        self.set_focus(self.active)

    def _go_to(self, index: int) -> None:
        self.activate(index)
        self.active.begin_at_worst()

    def on_pane_tabs_chosen(self, event: PaneTabs.Chosen) -> None:
        """A tab was clicked."""
        self._go_to(event.index)

    def on_table_header_clicked(self, event: Table.HeaderClicked) -> None:
        """A title was clicked."""
        self._sort(event.table, event.column_id)

    def on_table_opened(self, event: Table.Opened) -> None:
        """A row was opened."""
        if isinstance(event.table, Pane) and event.table.target is not None:
            self.app.go.detail(event.table.target)

    def on_filter_bar_typed(self, event: FilterBar.Typed) -> None:
        """Filter while typing."""
        self._filter(event.text)

    def on_filter_bar_closed(self, event: FilterBar.Closed) -> None:
        """Typing is over."""
        self._filter_line.close()
        if not event.keep:
            self._filter("")
        self.set_focus(self.active)

    def _filter(self, text: str) -> None:
        view = self.active.view
        if view is None:
            return
        # Typing gives feedback as it goes, so an unfinished filter is not a loud error.
        from dsview.tables.view import FilterError  # noqa: PLC0415 - rows are imported after the first frame

        try:
            view.set_filter(text)
        except FilterError as error:
            self._filter_line.show_error(error.message, error.position)
            return
        self.active.refresh_view()
        self.query_one(KeyBar).follow()
        self._show_match_count()
        self._work.resume(self.panes)

    def _show_more_matches(self, pane: Pane) -> None:
        pane.refresh_view()
        if pane is self.active:
            self._show_match_count()

    def _show_match_count(self) -> None:
        view = self.active.view
        if view is None or not self._filter_line.is_open:
            return
        self._filter_line.show_count(len(view), view.total, is_searching=view.is_searching)
        if view.trouble:
            self._filter_line.show_error(view.trouble, None)

    def _sort(self, table: Table, column_id: str) -> None:
        if not isinstance(table, Pane) or table.view is None:
            return
        view = table.view
        choose_sort(view, column_id)
        table.restyle()
        table.refresh_view()
        if table.is_worst_first:
            table.begin_at_top()

    def action_next_pane(self) -> None:
        """To the next pane."""
        self._go_to(self._active + 1)

    def action_previous_pane(self) -> None:
        """To the pane before."""
        self._go_to(self._active - 1)

    def action_pane(self, pane_id: str) -> None:
        """Go to a pane; if it is active, show only it, or all again."""
        index = next(i for i, pane in enumerate(self.panes) if pane.pane_id == pane_id)
        if index == self._active and self.active.has_focus:
            self._is_alone = not self._is_alone
        self._go_to(index)

    def action_go_to_pane(self, pane_id: str) -> None:
        """To a pane, and no more than that."""
        self._go_to(next(i for i, pane in enumerate(self.panes) if pane.pane_id == pane_id))

    def action_zoom(self) -> None:
        """Show only this pane, or all again."""
        self._is_alone = not self._is_alone
        self.activate(self._active)

    def action_clear(self) -> None:
        """Remove the filter, else undo the zoom."""
        view = self.active.view
        if view is not None and view.filter_text:
            self._filter("")
        elif view is not None and view.only_findings:
            self.action_only_findings()
        elif self._is_alone:
            self.action_zoom()
        else:
            self.app.leave_main()

    async def action_filter(self) -> None:
        """Begin to type a filter."""
        view = self.active.view
        if view is None:
            return
        await self._filter_line.open(view.filter_text, view)
        view.prepare()
        self._work.resume(self.panes)
        self._show_match_count()

    def action_only_findings(self) -> None:
        """Only flagged rows, or all."""
        view = self.active.view
        if view is not None:
            view.set_only_findings(not view.only_findings)
            self.active.refresh_view()
            self.query_one(KeyBar).follow()

    def action_sort(self) -> None:
        """Choose what this pane is sorted by."""
        pane = self.active
        self.app.go.sort(pane, lambda column_id: self._sort(pane, column_id))

    def action_all_columns(self) -> None:
        """Every column, or those that fit."""
        for pane in self.panes:
            pane.all_columns = not pane.all_columns
            pane.frame()

    def action_choose_columns(self) -> None:
        """Choose the columns of this pane."""
        self.app.go.columns(self.active)

    def action_column_earlier(self) -> None:
        """Move the selected column to the left."""
        self._move_column(-1)

    def action_column_later(self) -> None:
        """Move the selected column to the right."""
        self._move_column(1)

    def _move_column(self, step: int) -> None:
        pane = self.active
        shown = [placed.column.id for placed in pane.placed_layout.placed]
        if pane.column_id not in shown:
            return
        old = shown.index(pane.column_id)
        new = min(max(old + step, 0), len(shown) - 1)
        if new != old:
            shown.insert(new, shown.pop(old))
            self.app.choose_columns(pane.pane_id, tuple(shown))

    def action_namespaces(self) -> None:
        """Choose namespaces."""
        self.app.go.namespaces()

    def action_copy(self) -> None:
        """Copy the fix of the row's worst finding, else the row."""
        row = self.active.cursor_row
        if row is None:
            return
        fix = next((f.fix for f in sorted(row.findings, key=lambda f: f.order) if f.fix), None)
        if fix is not None:
            self.app.copy(pasteable(fix), "the fix")
        else:
            self.app.copy("  ".join(cell.text for cell in row.cells), "the row")

    def action_copy_row(self) -> None:
        """Copy the row."""
        row = self.active.cursor_row
        if row is not None:
            self.app.copy("  ".join(cell.exported or cell.text for cell in row.cells), "the row")

    def action_copy_cell(self) -> None:
        """Copy the selected cell."""
        row, column_id = self.active.cursor_row, self.active.column_id
        placed = self.active.placed_layout.find(column_id) if column_id is not None else None
        if row is not None and placed is not None:
            self.app.copy(row.cells[placed.index].text, "the cell")

    def bar_words(self) -> dict[str, str]:
        """What the keys do with the row under the cursor, and what Esc undoes."""
        row = self.active.cursor_row
        findings = row.findings if row is not None else ()
        words = {"clear": self._escape_word()}
        if not findings:
            words["explain"] = ""
        if not any(finding.fix for finding in findings):
            words["copy"] = "copy row"
        if row is None:
            words |= dict.fromkeys(("open", "trace", "copy", "yaml"), "")
        return words

    def _escape_word(self) -> str:
        view = self.active.view
        if view is not None and (view.filter_text or view.only_findings):
            return "all"
        return "all panes" if self._is_alone else self.app.escape_word

    def on_table_moved(self) -> None:
        """Another row may have other keys."""
        self.query_one(KeyBar).follow()

    def action_findings(self) -> None:
        """All findings."""
        self.app.go.findings()

    def action_timeline(self) -> None:
        """What changed."""
        self.app.go.timeline()

    def action_trace(self) -> None:
        """Trace the selected object."""
        if self.active.target is not None:
            self.app.go.trace(self.active.target)

    def action_explain(self) -> None:
        """Explain the findings of the row."""
        row = self.active.cursor_row
        codes = dict.fromkeys(f.check for f in sorted(row.findings, key=lambda f: f.order)) if row is not None else {}
        if codes:
            self.app.go.explain_one_of(list(codes))
        else:
            self.app.show_notice("This row has no findings.")

    def action_yaml(self) -> None:
        """The object as YAML."""
        if self.active.target is not None:
            self.app.go.yaml(self.active.target)
