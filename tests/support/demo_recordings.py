"""Recordings of the first seconds of a demo."""

from __future__ import annotations

from pathlib import Path

from dsview.session.recorder import Recorder
from dsview.session.session import Session
from dsview.sources.demo import DemoSource

START = 1_800_000_000.0


def record_beginning(path: Path, seconds: int) -> None:
    """Record the troubled demo from `START` on, second by second."""
    now = START
    source = DemoSource("troubled", clock=lambda: now)
    session = Session(source, clock=lambda: now)
    session.start()
    recorder = Recorder(session, path)
    for second in range(seconds):
        now = START + second
        source.advance_to(second)
        while True:
            session.drain(1.0)
            if session.is_settled:
                break
            session.wait(0.1)
        session.drain(1.0)
    session.stop()
    recorder.stop()
    assert not recorder.failure
