"""The story of a demo as a recording: each moment is the same as in the demo itself."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from dsview.cli import cli
from dsview.cli.recorded_demo import TRAILING_SECONDS, record_demo
from dsview.export.formats import render_json
from dsview.export.report import build_report
from dsview.session.replay import ReplaySession
from dsview.session.session import Session
from dsview.sources.demo import SCENARIOS, DemoSource
from dsview.sources.recording.reader import RecordingReader

END = 1_800_000_000.0


def report(session: Session) -> str:
    return render_json(build_report(session))


def taken_in(session: Session) -> None:
    while session.has_work or not session.is_settled:
        session.drain(1.0)
    session.drain(1.0)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_recording_of_a_demo_tells_what_the_demo_tells(scenario: str) -> None:
    reader = RecordingReader(record_demo(scenario, ended_at=END))
    now = 0.0
    source = DemoSource(scenario, clock=lambda: now, waits=True)
    began = now = END - source.length - TRAILING_SECONDS
    assert (reader.first, reader.last) == (began, END)
    live = Session(source, clock=lambda: now)
    live.start()
    replay = ReplaySession(reader, at=reader.first)
    replay.start()
    for elapsed in range(source.length + TRAILING_SECONDS + 1):
        now = began + elapsed
        source.advance_to(elapsed)
        taken_in(live)
        if elapsed % 7 == 0:
            replay.seek(now)
            taken_in(replay)
            assert report(replay) == report(live), elapsed
    live.stop()
    replay.stop()


def test_a_moment_of_a_demo_is_checked_and_a_fault_of_its_beginning_is_fixed_at_its_end() -> None:
    first, last = (
        CliRunner().invoke(cli, ["check", "--demo", "troubled", "--at", at, "-o", "json"], standalone_mode=False)
        for at in ("+0s", "-0s")
    )
    assert first.return_value == last.return_value == 1
    assert '"DS-EPS-001"' in first.stdout
    assert '"DS-EPS-001"' not in last.stdout


def test_a_moment_that_the_demo_does_not_have_is_a_sentence() -> None:
    result = CliRunner().invoke(cli, ["check", "--demo", "troubled", "--at", "+3h"])
    assert result.exit_code == 2
    assert "was not recorded" in result.stderr
