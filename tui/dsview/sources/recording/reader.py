"""Reads a recording: the state at any time, and the times of changes. The file may still be written to."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dsview.core.errors import UserError
from dsview.sources.recording.content import Moment, Tick, times_of, unpack_batch, unpack_frame
from dsview.sources.recording.schema import DECODE_ERRORS, FORMAT, READ_ERRORS, is_time, read_about, reason_of

_KEPT_BATCHES = 2
"""The number of decompressed batches to keep: users go back and forth within the same minute."""

_ENDS = (
    "SELECT ended FROM batches ORDER BY id DESC LIMIT 1",
    "SELECT max(at) FROM frames",
    "SELECT max(ended) FROM spans",
)
"""Queries for the last time. Batches are sorted by time. A day may have 86,400, so no query reads all of them."""

_MAX_TICKS_FORWARD = 700
"""The maximum number of ticks to apply; beyond that, starting from a key frame is faster."""


class RecordingReader:
    """A recording, open for reading. A replay asks it for moments, changes and entries of the timeline.

    Times are epoch seconds. Entries are those of `analysis.timeline_entry`, still encoded; the columns `sort` and
    `turn` have the values of their `Category` and `EntryType`.

    Raises `UserError` if the file is not a recording, was written by a later version, or contains no key frame.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._frame: Moment | None = None
        self._frame_number = 0
        self._batches: OrderedDict[tuple[int, float], list[Tick]] = OrderedDict()
        try:
            self._connection = _connect(path)
        except READ_ERRORS as error:
            raise UserError(f"{path.name} cannot be read as a recording: {reason_of(error)}.") from None
        try:
            first = self._read_metadata()
        except BaseException:
            self._connection.close()
            raise
        self.first: float = first
        """The first time that can be shown, epoch seconds."""
        self._last = first

    def _read_metadata(self) -> float:
        try:
            version = self._value("PRAGMA user_version")
            if version > FORMAT:
                raise UserError("it was recorded by a later version of dsview")
            self.about = read_about(self._connection)
        except UserError as error:
            raise UserError(f"{self.path.name} cannot be read as a recording: {error}.") from None
        except (*READ_ERRORS, *DECODE_ERRORS) as error:
            raise UserError(f"{self.path.name} cannot be read as a recording: {reason_of(error)}.") from None
        first = self._time("SELECT min(at) FROM frames")
        if first is None:
            raise UserError(f"{self.path.name} contains no key frame: the recording ended before everything was read.")
        return first

    @property
    def last(self) -> float:
        """The last time that can be shown; grows while the file is written to.

        If the file can no longer be read, this is the previous value.
        """
        with suppress(UserError):
            ends = [end for query in _ENDS if (end := self._time(query)) is not None]
            self._last = max(ends, default=self.first)
        return self._last

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def at(self, when: float) -> Moment:
        """The state at a time between `first` and `last`. Its `at` is the time of the last change before that.

        Raises `UserError` if a part of the file cannot be read.
        """
        with self._read_transaction():
            return self._at(when)

    def _at(self, when: float) -> Moment:
        row = self._row("SELECT id, at, batch FROM frames WHERE at <= ? ORDER BY at DESC, id DESC LIMIT 1", when)
        row = row or self._row("SELECT id, at, batch FROM frames ORDER BY id LIMIT 1")
        if row is None:
            raise UserError(f"{self.path.name} no longer contains a key frame.")
        number, at, batch = row
        if self._frame is None or self._frame_number != number:
            # The previous frame is released first: two at once would determine the peak memory.
            self._frame = None
            self._batches.clear()
            self._frame = unpack_frame(at, self._content("SELECT content FROM frames WHERE id = ?", number))
            self._frame_number = number
        # A later span starts with its own key frame, so these batches belong to the same span.
        moment = self._frame.copy()
        last = self._last_batch(when)
        for row in self._rows("SELECT id, began FROM batches WHERE id > ? AND id <= ? ORDER BY id", batch, last):
            for tick in self._batch(*row):
                if tick.at <= when:
                    moment.follow(tick)
        return moment

    @contextmanager
    def _read_transaction(self) -> Iterator[None]:
        """Read a consistent state of the file, even if it is written to meanwhile."""
        self._rows("BEGIN")
        try:
            yield
        finally:
            self._rows("ROLLBACK")

    def _last_batch(self, until: float) -> int:
        """The last batch that begins at or before a time; 0 if there is none."""
        query = "SELECT id FROM batches WHERE began <= ? ORDER BY began DESC, id DESC LIMIT 1"
        return self._value(query, until) or 0

    def ticks_between(self, after: float, until: float) -> list[Tick] | None:
        """The changes after one time, up to another; None if it is better to start from a key frame."""
        if until < after or self._value("SELECT count(*) FROM spans WHERE began > ? AND began <= ?", after, until):
            return None
        with self._read_transaction():
            between = (self._last_batch(after), self._last_batch(until))
            # Most of the first and the last batch may be outside the range; those between are needed completely.
            whole = self._value("SELECT sum(ticks) FROM batches WHERE id > ? AND id < ?", *between)
            if whole is not None and whole > _MAX_TICKS_FORWARD:
                return None
            ticks: list[Tick] = []
            for row in self._rows("SELECT id, began FROM batches WHERE id >= ? AND id <= ? ORDER BY id", *between):
                ticks += [tick for tick in self._batch(*row) if after < tick.at <= until]
                if len(ticks) > _MAX_TICKS_FORWARD:
                    return None
        return ticks

    def _batch(self, number: int, began: float) -> list[Tick]:
        # Batches may be merged while the file is written to. The merged batch has the number of the last one.
        ticks = self._batches.get((number, began))
        if ticks is None:
            content = self._content("SELECT content FROM batches WHERE id = ?", number)
            while len(self._batches) >= _KEPT_BATCHES:
                self._batches.popitem(last=False)
            ticks = self._batches[number, began] = unpack_batch(content)
        self._batches.move_to_end((number, began))
        return ticks

    def change_after(self, when: float) -> float | None:
        """The time of the next change; None if there is none."""
        query = "SELECT content FROM batches WHERE id >= ? ORDER BY id LIMIT 2"
        contents = self._contents(query, self._last_batch(when))
        return min((at for content in contents for at in times_of(content) if at > when), default=None)

    def change_before(self, when: float) -> float | None:
        """The time of the last change before that time; the beginning if there is none, None at the beginning."""
        query = "SELECT content FROM batches WHERE began < ? ORDER BY began DESC, id DESC LIMIT 1"
        contents = self._contents(query, when)
        time = max((at for content in contents for at in times_of(content) if at < when), default=None)
        if time is not None and time >= self.first:
            return time
        return self.first if when > self.first else None

    def entries(self, until: float, limit: int) -> tuple[list[bytes], int]:
        """The last entries of the timeline up to a time, oldest first, and the number of all."""
        contents = self._contents(
            "SELECT content FROM entries WHERE at <= ? ORDER BY number DESC LIMIT ?", until, limit
        )
        return contents[::-1], self._value("SELECT count(*) FROM entries WHERE at <= ?", until)

    def entries_of(self, category: str, limit: int) -> list[bytes]:
        """The last entries of a category in the whole recording, oldest first."""
        query = "SELECT content FROM entries WHERE sort = ? ORDER BY number DESC LIMIT ?"
        return self._contents(query, category, limit)[::-1]

    def last_entry(self, until: float) -> int:
        """The number of the last entry up to a time; 0 if there is none."""
        return self._value("SELECT coalesce(max(number), 0) FROM entries WHERE at <= ?", until) or 0

    def entry_types(self, category: str, buckets: int) -> list[set[str]]:
        """The types of the entries of a category, in each of this number of equal parts of the whole recording."""
        types: list[set[str]] = [set() for _ in range(buckets)]
        span = max(self.last - self.first, 1.0)
        rows = self._rows(
            "SELECT DISTINCT CAST((at - ?) * ? / ? AS INTEGER), turn FROM entries WHERE sort = ? AND at >= ?",
            *(self.first, buckets, span, category, self.first),
        )
        for number, entry_type in rows:
            types[max(0, min(number, buckets - 1))].add(entry_type)
        return types

    def entry_after(self, when: float, category: str) -> float | None:
        """The time of the next entry of a category."""
        return self._time("SELECT min(at) FROM entries WHERE at > ? AND sort = ?", when, category)

    def entry_before(self, when: float, category: str) -> float | None:
        """The time of the last entry of a category before that time."""
        return self._time("SELECT max(at) FROM entries WHERE at < ? AND sort = ?", when, category)

    def _rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, arguments).fetchall()
        except READ_ERRORS as error:
            raise UserError(f"{self.path.name} cannot be read: {reason_of(error)}.") from None

    def _row(self, query: str, *arguments: object) -> tuple[Any, ...] | None:
        return next(iter(self._rows(query, *arguments)), None)

    def _time(self, query: str, *arguments: object) -> float | None:
        time: float | None = self._value(query, *arguments)
        if time is not None and not is_time(time):
            raise UserError(f"{self.path.name} cannot be read: it contains an impossible time.")
        return time

    def _content(self, query: str, *arguments: object) -> bytes:
        return next(iter(self._contents(query, *arguments)), b"")

    def _contents(self, query: str, *arguments: object) -> list[bytes]:
        contents = [content for (content,) in self._rows(query, *arguments)]
        if not all(isinstance(content, bytes) for content in contents):
            raise UserError(f"{self.path.name} cannot be read: a part of it has the wrong type.")
        return contents

    def _value(self, query: str, *arguments: object) -> Any:
        row = self._row(query, *arguments)
        return row[0] if row is not None else None


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file for reading. On a read-only medium, the content of a write-ahead log is ignored."""
    uri = f"file:{quote(str(path.absolute()))}"
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, check_same_thread=False, timeout=2.0)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException as error:
        connection.close()
        if not isinstance(error, sqlite3.OperationalError):
            raise
        connection = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    return connection
