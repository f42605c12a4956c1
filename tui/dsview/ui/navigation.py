"""Going from screen to screen. Screens are imported when they are first shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from dsview.ui.choices import Contexts
from dsview.ui.history import HasCrumb, History, MakeScreen

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen

    from dsview.analysis.cluster_view import Delta
    from dsview.analysis.detail_target import Target
    from dsview.analysis.diff.diff import Diff
    from dsview.analysis.probe_results import Observed
    from dsview.analysis.probe_targets import ProbePlan
    from dsview.core.text import Safe
    from dsview.ui.app import DsviewApp
    from dsview.ui.pane import Pane
    from dsview.ui.saving import Saver
    from dsview.ui.screens.choose import Choice

# ruff: noqa: PLC0415 - screens are imported when they are first shown, to keep the first frame fast


@runtime_checkable
class FollowsSession(Protocol):
    """A screen that shows data of the session and is notified of changes."""

    def session_changed(self, delta: Delta) -> None:
        """The session changed."""


class Command(msgspec.Struct, frozen=True):
    """A line of the palette: its name, its description, aliases, and its function."""

    title: str
    note: str
    aliases: tuple[str, ...]
    perform: Callable[[], None]


class Navigator:
    """Pushes and pops the screens of one application."""

    def __init__(self, app: DsviewApp) -> None:
        self._app = app
        self._history = History()

    def home(self) -> None:
        """Return to the main screen of another session; the history belongs to the previous one."""
        self._history.clear()
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()

    def _visit(self, make: MakeScreen) -> None:
        workspace = self._app.workspace
        if workspace is not None:
            screen = make(workspace)
            self._history.enter(screen, make, after=self._app.screen)
            self._app.push_screen(screen)
        else:
            self._app.show_notice("No cluster is open yet.")

    def revisit(self, step: int) -> None:
        """Go to the screen that was visited before (-1) or after (1) this one."""
        shown, workspace = self._app.screen, self._app.workspace
        if not isinstance(shown, HasCrumb):
            # A list of choices, or the palette, is closed first.
            return
        place = self._history.visit_at(step, shown=shown)
        if workspace is None or place is None:
            self._app.show_notice(
                "There is no earlier screen to go back to." if step < 0 else "There is no later screen to go to."
            )
            return
        below = self._app.screen_stack[:-1]
        if below and self._history.become_current_if_shown(below[-1], place):
            self._app.pop_screen()
            return
        screen = self._history.go(place, workspace)
        if below and step < 0:
            self._app.switch_screen(screen)
        else:
            self._app.push_screen(screen)

    def detail(self, target: Target) -> None:
        """The detail of an object or a listener, with its facts and findings."""
        from dsview.ui.screens.detail import DetailScreen

        self._visit(lambda workspace: DetailScreen(workspace, target, glyphs=self._app.glyphs))

    def yaml(self, target: Target) -> None:
        """An object as YAML."""
        from dsview.ui.screens.manifest import ManifestScreen

        self._visit(lambda workspace: ManifestScreen(workspace, target, glyphs=self._app.glyphs))

    def findings(self) -> None:
        """All findings."""
        from dsview.ui.screens.findings import FindingsScreen

        self._visit(lambda workspace: FindingsScreen(workspace, glyphs=self._app.glyphs))

    def timeline(self) -> None:
        """What changed since the session began."""
        from dsview.ui.screens.timeline import TimelineScreen

        if not isinstance(self._app.screen, TimelineScreen):
            self._visit(lambda workspace: TimelineScreen(workspace, glyphs=self._app.glyphs))

    def trace(self, target: Target) -> None:
        """Both families, hop by hop, through an object."""
        from dsview.ui.screens.trace import TraceScreen

        self._visit(lambda workspace: TraceScreen(workspace, target, glyphs=self._app.glyphs))

    def probe(self, title: Safe, plan: ProbePlan, observed: Callable[[Observed], None]) -> None:
        """The targets of a probe; nothing is sent before Enter."""
        from dsview.ui.screens.probe import ProbeScreen

        self._app.push_screen(ProbeScreen(title, plan, observed, glyphs=self._app.glyphs))

    def explanation(self, code: str) -> None:
        """The page of a check."""
        from dsview.ui.screens.explain import ExplainScreen

        if self._app.workspace is None:
            self._app.push_screen(ExplainScreen(code, glyphs=self._app.glyphs))
        else:
            self._visit(lambda _workspace: ExplainScreen(code, glyphs=self._app.glyphs))

    def explain_one_of(self, codes: Sequence[str]) -> None:
        """The page of a check; if there are several, the user chooses one."""
        from dsview.checks.engine.registry import registry
        from dsview.ui.screens.choose import Choice

        if len(codes) == 1:
            self.explanation(codes[0])
        else:
            choices = [Choice(code, registry()[code].title) for code in codes]
            self._choose_one("Explain", choices, self.explanation, verb="explain")

    def _choose_one(
        self, title: str, choices: Sequence[Choice], accept: Callable[[str], None], *, verb: str, start: str = ""
    ) -> None:
        """Let the user choose one of several; `accept` receives its name unless the user cancels."""
        from dsview.ui.screens.choose import ChooseScreen

        def on_closed(names: frozenset[str] | None) -> None:
            if names:
                accept(next(iter(names)))

        screen = ChooseScreen(title, choices, several=False, verb=verb, start=start, glyphs=self._app.glyphs)
        self._app.push_screen(screen, on_closed)

    def comparison(self, then: float, now: float, compare: Callable[[], Diff]) -> None:
        """What differs between two moments of a recording."""
        from dsview.ui.screens.comparison import ComparisonScreen

        if not isinstance(self._app.screen, ComparisonScreen):
            self._visit(lambda _workspace: ComparisonScreen(then, now, compare, glyphs=self._app.glyphs))

    def sources(self) -> None:
        """The state of each source."""
        from dsview.ui.screens.sources import SourcesScreen

        if not isinstance(self._app.screen, SourcesScreen):
            self._visit(lambda workspace: SourcesScreen(workspace, glyphs=self._app.glyphs))

    def help(self) -> None:
        """Every key."""
        from dsview.ui.screens.help import HelpScreen

        if not isinstance(self._app.screen, HelpScreen):
            self._app.push_screen(HelpScreen(glyphs=self._app.glyphs))

    def namespaces(self) -> None:
        """Choose which namespaces are shown."""
        from dsview.ui.screens.choose import Choice, ChooseScreen

        workspace = self._app.workspace
        if workspace is None:
            return
        chosen = workspace.namespaces
        counts = workspace.count_namespaces()
        choices = [
            Choice(name, _amounts(counts[name]), is_chosen=chosen is not None and name in chosen)
            for name in sorted(set(counts) | set(chosen or ()))
        ]

        def take(names: frozenset[str] | None) -> None:
            if names is None:
                return
            workspace.choose_namespaces(names or None)
            for pane in self._app.main.panes:
                pane.refresh_view()

        screen = ChooseScreen("Namespaces", choices, several=True, glyphs=self._app.glyphs)
        self._app.push_screen(screen, take)

    def columns(self, pane: Pane) -> None:
        """Choose which columns a pane shows."""
        from dsview.ui.screens.choose import Choice, ChooseScreen

        view = pane.view
        if view is None:
            return
        shown = [placed.column.id for placed in pane.placed_layout.placed]
        choices = [
            Choice(
                column.id,
                column.help,
                is_chosen=column.id in shown,
                title=f"{column.lane} {column.title}" if column.lane else column.title,
            )
            for column in view.pane.columns
        ]

        def take(names: frozenset[str] | None) -> None:
            if names is not None:
                kept = [name for name in shown if name in names]
                added = [choice.name for choice in choices if choice.name in names and choice.name not in shown]
                self._app.choose_columns(pane.pane_id, (*kept, *added))

        screen = ChooseScreen(f"Columns of {view.pane.title}", choices, several=True, glyphs=self._app.glyphs)
        self._app.push_screen(screen, take)

    def sort(self, pane: Pane, sort: Callable[[str], None]) -> None:
        """Choose what a pane is sorted by; the empty name stands for namespace and name."""
        from dsview.ui.columns import FLAGS_COLUMN
        from dsview.ui.screens.choose import Choice

        view = pane.view
        if view is None:
            return
        current = view.sort_column or ""

        def choice(name: str, title: str, note: str) -> Choice:
            note_if_current = "now; again: reversed" if name else "now"
            is_current = name == current
            return Choice(name, note_if_current if is_current else note, is_chosen=is_current, title=title)

        choices = [
            choice(FLAGS_COLUMN, "Worst first", "errors, warnings, notes, then all others"),
            choice("", "Namespace and name", "as they come"),
            *(
                choice(column.id, f"{column.lane} {column.title}" if column.lane else column.title, column.help)
                for column in view.pane.columns
                if column.id != FLAGS_COLUMN
            ),
        ]
        start = "" if current == FLAGS_COLUMN else FLAGS_COLUMN
        self._choose_one(f"Sort {view.pane.title} by", choices, sort, verb="sort", start=start)

    def commands(self, commands: Sequence[Command]) -> None:
        """Find an action by its name, or by an alias from other tools."""
        from dsview.ui.screens.choose import Choice

        by_title = {command.title: command for command in commands}
        choices = [Choice(command.title, command.note, aliases=command.aliases) for command in commands]
        self._choose_one("Commands", choices, lambda title: by_title[title].perform(), verb="run")

    def themes(self) -> None:
        """Choose the colours."""
        from dsview.ui.screens.choose import Choice

        app = self._app
        choices = [
            Choice(name, "dark" if theme.dark else "light", is_chosen=name == app.theme)
            for name, theme in sorted(app.available_themes.items(), key=lambda pair: not pair[0].startswith("dsview"))
        ]

        def use(name: str) -> None:
            app.theme = name

        self._choose_one("Theme", choices, use, verb="take it")

    def contexts(self, contexts: Contexts, *, required: bool = False) -> None:
        """Choose another context; if a choice is required, choosing none quits."""
        from dsview.core.errors import UserError
        from dsview.core.text import safe
        from dsview.ui.screens.choose import Choice, ChooseScreen

        try:
            choices = [
                Choice(context.name, context.note, is_chosen=context.is_current, text=context.text)
                for context in contexts.find()
            ]
        except UserError as error:
            # The kubeconfig is read again, and may be invalid by now.
            self._app.show_notice(safe(str(error)))
            return

        def take(names: frozenset[str] | None) -> None:
            if names:
                (name,) = names
                self._app.main.show_opening(name)
                self._app.open(lambda: contexts.open(name))
            elif required:
                self._app.exit()

        verb = "open it" if required else "switch to it"
        screen = ChooseScreen(contexts.title, choices, several=False, verb=verb, glyphs=self._app.glyphs)
        self._app.push_screen(screen, take)

    def save(self, saver: Saver) -> None:
        """Choose what to save, and save it."""
        from dsview.ui.saving import savables, save
        from dsview.ui.screens.choose import Choice

        app, by_name = self._app, {savable.name: savable for savable in savables(self._app, saver)}

        def save_chosen(name: str) -> None:
            # A picture of the screen, not of the list of choices, which is about to close.
            app.call_after_refresh(lambda: app.run_worker(save(app, saver, by_name[name]), exclusive=False))

        choices = [Choice(savable.name, savable.note) for savable in by_name.values()]
        self._choose_one("Save", choices, save_chosen, verb="save")

    def can(self, action: str, screen: Screen[object]) -> bool:
        """Whether an action of the registry works on a screen."""
        return self._handler(action, screen) is not None

    def perform(self, action: str) -> None:
        """Do what an action's key does on the screen that is shown."""
        node = self._handler(action, self._app.screen)
        if node is not None:
            self._app.call_later(self._app.run_action, action, node)

    def _handler(self, action: str, screen: Screen[object]) -> DOMNode | None:
        name = f"action_{action.partition('(')[0]}"
        nodes: list[DOMNode | None] = [screen.focused, screen, self._app]
        return next((node for node in nodes if node is not None and hasattr(node, name)), None)


def _amounts(counts: Mapping[str, int]) -> str:
    """How many objects of which panes: `4 Services, 16 Pods`."""
    from dsview.core.plurals import count

    return ", ".join(count(number, noun) for noun, number in counts.items())
