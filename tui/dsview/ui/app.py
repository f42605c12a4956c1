"""The application: draws its first frame, opens the session in a thread, and moves between screens."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.events import Key
from textual.message import Message
from textual.screen import Screen

from dsview.core.text import safe, safe_lines
from dsview.ui.actions import ACTIONS, Where, bindings_of
from dsview.ui.appearance import Appearance
from dsview.ui.choices import ContextChoice
from dsview.ui.codes import codes_in
from dsview.ui.document import Document
from dsview.ui.glyphs import ASCII, UNICODE
from dsview.ui.keymap import keymap_of
from dsview.ui.multiplexers import passed_on
from dsview.ui.navigation import Command, Follows, Navigator
from dsview.ui.refresh_loop import RefreshLoop
from dsview.ui.screens.main import MainScreen
from dsview.ui.signals import on_hangup, on_leave_signals
from dsview.ui.styles import styles_dir
from dsview.ui.table import Table
from dsview.ui.themes import DEFAULT_THEME, FEW_COLOURS_THEME, missing_variables, own_themes
from dsview.ui.time_travel import StartRecording, TimeActions, TimeTravel

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.filter import LineFilter

    from dsview.analysis.cluster_view import Delta
    from dsview.core.errors import UserError
    from dsview.session.session import Session
    from dsview.ui.saving import Saver
    from dsview.ui.workspace import Workspace


TALLY_SLICE = 0.004
"""Seconds to count findings before keys are handled again."""

_SHOWN_COPY = 60
"""The number of characters of copied text that the notice shows."""

_FAULT = 70
"""The exit code of a fault inside dsview, as the README lists it."""

OpenSession = Callable[[], "Session"]
"""Makes a session that is not started yet. Called in a thread; it may block, and may raise `UserError`."""


class DsviewApp(TimeActions, App["UserError | None"]):
    """The dashboard.

    `open_session` is called after the first frame, in a thread; until then, `source_name` says what is being opened.
    `list_contexts` and `switch_context` (the session of a context, not started) enable the key for contexts;
    `contexts_title` is the title of the list. With `chooses_first`, one of them is chosen instead of `open_session`.
    `saver` enables the key for saving and `start_recording` the one for recording. `copy_natively` copies text to the
    machine's clipboard, in addition to the terminal's, and returns a hint for the user. `on_first_frame` and
    `on_all_painted` are called once each, on the UI thread. `crash_sentence` writes a report about a fault in dsview
    and returns a sentence; it is called from any thread.

    The application returns None, or the `UserError` that left nothing to show.
    """

    TITLE = "dsview"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.EVERYWHERE)
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    class Opened(Message):
        """A session was opened and is about to start."""

        def __init__(self, workspace: Workspace, number: int) -> None:
            super().__init__()
            self.workspace = workspace
            self.number = number

    class Failed(Message):
        """A session could not be opened."""

        def __init__(self, error: UserError, number: int) -> None:
            super().__init__()
            self.error = error
            self.number = number

    class Faulty(Message):
        """A fault inside dsview that does not end the screen; the text is a sentence."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(
        self,
        open_session: OpenSession,
        *,
        source_name: str,
        list_contexts: Callable[[], list[ContextChoice]] | None = None,
        switch_context: Callable[[str], Session] | None = None,
        contexts_title: str = "Contexts",
        chooses_first: bool = False,
        crash_sentence: Callable[[BaseException], str] = lambda error: f"dsview failed ({type(error).__name__}).",
        saver: Saver | None = None,
        start_recording: StartRecording | None = None,
        copy_natively: Callable[[str], str] | None = None,
        on_first_frame: Callable[[], None] | None = None,
        on_all_painted: Callable[[], None] | None = None,
        look: Appearance | None = None,
    ) -> None:
        folder = styles_dir()
        look = look or Appearance()
        own_css = [look.css] if look.css is not None else []
        super().__init__(css_path=[folder / "app.tcss", folder / "panes.tcss", *own_css])
        self.glyphs = ASCII if look.ascii_only else UNICODE
        self.actions = look.actions
        self.columns = dict(look.columns)
        self._remember = look.remember
        self._last_view = look.last_view
        self._remember_view = look.remember_view
        self._open_session = open_session
        self._source_name = source_name
        self._list_contexts = list_contexts
        self._switch_context = switch_context
        self._contexts_title = contexts_title
        self._chooses_first = chooses_first
        self._crash_sentence = crash_sentence
        self._saver = saver
        self._copy_natively = copy_natively
        self._on_first_frame = on_first_frame
        self._on_all_painted = on_all_painted
        self.workspace: Workspace | None = None
        self._pulse: RefreshLoop | None = None
        self._opening = 0
        self._has_said_failure = False
        self.failure: str | None = None
        """The fault inside dsview that ended the screen."""
        self.left_with: int | None = None
        """The exit code, once dsview is asked to quit."""
        self._has_rows = False
        self._has_left = False
        self._is_settled = False
        self.go = Navigator(self)
        self.time = TimeTravel(self, start_recording)
        self.animation_level = "none"
        self.set_class(look.ascii_only, "-ascii")
        for theme in (*own_themes(), *look.themes):
            self.register_theme(theme)
        self._may_choose_theme = not look.theme
        self.theme = look.theme or DEFAULT_THEME
        if look.actions is not ACTIONS:
            self.set_keymap(keymap_of(look.actions))

    @property
    def subject(self) -> tuple[str, float]:
        """The name of the cluster on the screen as given, and the displayed time, epoch seconds."""
        if self.workspace is None:
            return self._source_name, time.time()
        return self.workspace.session.source.name, self.workspace.session.time_shown

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
        """Before the first frame: whoever ends the process from here on, the terminal is restored."""
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
        """Keep what was typed before its field had the focus, and do not treat it as commands.

        Keys that follow `/` or `x` at once were sent to the table. They arrive here after the field was opened.
        """
        field = self.focused
        if event.character is None:
            return
        if field is None and not self.screen.is_mounted:
            event.prevent_default()
            self.screen.post_message(Key(event.key, event.character))
            return
        insert = getattr(field, "insert_text_at_cursor", None)
        if insert is not None and field is not None and field.check_consume_key(event.key, event.character):
            event.prevent_default()
            insert(event.character)

    def on_ready(self) -> None:
        """The first frame is being painted; everything else starts after it."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if self._on_first_frame is not None:
            self._on_first_frame()
        if self._chooses_first:
            self._choose_context(must=True)
        else:
            self.open(self._open_session)

    def open(self, open_session: OpenSession) -> None:
        """Open a session in a thread. The previous one stays on the screen until then.

        It is a daemon thread, so that quitting never waits for a cluster that does not respond.
        """
        self._opening += 1
        thread = threading.Thread(
            target=self._open, args=(open_session, self._opening), name="open-session", daemon=True
        )
        thread.start()

    def _open(self, open_session: OpenSession, number: int) -> None:
        from dsview.core.errors import UserError  # noqa: PLC0415 - after the first frame

        try:
            from dsview.ui.workspace import Workspace  # noqa: PLC0415 - brings the checks along; as above

            session = open_session()
            if number != self._opening:
                return
            self.post_message(self.Opened(Workspace(session), number))
            session.start()
        except UserError as error:
            self.post_message(self.Failed(error, number))
        except Exception as error:  # noqa: BLE001 - a traceback must not land on the terminal
            self.post_message(self.Failed(UserError(self._crash_sentence(error), exit_code=_FAULT), number))

    def on_dsview_app_opened(self, event: Opened) -> None:
        """Show a session, unless another one was chosen in the meantime."""
        if event.number != self._opening:
            event.workspace.session.stop()
            return
        if self.workspace is not None:
            event.workspace.session.note(f"Switched from {self.workspace.session.source.name}.")
            self._remember_place()
        self._leave_session()
        event.workspace.session.follows_another = self._has_left
        self.workspace = event.workspace
        self._is_settled = False
        self.go.home()
        self.main.attach(event.workspace)
        self._restore_place(event.workspace.session)
        self.time.attach()
        self._pulse = RefreshLoop(
            event.workspace.session,
            set_timer=self.set_timer,
            changed=self._apply,
            idle=self._settle,
            second=self._second,
            failed=self._beat_failed,
        )
        self._pulse.start()

    def on_dsview_app_failed(self, event: Failed) -> None:
        """Say why a session could not be opened, and quit if there is nothing else to show."""
        if event.number != self._opening:
            return
        self._not_opened(event.error)

    def _not_opened(self, error: UserError) -> None:
        if not self._has_rows:
            self.exit(error, return_code=error.exit_code)
        else:
            self.main.say_opened()
            self.notify(safe(str(error)), title="Not opened", severity="error", markup=False)

    def leave_main(self) -> None:
        """Escape on the main screen with nothing to undo: there is no screen above it."""

    def on_unmount(self) -> None:
        """Leave the session."""
        self._leave_session()

    def _leave_session(self) -> None:
        if self._pulse is not None:
            self._pulse.stop()
            self._pulse = None
        if self.workspace is not None:
            self.time.leave()
            self.workspace.session.stop()
            self.workspace = None
            self._has_left = True

    def _restore_place(self, session: Session) -> None:
        """Restore how the context was left, and say so if rows are hidden because of that."""
        last = self._last_view(session.source.name) if session.source.kind == "cluster" else None
        if last is not None:
            from dsview.ui.last_place import restore  # noqa: PLC0415 - after the first frame

            if restore(self.main, last):
                self.say("The filter is as you left it. Esc removes it.")

    def exit(
        self, result: UserError | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Quit; how the context was left is remembered."""
        self.left_with = return_code
        self._remember_place()
        super().exit(result, return_code, message)

    def _remember_place(self) -> None:
        """Remember how the context is left. This is a convenience, so a full disk is not reported."""
        session = self.workspace.session if self.workspace is not None else None
        if session is not None and session.source.kind == "cluster" and self.screen_stack:
            from dsview.ui.last_place import place_of  # noqa: PLC0415 - after the first frame

            with suppress(OSError):
                self._remember_view(session.source.name, place_of(self.main))

    def _apply(self, delta: Delta) -> None:
        workspace = self.workspace
        if workspace is None:
            return
        changed = workspace.refresh(delta)
        workspace.tallier.work(TALLY_SLICE)
        self._has_rows = self._has_rows or bool(delta.changes)
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.apply(delta, changed)
            elif isinstance(screen, Follows):
                screen.session_changed(delta)

    def _settle(self) -> None:
        """Everything so far was shown; report the first time that loading is complete."""
        if self.workspace is not None and self.workspace.tallier.work(TALLY_SLICE):
            self.main.read_header()
        if not self._is_settled and self.workspace is not None and self.workspace.session.is_settled:
            self._is_settled = True
            self.main.settle()
            if self._on_all_painted is not None:
                self.call_after_refresh(self._on_all_painted)
                self._on_all_painted = None

    def _second(self) -> None:
        self.main.second()
        self.time.second()

    def _beat_failed(self, error: Exception) -> None:
        """A drain or a refresh failed: it is reported once, however often it fails again."""
        if not self._has_said_failure:
            self._has_said_failure = True
            self.say_failure(self._crash_sentence(error))

    def say_failure(self, sentence: str) -> None:
        """Report a fault inside dsview while the screen continues. Called from any thread."""
        self.post_message(self.Faulty(sentence))

    def on_dsview_app_faulty(self, event: Faulty) -> None:
        """Say it."""
        text = f"{event.sentence} The screen may be out of date."
        self.notify(safe(text), title="dsview", severity="error", timeout=20, markup=False)

    def _fatal_error(self) -> None:
        """Quit, and print the sentence once the screen is gone, where Textual would print a traceback.

        A screen that is closed while it is still being built may fail because its widgets are missing. That is not
        reported.
        """
        if self.failure is None and self._exception is not None and self.left_with is None:
            self.failure = self._crash_sentence(self._exception)
        self._close_messages_no_wait()

    def choose_columns(self, pane_id: str, columns: tuple[str, ...]) -> None:
        """Show these columns of a pane, in that order, now and the next time; none means all."""
        self.columns[pane_id] = columns
        for pane in self.main.panes:
            if pane.pane_id == pane_id:
                pane.choose_columns(columns)
        try:
            self._remember({name: chosen for name, chosen in self.columns.items() if chosen})
        except OSError as error:
            self.say(f"The columns are not remembered: {error.strerror or error}.")

    def say(self, sentence: str) -> None:
        """Show a short notice."""
        self.notify(sentence, timeout=3, markup=False)

    def copy(self, text: str, what: str) -> None:
        """Copy text through the terminal (OSC 52) and with the machine's tool; no control characters are in it."""
        harmless = safe_lines(text)
        self.copy_to_clipboard(harmless)
        hint = self._copy_natively(harmless) if self._copy_natively is not None else ""
        first, _, rest = harmless.partition("\n")
        shown = first if len(first) <= _SHOWN_COPY else f"{first[:_SHOWN_COPY]}{self.glyphs.ellipsis}"
        more = f" and {rest.count(chr(10)) + 1} more line{'s' if chr(10) in rest else ''}" if rest else ""
        self.say(f"Copied {what}{more}: {shown}{hint}")

    def copy_to_clipboard(self, text: str) -> None:
        """Send text to the terminal's clipboard (OSC 52). A multiplexer in between is asked to pass it on."""
        super().copy_to_clipboard(text)
        if self._driver is not None and (wrap := passed_on(os.environ)) is not None:
            encoded = base64.b64encode(text.encode()).decode()
            self._driver.write(wrap(f"\x1b]52;c;{encoded}\a"))

    def commands(self) -> list[Command]:
        """Everything that the palette offers on this screen."""
        from dsview.ui.palette import entries  # noqa: PLC0415 - after the first frame

        return entries(self)

    def action_palette(self) -> None:
        """Find an action by its name."""
        if not self.screen.is_modal:
            self.go.commands(self.commands())

    def action_theme(self) -> None:
        """Choose the colours."""
        self.go.themes()

    def action_explain(self) -> None:
        """Explain the checks whose codes are in the selected line, or in the text."""
        table, text = next(iter(self.screen.query(Table)), None), next(iter(self.screen.query(Document)), None)
        row = table.cursor_row if table is not None else None
        texts = [cell.text for cell in row.cells] if row is not None else [text.text] if text is not None else []
        codes = codes_in(texts)
        if codes:
            self.go.explain_one_of(codes)
        else:
            self.say("There is no check code here.")

    def on_table_code_clicked(self, event: Table.CodeClicked) -> None:
        """Explain it."""
        self.go.explanation(event.code)

    def on_document_code_clicked(self, event: Document.CodeClicked) -> None:
        """Explain it."""
        self.go.explanation(event.code)

    def action_earlier(self) -> None:
        """Go back to the previous screen."""
        self.go.turn(-1)

    def action_later(self) -> None:
        """Go forward to the next screen."""
        self.go.turn(1)

    def action_save(self) -> None:
        """Save something to a file."""
        if self._saver is None:
            self.say("Nothing can be saved here.")
        else:
            self.go.save(self._saver)

    def action_sources(self) -> None:
        """Show the state of each source."""
        self.go.sources()

    def action_help(self) -> None:
        """Show every key."""
        self.go.help()

    def action_contexts(self) -> None:
        """Change to another context."""
        self._choose_context()

    def _choose_context(self, *, must: bool = False) -> None:
        if self._list_contexts is None or self._switch_context is None:
            self.say("There are no contexts to choose from, because this is not a cluster.")
            return
        self.go.contexts(self._list_contexts, self._switch_context, title=self._contexts_title, must=must)

    def action_begin(self) -> None:
        """Begin the story of a demo."""
        from dsview.sources.events import Staged  # noqa: PLC0415  (the first frame needs no kinds)

        source: object = self.workspace.session.source if self.workspace is not None else None
        if isinstance(source, Staged) and source.is_waiting:
            source.begin()
            self.main.read_header()
            self.say("The story begins. T shows what changes.")
        else:
            self.say("There is no story to start: only a demo has one, and it starts once.")
