"""`--demo NAME --at TIME`: records the whole story of a demo at once, without waiting for it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from dsview.core.errors import UserError
from dsview.session.recorder import Recorder
from dsview.session.session import Session
from dsview.sources.demo import DemoSource

TRAILING_SECONDS = 60
"""Seconds of the recording after the last event of the story, so that grace periods end in it."""

_folders: list[tempfile.TemporaryDirectory[str]] = []
"""The folders with the recordings, which are deleted when the process exits."""


def record_demo(scenario: str, *, ended_at: float | None = None) -> Path:
    """Record a demo from its start to its end, which is `ended_at`, in epoch seconds, or now.

    The session processes every second of the story like a live session. Raises `UserError` if there is no such demo, or
    if the recording cannot be written.
    """
    elapsed = 0
    started_at = 0.0
    source = DemoSource(scenario, clock=lambda: started_at + elapsed, waits=True)
    length = source.length + TRAILING_SECONDS
    started_at = (time.time() if ended_at is None else ended_at) - length
    try:
        folder = tempfile.TemporaryDirectory(prefix="dsview-")
    except OSError as error:
        raise UserError(f"The demo cannot be recorded: {error.strerror}.") from None
    _folders.append(folder)
    session = Session(source, clock=lambda: started_at + elapsed)
    recorder = Recorder(session, Path(folder.name) / f"{scenario}.dsview")
    session.start()
    for elapsed in range(length + 1):
        source.advance_to(elapsed)
        _settle(session)
    session.stop()
    recorder.stop()
    if recorder.failure:
        raise UserError(recorder.failure)
    return recorder.path


def _settle(session: Session) -> None:
    while session.has_work or not session.is_settled:
        session.drain(1.0)
    # One more round, for checks that are due at this time.
    session.drain(1.0)
