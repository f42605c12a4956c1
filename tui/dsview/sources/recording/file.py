"""The file of a recording, open for writing: each commit is whole, and the oldest goes where it becomes too large.

After a kill, or on a disk that is full, the file holds everything up to the commit before. The write-ahead log is
emptied into the file with each key frame.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.sources.recording.content import Frame, Tick, pack_batch, pack_frame, unpack_batch
from dsview.sources.recording.schema import (
    APPLICATION_ID,
    FORMAT,
    NOT_DECODED,
    NOT_READ,
    TABLES,
    About,
    is_recording,
    read_about,
    reason_of,
)

LEAST_SIZE = 1_000_000

_TOGETHER = 100_000
"""Bytes up to which batches that follow each other are made one: that is read in a third of the time."""

_APART = 50
"""Batches that are left as they are until they are made one, so that the end of a recording is read quickly, too."""

_KEPT_FREE = 0.9
"""What part of the size the content may take before the oldest goes: it goes by the key frame."""


class StoredEntry(msgspec.Struct, frozen=True):
    """An entry of the timeline as it is stored; `content` is None where it was taken back."""

    number: int
    at: float
    sort: str
    turn: str
    content: bytes | None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How large the file may become, in bytes, and how far back it goes, in seconds; None is no limit."""

    size: int | None = None
    age: float | None = None


Written = Tick | Frame | StoredEntry

_BATCH = "INSERT INTO batches (id, began, ended, ticks, content) VALUES (?, ?, ?, ?, ?)"


class RecordingFile:
    """The file. One thread at a time may call `commit` and `close`.

    `wants_frame` is set where a key frame is needed so that older ones can go, `frames` counts those that were written.
    `first_number` is the number of the first entry of the timeline that is new, `last_at` the last time that the file
    held when it was opened, epoch seconds (0 for a new one).

    Raises `UserError` where the file cannot be made, or is another thing than a recording of the same source.
    """

    def __init__(self, path: Path, about: About, limits: Limits | None = None) -> None:
        self.path = path
        self.wants_frame = False
        self.frames = 0
        self.first_number = 1
        self.last_at = 0.0
        self._about = about
        self._limits = limits or Limits()
        self._span = 0
        self._apart: list[tuple[int, int]] = []
        try:
            self._connection = self._open()
        except (*NOT_READ, *NOT_DECODED, OSError) as error:
            raise UserError(f"{path.name} cannot be written: {reason_of(error)}.") from None

    def _open(self) -> sqlite3.Connection:
        try:
            # For its owner only, which SQLite's own files beside it follow.
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            is_new = True
        except FileExistsError:
            is_new = self.path.is_file() and self.path.stat().st_size == 0
            if not is_new and not is_recording(self.path):
                raise UserError(f"{self.path.name} exists and is no recording; it is left as it is.") from None
        # Autocommit: a transaction begins and ends where it is said. Only the thread uses it from here on.
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self._set_up(connection, is_new=is_new)
        except BaseException:
            connection.close()
            if is_new:
                for suffix in ("", "-wal", "-shm"):
                    self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection, *, is_new: bool) -> None:
        if is_new:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if is_new:
            connection.executescript(TABLES)
            connection.execute("INSERT INTO about VALUES (?)", (msgspec.msgpack.encode(self._about),))
        else:
            self._continue(connection)

    def _continue(self, connection: sqlite3.Connection) -> None:
        """Look whether what is recorded now may stand behind what the file holds."""
        if connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
            raise UserError(f"{self.path.name} was recorded by another version of dsview. Give the name of a new file.")
        try:
            before = read_about(connection)
        except UserError as error:
            raise UserError(f"{self.path.name} cannot be continued: {error}.") from None
        same = (before.source_kind, before.source_name) == (self._about.source_kind, safe(self._about.source_name))
        if not same or before.redacted or self._about.redacted:
            raise UserError(
                f"{self.path.name} contains a recording of {safe(before.source_name)}, which cannot be continued here. "
                "Give the name of a new file."
            )
        self.first_number = 1 + connection.execute("SELECT coalesce(max(number), 0) FROM entries").fetchone()[0]
        last = connection.execute("SELECT max(ended) FROM spans").fetchone()[0]
        self.last_at = last or 0.0

    def commit(self, items: Sequence[Written], now: float) -> None:
        """Write these; `now` is the time until which nothing else happened. Raises `sqlite3.Error` or `UserError`."""
        packed = [(type(item), self._row(item)) for item in items if not isinstance(item, Tick)]
        ticks = [item for item in items if isinstance(item, Tick)]
        batch = _batch(ticks) if ticks else None
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            if batch is not None:
                self._apart.append((execute(_BATCH, (None, *batch)).lastrowid or 0, len(batch[-1])))
                if len(self._apart) >= _APART or sum(size for _, size in self._apart) >= _TOGETHER:
                    self._merge([number for number, _ in self._apart])
                    self._apart = []
            for kind, row in packed:
                if kind is Frame:
                    self._merge_batches()
                    last = execute("SELECT coalesce(max(id), 0) FROM batches").fetchone()[0]
                    execute("INSERT INTO frames (at, batch, content) VALUES (?, ?, ?)", (row[0], last, row[1]))
                elif row[4] is None:
                    execute("DELETE FROM entries WHERE number = ?", (row[0],))
                else:
                    execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", row)
            self._note_span(min((item.at for item in items if isinstance(item, Frame)), default=now), now)
            self._drop_old(now)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise
        if any(kind is Frame for kind, _ in packed):
            self.frames += 1
            execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Leave one file behind. Raises `sqlite3.Error`."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    @staticmethod
    def _row(item: Written) -> tuple[object, ...]:
        if isinstance(item, Frame):
            return (item.at, pack_frame(item))
        assert isinstance(item, StoredEntry)  # noqa: S101 - ticks are packed together
        return (item.number, item.at, item.sort, item.turn, item.content)

    def _merge_batches(self) -> None:
        """Make few of the many batches since the last key frame."""
        self._apart = []
        execute = self._connection.execute
        after = execute("SELECT coalesce(max(batch), 0) FROM frames").fetchone()[0]
        group: list[int] = []
        size = 0
        for number, length in execute(
            "SELECT id, length(content) FROM batches WHERE id > ? ORDER BY id", (after,)
        ).fetchall():
            if size + length > _TOGETHER:
                self._merge(group)
                group, size = [], 0
            group.append(number)
            size += length
        self._merge(group)

    def _merge(self, numbers: Sequence[int]) -> None:
        """Make one of batches that follow each other, in the place of the last."""
        if len(numbers) < 2:
            return
        execute = self._connection.execute
        between = (numbers[0], numbers[-1])
        rows = execute("SELECT content FROM batches WHERE id BETWEEN ? AND ? ORDER BY id", between).fetchall()
        ticks = [tick for (content,) in rows for tick in unpack_batch(content)]
        execute("DELETE FROM batches WHERE id BETWEEN ? AND ?", between)
        execute(_BATCH, (numbers[-1], *_batch(ticks)))

    def _note_span(self, began: float, now: float) -> None:
        if not self._span:
            cursor = self._connection.execute("INSERT INTO spans (began, ended) VALUES (?, ?)", (began, now))
            self._span = cursor.lastrowid or 0
        else:
            self._connection.execute("UPDATE spans SET ended = ? WHERE id = ?", (now, self._span))

    def _drop_old(self, now: float) -> None:
        """Let go of the oldest key frames, and of what stands before the oldest that is left."""
        execute = self._connection.execute
        while self._is_too_large() or self._is_too_old(now):
            kept = execute("SELECT id, at, batch FROM frames ORDER BY id LIMIT 1 OFFSET 1").fetchone()
            if kept is None:
                self._ask_for_frame()
                return
            number, at, batch = kept
            execute("DELETE FROM frames WHERE id < ?", (number,))
            execute("DELETE FROM batches WHERE id <= ?", (batch,))
            execute("DELETE FROM entries WHERE at < ?", (at,))
            execute("DELETE FROM spans WHERE ended < ?", (at,))
            execute("UPDATE spans SET began = ? WHERE began < ?", (at, at))
            self.wants_frame = False

    def _ask_for_frame(self) -> None:
        frame = self._largest_frame()
        if self._limits.size is not None and frame * 3 > self._limits.size:
            raise UserError(f"a key frame takes {frame:,} bytes, and --max-size leaves no room for three of them")
        self.wants_frame = True

    def _is_too_large(self) -> bool:
        if self._limits.size is None:
            return False
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        # Before the oldest key frame can go, the next one has to be there.
        room = self._limits.size * _KEPT_FREE - self._largest_frame()
        return bool((pages - free) * size > room)

    def _largest_frame(self) -> int:
        return self._connection.execute("SELECT coalesce(max(length(content)), 0) FROM frames").fetchone()[0] or 0

    def _is_too_old(self, now: float) -> bool:
        """Whether the second key frame is older than what is kept: then nobody needs the first."""
        if self._limits.age is None:
            return False
        second = self._connection.execute("SELECT at FROM frames ORDER BY id LIMIT 1 OFFSET 1").fetchone()
        return second is not None and second[0] < now - self._limits.age


def _batch(ticks: Sequence[Tick]) -> tuple[float, float, int, bytes]:
    return (ticks[0].at, ticks[-1].at, len(ticks), pack_batch(ticks))
