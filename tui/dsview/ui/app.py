"""The application: draws its first frame, opens the session in a thread, and moves between screens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.events import Key
from textual.screen import Screen

from dsview.core.text import safe, safe_lines
from dsview.ui.actions import ACTIONS, Where, bindings_of
from dsview.ui.appearance import Appearance
from dsview.ui.choices import Contexts
from dsview.ui.clipboard import copied_notice, through_multiplexer
from dsview.ui.fault_reports import FaultReports
from dsview.ui.global_actions import GlobalActions
from dsview.ui.glyphs import ASCII, UNICODE
from dsview.ui.keymap import keymap_of
from dsview.ui.last_views import LastViews
from dsview.ui.navigation import Command, FollowsSession, Navigator
from dsview.ui.refresh_loop import RefreshLoop
from dsview.ui.screens.main import MainScreen
from dsview.ui.session_opener import OpenSession, SessionOpener
from dsview.ui.signals import on_hangup, on_leave_signals
from dsview.ui.styles import styles_dir
from dsview.ui.themes import DEFAULT_THEME, FEW_COLOURS_THEME, missing_variables, own_themes
from dsview.ui.time_travel import StartRecording, TimeActions, TimeTravel
from dsview.ui.timers import call_after
from dsview.ui.type_ahead import type_ahead

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.filter import LineFilter

    from dsview.analysis.cluster_view import Delta
    from dsview.core.errors import UserError
    from dsview.ui.saving import Saver
    from dsview.ui.workspace import Workspace


SUMMARY_SLICE = 0.004
"""Seconds to count findings before keys are handled again."""


class DsviewApp(TimeActions, GlobalActions):
    """The dashboard.

    `open_session` is called after the first frame, in a thread; until then, `source_name` says what is being opened.
    `contexts` enables the key for contexts; if one is to be chosen first, `open_session` is not called. `saver` enables
    the key for saving and `start_recording` the one for recording. `copy_natively` copies text to the machine's
    clipboard, in addition to the terminal's, and returns a hint for the user. `on_first_frame` and `on_all_painted` are
    called once each, on the UI thread. `crash_sentence` writes a report about a fault in dsview and returns a sentence;
    it is called from any thread.

    The application returns None, or the `UserError` that left nothing to show.
    """

    TITLE = "dsview"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.EVERYWHERE)
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(
        self,
        open_session: OpenSession,
        *,
        source_name: str,
        contexts: Contexts | None = None,
        crash_sentence: Callable[[BaseException], str] = lambda error: f"dsview failed ({type(error).__name__}).",
        saver: Saver | None = None,
        start_recording: StartRecording | None = None,
        copy_natively: Callable[[str], str] | None = None,
        on_first_frame: Callable[[], None] | None = None,
        on_all_painted: Callable[[], None] | None = None,
        appearance: Appearance | None = None,
    ) -> None:
        folder = styles_dir()
        appearance = appearance or Appearance()
        own_css = [appearance.css] if appearance.css is not None else []
        super().__init__(css_path=[folder / "app.tcss", folder / "panes.tcss", *own_css])
        self.glyphs = ASCII if appearance.ascii_only else UNICODE
        self.actions = appearance.actions
        self.columns = dict(appearance.columns)
        self._remember_columns = appearance.remember
        self._last_views = LastViews(appearance.last_view, appearance.remember_view)
        self._open_session = open_session
        self._source_name = source_name
        self.contexts = contexts
        self.faults = FaultReports(self.post_message, crash_sentence)
        self.saver = saver
        self._copy_natively = copy_natively
        self._on_first_frame = on_first_frame
        self._on_all_painted = on_all_painted
        self.workspace: Workspace | None = None
        self._refresh_loop: RefreshLoop | None = None
        self._opener = SessionOpener(self.post_message, crash_sentence)
        self.requested_exit_code: int | None = None
        """The exit code, once dsview is asked to quit."""
        self._has_rows = False
        self._has_left = False
        self._is_settled = False
        self.go = Navigator(self)
        self.time = TimeTravel(self, start_recording)
        self.animation_level = "none"
        self.set_class(appearance.ascii_only, "-ascii")
        for theme in (*own_themes(), *appearance.themes):
            self.register_theme(theme)
        self._may_choose_theme = not appearance.theme
        self.theme = appearance.theme or DEFAULT_THEME
        if appearance.actions is not ACTIONS:
            self.set_keymap(keymap_of(appearance.actions))

    @property
    def shown_name(self) -> str:
        """The unshortened name of the displayed cluster."""
        return self.workspace.session.source.name if self.workspace is not None else self._source_name

    @property
    def shown_time(self) -> float:
        """The displayed time, in epoch seconds."""
        return self.workspace.session.time_shown if self.workspace is not None else time.time()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The variables that themes other than dsview's own do not define."""
        return missing_variables(self.current_theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and the one for ASCII signs."""
        filters = super().get_line_filters()
        if not self.glyphs.is_ascii:
            return filters
        from dsview.ui.plain_text import AsciiFilter  # noqa: PLC0415 - few need it

        return [*filters, AsciiFilter()]

    def get_default_screen(self) -> Screen[None]:
        """The main screen."""
        return MainScreen(source_name=self._source_name, glyphs=self.glyphs)

    @property
    def main(self) -> MainScreen:
        """The screen with the four panes."""
        screen = self.screen_stack[0]
        assert isinstance(screen, MainScreen)  # noqa: S101 - the type that get_default_screen makes
        return screen

    def on_load(self) -> None:
        """Handle signals before the first frame, so that the terminal is restored however the process ends."""
        on_leave_signals(lambda code: self.exit(return_code=code))
        if not self.is_headless:
            on_hangup(lambda code: self.exit(return_code=code))
        if self._may_choose_theme and not self.is_headless and self.console.color_system == "standard":
            self.theme = FEW_COLOURS_THEME

    def on_resize(self) -> None:
        """Draw everything again: a terminal that was small for less than a frame has lost its contents."""
        if self.screen_stack:
            self.screen.refresh()

    def on_key(self, event: Key) -> None:
        """Keep a key that no widget handled."""
        type_ahead(event, self.focused, self.screen)

    def on_ready(self) -> None:
        """The first frame is being painted; everything else starts after it."""
        self.call_after_refresh(self._after_first_frame)

    def _after_first_frame(self) -> None:
        if self._on_first_frame is not None:
            self._on_first_frame()
        if self.contexts is not None and self.contexts.chooses_first:
            self.choose_context(required=True)
        else:
            self.open(self._open_session)

    def open(self, open_session: OpenSession) -> None:
        """Open a session in a thread. The previous one stays on the screen until then."""
        self._opener.open(open_session)

    def on_session_opener_opened(self, event: SessionOpener.Opened) -> None:
        """Show a session, unless another one was chosen in the meantime."""
        if not self._opener.is_current(event.number):
            event.workspace.session.stop()
            return
        if self.workspace is not None:
            event.workspace.session.note(f"Switched from {self.workspace.session.source.name}.")
            self._remember_view()
        self._leave_session()
        event.workspace.session.replaces_session = self._has_left
        self.workspace = event.workspace
        self._is_settled = False
        if self._must_close_screens:
            self.go.home()
        self.main.attach(event.workspace)
        if self._last_views.restore(self.main, event.workspace.session.source):
            self.show_notice("The filter is as you left it. Esc removes it.")
        self.time.attach()
        self._refresh_loop = RefreshLoop(
            event.workspace.session,
            call_after=partial(call_after, self),
            changed=self._apply,
            idle=self._settle,
            second=self._on_second,
            failed=self.faults.refresh_failed,
        )
        self._refresh_loop.start()

    def on_session_opener_failed(self, event: SessionOpener.Failed) -> None:
        """Say why a session could not be opened, and quit if there is nothing else to show."""
        if not self._opener.is_current(event.number):
            return
        self._report_not_opened(event.error)

    def _report_not_opened(self, error: UserError) -> None:
        if not self._has_rows:
            self.exit(error, return_code=error.exit_code)
        else:
            self.main.show_current()
            self.notify(safe(str(error)), title="Not opened", severity="error", markup=False)

    @property
    def escape_word(self) -> str:
        """Where Escape leads from the main screen with nothing to undo; empty if it leads nowhere."""
        return ""

    @property
    def cluster_crumb(self) -> str:
        """The name of the cluster in the breadcrumbs, where there are several; else empty."""
        return ""

    @property
    def _must_close_screens(self) -> bool:
        """Whether the screens above the main one are of an earlier session. A user may open others while waiting."""
        return self._has_left

    def leave_main(self) -> None:
        """Escape on the main screen with nothing to undo: there is no screen above it."""

    def on_unmount(self) -> None:
        """Leave the session."""
        self._leave_session()

    def _leave_session(self) -> None:
        if self._refresh_loop is not None:
            self._refresh_loop.stop()
            self._refresh_loop = None
        if self.workspace is not None:
            self.time.leave()
            self.workspace.session.stop()
            self.workspace = None
            self._has_left = True

    def exit(
        self, result: UserError | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Quit; how the context was left is remembered."""
        self.requested_exit_code = return_code
        self._remember_view()
        super().exit(result, return_code, message)

    def _remember_view(self) -> None:
        if self.workspace is not None and self.screen_stack:
            self._last_views.remember(self.main, self.workspace.session.source)

    def _apply(self, delta: Delta) -> None:
        workspace = self.workspace
        if workspace is None:
            return
        changed = workspace.refresh(delta)
        workspace.summarizer.work(SUMMARY_SLICE)
        self._has_rows = self._has_rows or bool(delta.changes)
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.apply(delta, changed)
            elif isinstance(screen, FollowsSession):
                screen.session_changed(delta)

    def _settle(self) -> None:
        """Called when nothing is left to refresh; reports the first time that loading is complete."""
        if self.workspace is not None and self.workspace.summarizer.work(SUMMARY_SLICE):
            self.main.read_header()
        if not self._is_settled and self.workspace is not None and self.workspace.session.is_settled:
            self._is_settled = True
            self.main.settle()
            if self._on_all_painted is not None:
                self.call_after_refresh(self._on_all_painted)
                self._on_all_painted = None

    def _on_second(self) -> None:
        self.main.on_second()
        self.time.on_second()

    def on_fault_reports_reported(self, event: FaultReports.Reported) -> None:
        """Show the sentence."""
        text = f"{event.sentence} The screen may be out of date."
        self.notify(safe(text), title="dsview", severity="error", timeout=20, markup=False)

    def _fatal_error(self) -> None:
        """Quit, and print the sentence once the screen is gone, where Textual would print a traceback.

        A screen that is closed while it is still being built may fail because its widgets are missing. That is not
        reported.
        """
        if self._exception is not None and self.requested_exit_code is None:
            self.faults.end_with(self._exception)
        self._close_messages_no_wait()

    def choose_columns(self, pane_id: str, columns: tuple[str, ...]) -> None:
        """Show these columns of a pane, in that order, now and the next time; none means all."""
        self.columns[pane_id] = columns
        for pane in self.main.panes:
            if pane.pane_id == pane_id:
                pane.choose_columns(columns)
        try:
            self._remember_columns({name: chosen for name, chosen in self.columns.items() if chosen})
        except OSError as error:
            self.show_notice(f"The columns are not remembered: {error.strerror or error}.")

    def copy(self, text: str, what: str) -> None:
        """Copy text through the terminal (OSC 52) and with the machine's tool; no control characters are in it."""
        harmless = safe_lines(text)
        self.copy_to_clipboard(harmless)
        hint = self._copy_natively(harmless) if self._copy_natively is not None else ""
        self.show_notice(f"{copied_notice(harmless, what, self.glyphs.ellipsis)}{hint}")

    def copy_to_clipboard(self, text: str) -> None:
        """Send text to the terminal's clipboard (OSC 52). A multiplexer in between is asked to pass it on."""
        super().copy_to_clipboard(text)
        wrapped = through_multiplexer(text, os.environ)
        if self._driver is not None and wrapped is not None:
            self._driver.write(wrapped)

    def commands(self) -> list[Command]:
        """Everything that the palette offers on this screen."""
        from dsview.ui.palette import entries  # noqa: PLC0415 - after the first frame

        return entries(self)

    def action_palette(self) -> None:
        """Find an action by its name."""
        if not self.screen.is_modal:
            self.go.commands(self.commands())

    def action_begin(self) -> None:
        """Begin the story of a demo."""
        from dsview.sources.events import PausedSource  # noqa: PLC0415  (the first frame needs no kinds)

        source: object = self.workspace.session.source if self.workspace is not None else None
        if isinstance(source, PausedSource) and source.is_waiting:
            source.begin()
            self.main.read_header()
            self.show_notice("The story begins. T shows what changes.")
        else:
            self.show_notice("There is no story to start: only a demo has one, and it starts once.")
