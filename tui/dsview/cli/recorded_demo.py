"""`--demo NAME --at TIME`: the whole story of a demo as a recording, made at once instead of lived through."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from dsview.core.errors import UserError
from dsview.session.recorder import Recorder
from dsview.session.session import Session
from dsview.sources.demo import DemoSource

AFTERWARDS = 60
"""Seconds of the recording behind the last event of the story: grace periods end in them."""

_folders: list[tempfile.TemporaryDirectory[str]] = []
"""Where recordings are. They go with the process."""


def record_demo(scenario: str, *, ended_at: float | None = None) -> Path:
    """Record a demo from its beginning to its end, which is `ended_at`, epoch seconds, or now.

    The session takes in every second of the story as a live one would. Raises `UserError` where there is no such demo,
    or where nothing can be written.
    """
    elapsed = 0
    began = 0.0
    source = DemoSource(scenario, clock=lambda: began + elapsed, waits=True)
    length = source.length + AFTERWARDS
    began = (time.time() if ended_at is None else ended_at) - length
    try:
        folder = tempfile.TemporaryDirectory(prefix="dsview-")
    except OSError as error:
        raise UserError(f"The demo cannot be recorded: {error.strerror}.") from None
    _folders.append(folder)
    session = Session(source, clock=lambda: began + elapsed)
    recorder = Recorder(session, Path(folder.name) / f"{scenario}.dsview")
    session.start()
    for elapsed in range(length + 1):
        source.advance_to(elapsed)
        _take_in(session)
    session.stop()
    recorder.stop()
    if recorder.failure:
        raise UserError(recorder.failure)
    return recorder.path


def _take_in(session: Session) -> None:
    while session.has_work or not session.is_settled:
        session.drain(1.0)
    # Another round, at a time at which nothing waits, for what is due by now.
    session.drain(1.0)
