"""The actions for time: moving through a recording, and making one."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual.message_pump import MessagePump

from dsview.core.text import clock_text, safe
from dsview.ui.timebar import TimeBar

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen
    from textual.timer import Timer
    from textual.widget import Widget

    from dsview.core.errors import UserError
    from dsview.session.recorder import Recorder
    from dsview.session.replay import ReplaySession
    from dsview.session.session import Session
    from dsview.ui.app import DsviewApp

# ruff: noqa: PLC0415 - sessions are imported after the first frame

MINUTE = 60.0
SPEEDS = (0, 1, 10, 60)
FRAME = 0.1
"""Seconds between two displayed moments while a recording plays."""

LOADING_AFTER = 0.1
"""Seconds after which a notice says that another moment is still being read."""

StartRecording = Callable[["Session"], "Recorder"]
"""Starts to record a session into a new file. Raises `UserError` if it cannot be written."""


class TimeTravel:
    """The recording that the application shows or makes."""

    def __init__(self, app: DsviewApp, start_recording: StartRecording | None) -> None:
        self._app = app
        self._start_recording = start_recording
        self._recorder: Recorder | None = None
        self._speed = 0
        self._play_timer: Timer | None = None
        self._mark: float | None = None
        self._seek_timer: Timer | None = None
        self._seek_started = 0.0
        self._is_loading = False

    @property
    def replay(self) -> ReplaySession | None:
        """The displayed recording, if any."""
        from dsview.session.replay import ReplaySession

        session = self._app.workspace.session if self._app.workspace is not None else None
        return session if isinstance(session, ReplaySession) else None

    def attach(self) -> None:
        """Another session is shown."""
        self._set_speed(0)
        self._stop_seek_timer()
        self._mark = None
        if self.replay is not None:
            self.show_time_bar(self._app.main)

    def leave(self) -> None:
        """The session is about to end, and with it its recording."""
        self._set_speed(0)
        self._stop_seek_timer()
        if self._recorder is not None:
            self._recorder.stop()
            self._recorder = None
        self._remove_bars()

    def show_time_bar(self, screen: Screen[Any], before: Widget | None = None) -> None:
        """Put the time bar onto a screen if there is something to show in it."""
        if self._app.workspace is None or (self.replay is None and self._recorder is None) or screen.query(TimeBar):
            return
        bar = TimeBar(glyphs=self._app.glyphs)
        screen.mount(bar, before=before if before is not None else screen.query("KeyBar").first())
        self._update_bar(bar)

    def on_second(self) -> None:
        """Called every second: a growing recording is updated, or has stopped by itself."""
        recorder = self._recorder
        if recorder is None:
            return
        if recorder.failure:
            self._recorder = None
            self._app.notify(recorder.failure, title="Recording", severity="error", timeout=20, markup=False)
            self._remove_bars()
        else:
            self.refresh()

    def refresh(self) -> None:
        """Update the time bar on every screen."""
        for bar in self._bars():
            self._update_bar(bar)

    def _bars(self) -> list[TimeBar]:
        return [bar for screen in self._app.screen_stack for bar in screen.query(TimeBar)]

    def _remove_bars(self) -> None:
        for bar in self._bars():
            bar.remove()

    def _update_bar(self, bar: TimeBar) -> None:
        replay = self.replay
        if replay is not None:
            bar.follow(replay, self._speed, is_loading=self._is_loading)
        elif self._recorder is not None:
            bar.show_sentence(safe(f"Recording into {self._recorder.path.name}; R stops it."))

    def seek(self, when: float | None, notice: str) -> None:
        """Show another moment; without one, show the sentence."""
        from dsview.core.errors import UserError

        replay = self.replay
        if replay is None:
            self._app.show_notice("This is not a recording. R makes one; `dsview --from FILE` shows it.")
            return
        if when is None:
            self._app.show_notice(notice)
            return
        if not replay.is_seeking:
            self._seek_started = monotonic()
        try:
            replay.seek(when)
        except UserError as error:
            self._show_error(error)
            return
        if self._seek_timer is None:
            self._seek_timer = self._app.set_interval(LOADING_AFTER, self._check_seek)
        self.refresh()

    def _check_seek(self) -> None:
        """Report that a moment is still being read, or why it could not be read."""
        replay = self.replay
        failure = replay.take_failure() if replay is not None else None
        if failure is not None:
            self._show_error(failure)
        is_seeking = replay is not None and replay.is_seeking
        # While a recording plays, another moment is read all the time: only a slow one is reported.
        is_late = monotonic() - self._seek_started >= LOADING_AFTER
        was_loading, self._is_loading = self._is_loading, is_seeking and is_late
        if not is_seeking:
            self._stop_seek_timer()
        if self._is_loading or was_loading:
            self.refresh()

    def _show_error(self, error: UserError) -> None:
        self._set_speed(0)
        self._app.notify(safe(str(error)), title="Recording", severity="error", markup=False)
        self.refresh()

    def _stop_seek_timer(self) -> None:
        self._is_loading = False
        if self._seek_timer is not None:
            self._seek_timer.stop()
            self._seek_timer = None

    def step(self, find: Callable[[ReplaySession], float | None], notice: str) -> None:
        """Go to the moment that `find` returns, and stop playing."""
        from dsview.core.errors import UserError

        self._set_speed(0)
        replay = self.replay
        try:
            moment = find(replay) if replay is not None else None
        except UserError as error:
            self._show_error(error)
        else:
            self.seek(moment, notice)

    def play(self) -> None:
        """Play, faster each time, and finally stop."""
        replay = self.replay
        if replay is None or replay.position >= replay.reader.last:
            self.seek(None, "This is the end of the recording.")
            return
        self._set_speed(SPEEDS[(SPEEDS.index(self._speed) + 1) % len(SPEEDS)])
        self.refresh()

    def _set_speed(self, speed: int) -> None:
        self._speed = speed
        if self._play_timer is not None:
            self._play_timer.stop()
            self._play_timer = None
        if speed:
            self._play_timer = self._app.set_interval(FRAME, self._play_frame)

    def _play_frame(self) -> None:
        replay = self.replay
        if replay is None:
            self._set_speed(0)
            return
        if replay.is_seeking:
            # What is visible must be painted first.
            return
        self.seek(replay.position + FRAME * self._speed, "")
        if replay.position >= replay.reader.last:
            self._set_speed(0)
            self.refresh()

    def mark(self) -> None:
        """Mark the current moment for comparison."""
        replay = self.replay
        if replay is None:
            self._app.show_notice("This is not a recording, so there is no moment to mark.")
            return
        self._mark = replay.position
        self._app.show_notice(f"Marked {clock_text(self._mark)}. D compares another moment with it.")

    def compare(self) -> None:
        """Show the differences between the marked moment and the current one, or since a recording began."""
        from dsview.core.errors import UserError
        from dsview.session.replay import compare_moments

        workspace = self._app.workspace
        try:
            recorded = self._recorded_until_now()
        except UserError as error:
            self._app.show_notice(safe(str(error)))
            return
        if recorded is None or workspace is None:
            self._app.show_notice(
                "There is nothing to compare with. R starts a recording; D then shows what changed since."
            )
            return
        path, first, current = recorded
        policy = workspace.session.policy
        then, now = sorted((self._mark if self._mark is not None else first, current))
        self._app.go.comparison(then, now, lambda: compare_moments(path, then, now, policy))

    def _recorded_until_now(self) -> tuple[Path, float, float] | None:
        """The recording that is shown or made, its first moment and the current one. Raises `UserError`."""
        from dsview.sources.recording.reader import RecordingReader

        replay = self.replay
        if replay is not None:
            return replay.reader.path, replay.reader.first, replay.position
        if self._recorder is None:
            return None
        reader = RecordingReader(self._recorder.path)
        try:
            return reader.path, reader.first, reader.last
        finally:
            reader.close()

    def record(self) -> None:
        """Begin to record, or end it."""
        from dsview.core.errors import UserError

        workspace = self._app.workspace
        if self._recorder is not None:
            recorder, self._recorder = self._recorder, None
            recorder.stop()
            self._remove_bars()
            self._app.notify(recorder.failure or f"Recorded into {safe(str(recorder.path))}", timeout=8, markup=False)
        elif self.replay is not None:
            self._app.show_notice("This is already a recording.")
        elif workspace is None or self._start_recording is None:
            self._app.show_notice("Nothing can be recorded here.")
        else:
            try:
                self._recorder = self._start_recording(workspace.session)
            except UserError as error:
                self._app.notify(safe(str(error)), title="Not recorded", severity="error", markup=False)
                return
            for screen in self._app.screen_stack:
                if screen.query("KeyBar"):
                    self.show_time_bar(screen)


class TimeActions(MessagePump):
    """The actions of time, for the application. `time` does them."""

    time: TimeTravel

    def action_record(self) -> None:
        """Record, or stop it."""
        self.time.record()

    def action_change_before(self) -> None:
        """To the change before."""
        self.time.step(lambda replay: replay.previous_change(), "This is the beginning of the recording.")

    def action_change_after(self) -> None:
        """To the next change."""
        self.time.step(lambda replay: replay.next_change(), "There are no later changes in the recording.")

    def action_minute_before(self) -> None:
        """Back by a minute."""
        self.time.step(lambda replay: replay.position - MINUTE, "")

    def action_minute_after(self) -> None:
        """On by a minute."""
        self.time.step(lambda replay: replay.position + MINUTE, "")

    def action_finding_before(self) -> None:
        """Go back to the last time a finding appeared or disappeared."""
        self.time.step(lambda replay: replay.previous_finding(), "No finding appeared or disappeared before this.")

    def action_finding_after(self) -> None:
        """Go to the next time a finding appears or disappears."""
        self.time.step(lambda replay: replay.next_finding(), "No finding appears or disappears after this.")

    def action_mark(self) -> None:
        """Mark this moment."""
        self.time.mark()

    def action_compare(self) -> None:
        """What differs between two moments."""
        self.time.compare()

    def action_play(self) -> None:
        """Play the recording."""
        self.time.play()

    def on_time_bar_clicked(self, event: TimeBar.Clicked) -> None:
        """Go to the time that was clicked."""
        fraction = event.fraction
        self.time.step(lambda replay: replay.reader.first + fraction * (replay.reader.last - replay.reader.first), "")
