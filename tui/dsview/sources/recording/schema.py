"""The SQLite file of a recording: its tables, how one is recognised, and what is said of it as a whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

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
"""`frames.batch` is the last batch that a key frame holds already. `spans` are the times that were recorded."""

_HEADER = 72


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded: which source, by which version of dsview, and whether names and addresses were replaced.

    `skipped` are the checks that were asked nothing, by code.
    """

    dsview: str
    source_kind: SourceKind
    source_name: str
    is_live: bool = True
    redacted: bool = False
    skipped: tuple[str, ...] = ()


def is_recording(path: Path) -> bool:
    """Whether a file is a recording, by how it begins."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return False
    return head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def read_about(connection: sqlite3.Connection) -> About:
    """What the file says of itself. Raises `msgspec.MsgspecError` or `sqlite3.Error` where it says nothing."""
    row = connection.execute("SELECT content FROM about").fetchone()
    return msgspec.msgpack.decode(row[0] if row is not None else b"", type=About)
