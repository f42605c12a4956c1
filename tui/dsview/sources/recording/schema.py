"""The SQLite file of a recording: its tables, how to recognise it, and its metadata."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import msgspec

from dsview.core.errors import UserError
from dsview.core.text import Safe, safe
from dsview.sources.events import SourceKind

FORMAT = 1
"""The version of the tables (`PRAGMA user_version`)."""

APPLICATION_ID = 0x64737677
"""`dsvw`: at byte 68 of the file (https://www.sqlite.org/fileformat.html)."""

TABLES = """
CREATE TABLE about (content BLOB NOT NULL);
CREATE TABLE frames (id INTEGER PRIMARY KEY, at REAL NOT NULL, batch INTEGER NOT NULL, content BLOB NOT NULL);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, began REAL NOT NULL, ended REAL NOT NULL, ticks INTEGER NOT NULL, content BLOB NOT NULL
);
CREATE TABLE entries (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, sort TEXT NOT NULL, turn TEXT NOT NULL, content BLOB NOT NULL
);
CREATE TABLE spans (id INTEGER PRIMARY KEY, began REAL NOT NULL, ended REAL NOT NULL);
CREATE INDEX frames_at ON frames (at);
CREATE INDEX batches_began ON batches (began);
CREATE INDEX entries_at ON entries (at);
"""
"""`frames.batch` is the last batch that a key frame includes. `spans` are the recorded periods of time."""

_HEADER = 72

MAX_PART_SIZE = 1 << 28
"""The maximum size of one part of a recording in bytes, stored or decompressed: proxy configurations may be large."""

READ_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The exceptions of sqlite3 for a file that it cannot read, including error messages that quote undecodable text."""

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""The exceptions of msgspec for malformed content."""

_LAST_TIME = 253_402_300_800.0
"""The end of the year 9999 in epoch seconds, which is the last time that can be shown."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The source that was recorded, the version of dsview, and whether names and addresses were replaced.

    `skipped` are the codes of the checks that did not run.
    """

    dsview: str
    source_kind: SourceKind
    source_name: str
    is_live: bool = True
    redacted: bool = False
    skipped: tuple[str, ...] = ()


def is_recording(path: Path) -> bool:
    """Whether a file is a recording, by its header."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return False
    return head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def is_time(value: object) -> bool:
    """Whether a value of the file is a time that can be shown, epoch seconds."""
    return isinstance(value, int | float) and 0 <= value < _LAST_TIME


def read_about(connection: sqlite3.Connection) -> About:
    """The metadata of the file, as safe text.

    Raises one of `READ_ERRORS` or `DECODE_ERRORS` if it cannot be read, and `UserError` if the file does not have
    exactly the tables that dsview creates: a foreign file may contain views and triggers, which run during queries.
    """
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_PART_SIZE)
    if _tables_of(connection) != _own_tables():
        raise UserError("its tables are not those of a recording")
    row = connection.execute("SELECT content FROM about").fetchone()
    about = msgspec.msgpack.decode(row[0] if row is not None and isinstance(row[0], bytes) else b"", type=About)
    return msgspec.structs.replace(about, dsview=safe(about.dsview), source_name=safe(about.source_name))


def _tables_of(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema LIMIT 100"))


@cache
def _own_tables() -> set[tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        return _tables_of(connection)


def reason_of(error: BaseException) -> Safe:
    """The reason for a failure as a clause, without a full stop."""
    if isinstance(error, OSError):
        return safe(error.strerror or str(error))
    if isinstance(error, UnicodeDecodeError):
        return safe("its text is damaged")
    if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
        return safe("the disk is full")
    return safe(str(error).rstrip(".") or type(error).__name__)
