"""Moving through a recording on the screen, and making one."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.content import Content
from textual.pilot import Pilot

from dsview.core.errors import UserError
from dsview.session.recorder import Recorder
from dsview.session.replay import ReplaySession
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.recording.content import Moment
from dsview.sources.recording.reader import RecordingReader
from dsview.ui.app import DsviewApp
from dsview.ui.table import Table
from dsview.ui.timebar import TimeBar
from tests.support.demo_recordings import START, record_beginning


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first minute and a half of the troubled demo."""
    path = tmp_path_factory.mktemp("recording") / "troubled.dsview"
    record_beginning(path, 90)
    return path


class Screen:
    """The application on a recording."""

    def __init__(self, app: DsviewApp, pilot: Pilot[UserError | None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        return "\n".join(
            "".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()
        )

    @property
    def bar(self) -> str:
        (bar,) = self.app.screen.query(TimeBar)
        return bar.render().plain

    @property
    def is_shown(self) -> bool:
        """Whether everything was drained, and the time line is visible."""
        workspace, bars = self.app.workspace, self.app.screen.query(TimeBar)
        return workspace is not None and workspace.session.was_settled and bool(bars) and bars.first().size.width > 0

    @property
    def session(self) -> ReplaySession:
        session = self.app.workspace.session if self.app.workspace is not None else None
        assert isinstance(session, ReplaySession)
        return session

    @property
    def seconds(self) -> float:
        """The displayed time, in seconds after the beginning of the demo."""
        return self.session.position - START

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"waited in vain; the screen says:\n{self.text}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.05)


@asynccontextmanager
async def looking_at(path: Path, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Screen]:
    app = DsviewApp(lambda: ReplaySession(RecordingReader(path)), source_name="troubled.dsview")
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = Screen(app, pilot)
        await screen.until(lambda: screen.is_shown)
        yield screen


async def test_a_recording_opens_at_its_last_moment(recording: Path) -> None:
    async with looking_at(recording) as screen:
        assert screen.seconds == 89
        assert screen.bar.startswith(" 08:01:29 ")


async def test_the_keys_of_time_go_by_change_by_minute_and_by_finding(recording: Path) -> None:
    async with looking_at(recording) as screen:
        places = []
        for key in ("less_than_sign", "less_than_sign", "greater_than_sign", "left_curly_bracket", "left_parenthesis"):
            await screen.press(key)
            places.append(screen.seconds)
        last, before, again, minute, finding = places
        assert 89 >= last > before
        assert again == last
        assert minute == last - 60
        assert finding < minute
        await screen.press("right_parenthesis", "right_curly_bracket")
        assert screen.seconds > minute


async def test_the_panes_the_findings_and_the_timeline_are_as_they_were(recording: Path) -> None:
    async with looking_at(recording, size=(140, 50)) as screen:
        workspace = screen.app.workspace
        assert workspace is not None
        session = workspace.session
        later = {finding.identity for finding in session.findings}
        entries = len(session.timeline.entries)
        await screen.press("left_curly_bracket", "left_curly_bracket")
        await screen.until(lambda: not session.has_work)
        assert screen.seconds == 0
        assert {finding.identity for finding in session.findings} != later
        assert len(session.timeline.entries) == 0 < entries
        await screen.press("T")
        assert "Nothing has changed" in screen.text
        assert screen.bar.startswith(" 08:00:00 ")
        await screen.press("right_curly_bracket")
        await screen.until(lambda: "Gained IPv6" in screen.text or "first ready IPv6 endpoint" in screen.text)


async def test_it_plays_faster_each_time_and_stops_at_the_end(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsview.ui.time_travel.FRAME", 0.5)
    async with looking_at(recording) as screen:
        await screen.press("left_curly_bracket", "left_curly_bracket", "full_stop")
        assert "►1x" in screen.bar
        assert ". 10x" in screen.bar
        await screen.press("full_stop")
        assert "►10x" in screen.bar
        assert ". 60x" in screen.bar
        await screen.press("full_stop")
        assert "►60x" in screen.bar
        assert ". stop" in screen.bar
        await screen.until(lambda: screen.seconds == 89)
        assert "x " not in screen.bar[:16]


async def test_it_says_that_a_moment_is_being_read_and_keys_do_something_meanwhile(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()
    async with looking_at(recording) as screen:
        session = screen.session
        read = session.reader.at
        monkeypatch.setattr(session.reader, "at", lambda when: may_go_on.wait(20) and read(when))
        await screen.press("left_curly_bracket")
        await screen.until(lambda: screen.bar.startswith(" 08:00:29 loading "))
        await screen.press("left_curly_bracket", "2")
        assert screen.bar.startswith(" 08:00:00 loading ")
        assert screen.app.main.active.pane_id == "pods"
        assert session.now == START + 89
        may_go_on.set()
        await screen.until(lambda: "loading" not in screen.bar)
        assert session.now == START


async def test_a_recording_that_plays_says_how_fast_and_not_that_it_is_loading(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    may_go_on = threading.Event()
    monkeypatch.setattr("dsview.ui.time_travel.monotonic", lambda: now)
    async with looking_at(recording) as screen:
        session = screen.session
        await screen.press("left_curly_bracket", "left_curly_bracket")
        await screen.until(lambda: not session.is_seeking)
        read = session.reader.ticks_between
        monkeypatch.setattr(session.reader, "ticks_between", lambda *times: may_go_on.wait(20) and read(*times))
        await screen.press("full_stop")
        await screen.until(lambda: session.is_seeking)
        await screen.pilot.pause(0.3)
        assert "1x" in screen.bar
        now = 0.2
        await screen.until(lambda: "loading" in screen.bar)
        may_go_on.set()
        await screen.until(lambda: "1x" in screen.bar)


async def test_a_moment_that_cannot_be_read_is_said_and_the_one_before_stays(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(when: float) -> Moment:
        raise UserError("troubled.dsview cannot be read: disk I/O error.")

    async with looking_at(recording) as screen:
        monkeypatch.setattr(screen.session.reader, "at", refuse)
        await screen.press("left_curly_bracket")
        await screen.until(lambda: "disk I/O error" in screen.text)
        assert screen.bar.startswith(" 08:01:29 ")
        assert screen.seconds == 89


async def test_a_file_that_went_bad_is_said(recording: Path) -> None:
    async with looking_at(recording) as screen:
        screen.session.reader.close()
        await screen.press("less_than_sign")
        await screen.until(lambda: "cannot be read" in screen.text)


async def test_a_click_on_the_track_goes_there(recording: Path) -> None:
    async with looking_at(recording) as screen:
        await screen.pilot.click(TimeBar, offset=(12, 0))
        assert screen.seconds < 10


async def test_at_either_end_of_a_recording_a_notice_is_shown(recording: Path) -> None:
    async with looking_at(recording) as screen:
        await screen.press("greater_than_sign")
        await screen.until(lambda: "There are no later changes in the recording." in screen.text)
        await screen.press("left_curly_bracket", "left_curly_bracket", "less_than_sign")
        await screen.until(lambda: "This is the beginning of the recording." in screen.text)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 250])
async def test_the_time_bar_fits_the_width(recording: Path, width: int) -> None:
    async with looking_at(recording, size=(width, 24)) as screen:
        assert len(screen.bar) == width
        assert ("( ) finding" in screen.bar) is (width >= 80)


@asynccontextmanager
async def live(start: Callable[[Session], Recorder] | None) -> AsyncIterator[Screen]:
    app = DsviewApp(lambda: Session(DemoSource("healthy")), source_name="demo", start_recording=start)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = Screen(app, pilot)
        await screen.until(lambda: app.workspace is not None and app.workspace.session.was_settled)
        yield screen


async def test_r_starts_a_recording_and_stops_it(tmp_path: Path) -> None:
    path = tmp_path / "new.dsview"
    async with live(lambda session: Recorder(session, path)) as screen:
        await screen.press("R")
        assert "Recording into new.dsview; R stops it." in screen.bar
        await screen.press("T")
        assert "Recording into new.dsview" in screen.bar
        await screen.press("escape", "R")
        await screen.until(lambda: not screen.app.screen.query(TimeBar))
    assert RecordingReader(path).about.source_name == "healthy"


async def test_leaving_dsview_ends_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "new.dsview"
    async with live(lambda session: Recorder(session, path)) as screen:
        await screen.press("R")
        await screen.pilot.pause(0.3)
    assert [file.name for file in tmp_path.iterdir()] == ["new.dsview"]
    assert RecordingReader(path).first > 0


async def test_a_recording_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    def refuse(session: Session) -> Recorder:
        raise UserError("new.dsview cannot be written: Permission denied.")

    async with live(refuse) as screen:
        await screen.press("R")
        await screen.until(lambda: "Permission denied" in screen.text)
        assert not screen.app.screen.query(TimeBar)


async def test_a_recording_that_stops_by_itself_is_said(tmp_path: Path) -> None:
    started: list[Recorder] = []

    def start(session: Session) -> Recorder:
        started.append(Recorder(session, tmp_path / "new.dsview"))
        return started[0]

    async with live(start) as screen:
        await screen.press("R")
        started[0]._writer.failure = "the disk is full"
        await screen.until(lambda: "Recording to new.dsview stopped: the disk is full." in screen.text)
        assert not screen.app.screen.query(TimeBar)


async def test_the_keys_of_time_say_where_there_is_no_recording() -> None:
    async with live(None) as screen:
        await screen.press("greater_than_sign")
        await screen.until(lambda: "This is not a recording." in screen.text)
        await screen.press("R")
        await screen.until(lambda: "Nothing can be recorded here." in screen.text)


async def test_the_timeline_has_a_line_for_each_family_over_the_whole_recording(recording: Path) -> None:
    async with looking_at(recording) as screen:
        await screen.press("{", "{", "T")
        chart = screen.text.splitlines()[1:3]
        assert [line.split()[0] for line in chart] == ["IPv4", "IPv6"]
        assert "↑" in chart[1]
        assert "08:00:00-08:01:29" in chart[1]


async def test_o_narrows_the_timeline_to_one_object_and_its_layers(recording: Path) -> None:
    async with looking_at(recording) as screen:
        await screen.press("T")
        table = screen.app.screen.query_one("#timeline", Table)
        while (row := table.cursor_row) is None or "Service payments/api" not in [cell.text for cell in row.cells]:
            await screen.press("down")
        await screen.press("o")
        assert "Service payments/api" in screen.text.splitlines()[0]
        assert "Services" in screen.text.splitlines()[1]
        await screen.press("o")
        assert "Service payments/api" not in screen.text.splitlines()[0]


async def test_d_shows_what_differs_since_the_beginning_in_two_lanes(recording: Path) -> None:
    async with looking_at(recording) as screen:
        await screen.press("D")
        await screen.until(lambda: "then 08:00:00" in screen.text)
        assert "now 08:01:29" in screen.text
        line = next(line for line in screen.text.splitlines() if "IPv6 Pods of Deployment shop/web" in line)
        assert [part.strip() for part in line.split("│")[1:3]] == ["none", "4 of 4"]
        assert "worse" in screen.text.splitlines()[0]
        await screen.press("escape")
        assert screen.app.screen is screen.app.main


async def test_m_marks_the_moment_that_d_compares_with(recording: Path) -> None:
    async with looking_at(recording) as screen:
        await screen.press("left_curly_bracket", "M")
        await screen.until(lambda: "Marked 08:00:29." in screen.text)
        await screen.press("D")
        await screen.until(lambda: "dsview found no differences" in screen.text)
        assert "the same" in screen.text.splitlines()[0]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_a_comparison_fits_the_width(recording: Path, width: int) -> None:
    async with looking_at(recording, size=(width, 24)) as screen:
        await screen.press("D")
        await screen.until(lambda: "then 08:00:00" in screen.text)
        assert all(line.cell_length <= width for line in map(Content, screen.text.splitlines()))


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_the_lanes_show_whole_addresses_from_80_columns_on(recording: Path, width: int) -> None:
    async with looking_at(recording, size=(width, 100)) as screen:
        await screen.press("D")
        await screen.until(lambda: "no finding" in screen.text)
        lanes = [line.split("│") for line in screen.text.splitlines() if line.count("│") == 2]
        now = [lane[2].strip() for lane in lanes]
        assert "2001:db8:cafe::12" in now or (width < 80 and any(re.match(r"2001:\S*…\S*::12$", text) for text in now))


async def test_d_tells_what_changed_since_r(tmp_path: Path) -> None:
    path = tmp_path / "new.dsview"
    async with live(lambda session: Recorder(session, path)) as screen:
        await screen.press("D")
        await screen.until(lambda: "There is nothing to compare with" in screen.text)
        await screen.press("R")
        await screen.until(lambda: has_frame(path))
        await screen.press("D")
        await screen.until(lambda: "dsview found no differences" in screen.text)


def has_frame(path: Path) -> bool:
    try:
        RecordingReader(path).close()
    except UserError:
        return False
    return True
