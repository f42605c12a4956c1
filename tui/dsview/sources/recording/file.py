"""The file of a recording, open for writing. Commits are atomic, and the oldest part is deleted if it gets too large.

If the process is killed, or the disk is full, the file contains everything up to the previous commit. Each key frame
moves the content of the write-ahead log into the file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dsview.core.errors import UserError, write_failure
from dsview.core.text import safe
from dsview.sources.recording.content import Frame, Tick, pack_batch, pack_frame, unpack_batch
from dsview.sources.recording.schema import (
    APPLICATION_ID,
    DECODE_ERRORS,
    FORMAT,
    READ_ERRORS,
    TABLES,
    About,
    is_recording,
    read_about,
    reason_of,
)

MIN_SIZE = 1_000_000

_MERGED_SIZE = 100_000
"""Bytes up to which consecutive batches are merged: one large batch is read in a third of the time."""

_MAX_UNMERGED = 50
"""The number of batches after which they are merged, so that the end of a recording can be read quickly, too."""

_FILL_LIMIT = 0.9
"""The share of the size limit that the content may take before the oldest key frame is deleted."""


class StoredEntry(msgspec.Struct, frozen=True):
    """An entry of the timeline in its stored form; `content` is None if the entry was withdrawn."""

    number: int
    at: float
    sort: str
    turn: str
    content: bytes | None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The maximum size of the file in bytes, and the maximum age of its content in seconds; None means no limit."""

    size: int | None = None
    age: float | None = None


Written = Tick | Frame | StoredEntry

_BATCH = "INSERT INTO batches (id, began, ended, ticks, content) VALUES (?, ?, ?, ?, ?)"


class RecordingFile:
    """The file. Only one thread at a time may call `commit` and `close`.

    `needs_frame` is set if a key frame is needed before older ones can be deleted; `frames` counts the key frames that
    were written. `first_number` is the number of the first new entry of the timeline. `last_at` is the last time in the
    file when it was opened, in epoch seconds (0 for a new file).

    Raises `UserError` if the file cannot be created, or is not a recording of the same source.
    """

    def __init__(self, path: Path, about: About, limits: Limits | None = None) -> None:
        self.path = path
        self.needs_frame = False
        self.frames = 0
        self.first_number = 1
        self.last_at = 0.0
        self._about = about
        self._limits = limits or Limits()
        self._span = 0
        self._unmerged: list[tuple[int, int]] = []
        try:
            self._connection = self._open()
        except (*READ_ERRORS, *DECODE_ERRORS, OSError) as error:
            reason = write_failure(path, error) if isinstance(error, OSError) else reason_of(error)
            raise UserError(safe(f"{path} cannot be written: {reason}.")) from None

    def _open(self) -> sqlite3.Connection:
        try:
            # For its owner only. SQLite's files next to it get the same permissions.
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            is_new = True
        except FileExistsError:
            is_new = self.path.is_file() and self.path.stat().st_size == 0
            if not is_new and not is_recording(self.path):
                raise UserError(f"{self.path.name} exists and is not a recording; it was not changed.") from None
        # Autocommit mode: transactions are explicit. From here on, only the writer's thread uses the connection.
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
            self._check_continuable(connection)

    def _check_continuable(self, connection: sqlite3.Connection) -> None:
        """Check that this recording may be appended to the existing content of the file."""
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
        """Write the items. Nothing else happened until `now`. Raises `sqlite3.Error` or `UserError`."""
        packed = [(type(item), self._row(item)) for item in items if not isinstance(item, Tick)]
        ticks = [item for item in items if isinstance(item, Tick)]
        batch = _batch(ticks) if ticks else None
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            if batch is not None:
                self._unmerged.append((execute(_BATCH, (None, *batch)).lastrowid or 0, len(batch[-1])))
                if len(self._unmerged) >= _MAX_UNMERGED or sum(size for _, size in self._unmerged) >= _MERGED_SIZE:
                    self._merge([number for number, _ in self._unmerged])
                    self._unmerged = []
            for kind, row in packed:
                if kind is Frame:
                    self._merge_batches()
                    last = execute("SELECT coalesce(max(id), 0) FROM batches").fetchone()[0]
                    execute("INSERT INTO frames (at, batch, content) VALUES (?, ?, ?)", (row[0], last, row[1]))
                elif row[4] is None:
                    execute("DELETE FROM entries WHERE number = ?", (row[0],))
                else:
                    execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", row)
            self._update_span(min((item.at for item in items if isinstance(item, Frame)), default=now), now)
            self._delete_old(now)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise
        if any(kind is Frame for kind, _ in packed):
            self.frames += 1
            execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Move the write-ahead log into the file, and close it. Raises `sqlite3.Error`."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    @staticmethod
    def _row(item: Written) -> tuple[object, ...]:
        if isinstance(item, Frame):
            return (item.at, pack_frame(item))
        assert isinstance(item, StoredEntry)  # noqa: S101 - ticks are packed together
        return (item.number, item.at, item.sort, item.turn, item.content)

    def _merge_batches(self) -> None:
        """Merge the many batches since the last key frame into a few large ones."""
        self._unmerged = []
        execute = self._connection.execute
        after = execute("SELECT coalesce(max(batch), 0) FROM frames").fetchone()[0]
        group: list[int] = []
        size = 0
        for number, length in execute(
            "SELECT id, length(content) FROM batches WHERE id > ? ORDER BY id", (after,)
        ).fetchall():
            if size + length > _MERGED_SIZE:
                self._merge(group)
                group, size = [], 0
            group.append(number)
            size += length
        self._merge(group)

    def _merge(self, numbers: Sequence[int]) -> None:
        """Merge consecutive batches into one, which gets the number of the last."""
        if len(numbers) < 2:
            return
        execute = self._connection.execute
        between = (numbers[0], numbers[-1])
        rows = execute("SELECT content FROM batches WHERE id BETWEEN ? AND ? ORDER BY id", between).fetchall()
        ticks = [tick for (content,) in rows for tick in unpack_batch(content)]
        execute("DELETE FROM batches WHERE id BETWEEN ? AND ?", between)
        execute(_BATCH, (numbers[-1], *_batch(ticks)))

    def _update_span(self, began: float, now: float) -> None:
        if not self._span:
            cursor = self._connection.execute("INSERT INTO spans (began, ended) VALUES (?, ?)", (began, now))
            self._span = cursor.lastrowid or 0
        else:
            self._connection.execute("UPDATE spans SET ended = ? WHERE id = ?", (now, self._span))

    def _delete_old(self, now: float) -> None:
        """Delete the oldest key frames, and everything before the oldest remaining one."""
        execute = self._connection.execute
        while self._is_too_large() or self._is_too_old(now):
            kept = execute("SELECT id, at, batch FROM frames ORDER BY id LIMIT 1 OFFSET 1").fetchone()
            if kept is None:
                self._request_frame()
                return
            number, at, batch = kept
            execute("DELETE FROM frames WHERE id < ?", (number,))
            execute("DELETE FROM batches WHERE id <= ?", (batch,))
            execute("DELETE FROM entries WHERE at < ?", (at,))
            execute("DELETE FROM spans WHERE ended < ?", (at,))
            execute("UPDATE spans SET began = ? WHERE began < ?", (at, at))
            self.needs_frame = False

    def _request_frame(self) -> None:
        frame = self._largest_frame()
        if self._limits.size is not None and frame * 3 > self._limits.size:
            raise UserError(f"a key frame takes {frame:,} bytes, and --max-size leaves no room for three of them")
        self.needs_frame = True

    def _is_too_large(self) -> bool:
        if self._limits.size is None:
            return False
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        # The oldest key frame can only be deleted after the next one was written.
        room = self._limits.size * _FILL_LIMIT - self._largest_frame()
        return bool((pages - free) * size > room)

    def _largest_frame(self) -> int:
        return self._connection.execute("SELECT coalesce(max(length(content)), 0) FROM frames").fetchone()[0] or 0

    def _is_too_old(self, now: float) -> bool:
        """Whether the second key frame exceeds the maximum age, so that the first one is no longer needed."""
        if self._limits.age is None:
            return False
        second = self._connection.execute("SELECT at FROM frames ORDER BY id LIMIT 1 OFFSET 1").fetchone()
        return second is not None and second[0] < now - self._limits.age


def _batch(ticks: Sequence[Tick]) -> tuple[float, float, int, bytes]:
    return (ticks[0].at, ticks[-1].at, len(ticks), pack_batch(ticks))
