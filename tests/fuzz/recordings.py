"""Recordings as inputs: the bytes of the file are changed, or the content of one of its parts."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import zlib
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from dsview.analysis.family_chart import whole_chart
from dsview.export.formats import FORMATS, Extras
from dsview.export.report import build_report
from dsview.session.replay import ReplaySession
from dsview.sources.recording.reader import RecordingReader
from tests.fuzz.mutations import changed_bytes, changed_value
from tests.support.demo_recordings import START, record_beginning

SECONDS = 40
_PARTS = ("frames", "batches", "batches", "entries", "about")


@cache
def recording() -> bytes:
    """A recording of the first seconds of a demo."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.dsview"
        record_beginning(path, SECONDS)
        return path.read_bytes()


def changed_recording(by: random.Random) -> bytes:
    """The recording with damaged bytes, or with another value in one of its parts, which stays well-formed."""
    data = recording()
    return changed_bytes(data, [data], by) if by.random() < 0.2 else _with_changed_part(data, by)


def _with_changed_part(data: bytes, by: random.Random) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        # Without a write-ahead log (bytes 18 and 19 of the header), which an in-memory database cannot have.
        connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
        table = by.choice(_PARTS)
        number, content = by.choice(connection.execute(f"SELECT rowid, content FROM {table}").fetchall())
        connection.execute(f"UPDATE {table} SET content = ? WHERE rowid = ?", (_changed(content, by), number))
        return connection.serialize()


def _changed(content: bytes, by: random.Random) -> bytes:
    """The content with some of its values replaced, including packed ones."""
    try:
        value = msgspec.msgpack.decode(zlib.decompress(content))
    except zlib.error:
        value = msgspec.msgpack.decode(content)
        if isinstance(value, dict) and "objects" in value and by.random() < 0.9:
            return _with_changed_objects(value, by)
        return _encoded(changed_value(value, by), content)
    return zlib.compress(_encoded(changed_value(value, by), content), 1)


def _with_changed_objects(frame: Any, by: random.Random) -> bytes:
    kind = by.choice([*frame["objects"], "rest"])
    if kind == "rest":
        frame["rest"] = _changed(frame["rest"], by)
    else:
        frame["objects"][kind] = [_changed(part, by) for part in frame["objects"][kind]]
    return msgspec.msgpack.encode(frame)


def _encoded(value: Any, otherwise: bytes) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except (OverflowError, UnicodeEncodeError, RecursionError):
        # A number or a text that msgpack cannot hold.
        return otherwise


def replay(path: str) -> None:
    """Open it, move through it, and make a report."""
    reader = RecordingReader(Path(path))
    session = ReplaySession(reader)
    try:
        session.start()
        for when in (None, reader.first, (reader.first + reader.last) / 2, reader.last):
            if when is not None:
                session.seek(when)
            while session.has_work:
                session.drain(1.0)
                session.wait(1.0)
            session.drain(1.0)
            session.take_failure()
        for step in (session.next_change, session.previous_change, session.next_finding, session.previous_finding):
            step()
        span = (reader.first, reader.last)
        report = build_report(session)
        extras = Extras(made_at=START, chart=lambda: whole_chart(session, span, 40), span=span)
        for render in FORMATS.values():
            render(report, extras)
    finally:
        session.stop()
        reader.close()
