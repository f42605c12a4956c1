"""`--trace-file`: timestamps of events since the process started, as JSON lines, for benchmarks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from dsview.sources.private_files import append_private

_STARTED = time.monotonic()


def _process_age() -> float:
    """Seconds since the kernel started the process, or since the import if that is unknown."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        return uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.monotonic() - _STARTED


def resident_mb() -> float:
    """The resident memory of the process in MB, or 0 if the system does not report it."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


class TimingLog:
    """Appends events to a file. If the file cannot be written, tracing stops silently."""

    def __init__(self, path: Path) -> None:
        self._offset = _process_age() - time.monotonic()
        self._file: BinaryIO | None = append_private(path)
        self.stats: Callable[[str], Mapping[str, float]] | None = None
        """The source's statistics for a kind: bytes, seconds of reading and decoding."""

    def event(self, name: str, **fields: object) -> None:
        """Write a line with the event, milliseconds since the process started, CPU milliseconds, memory, and fields."""
        if self._file is None:
            return
        line = {
            "event": name,
            "ms": round((time.monotonic() + self._offset) * 1000, 1),
            "cpu_ms": round(time.process_time() * 1000, 1),
            "rss_mb": resident_mb(),
            **fields,
        }
        try:
            self._file.write(msgspec.json.encode(line) + b"\n")
        except OSError:
            self._file = None

    def first_rows(self, kind: str) -> None:
        """Log that the first objects of a kind have arrived."""
        self.event("first_rows", kind=kind)

    def synced(self, kind: str, count: int, check_seconds: float) -> None:
        """Log that all objects of a kind have arrived, with the source's statistics."""
        stats = dict(self.stats(kind)) if self.stats is not None else {}
        self.event("synced", kind=kind, count=count, **stats, check_s=round(check_seconds, 4))

    def all_synced(self) -> None:
        """Log that every kind was read and everything was evaluated."""
        self.event("all_synced")
