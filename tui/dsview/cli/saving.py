"""Saves what the screen shows into new files that only their owner can read. Existing files are never overwritten."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsview.session.recorder import Recorder
    from dsview.session.session import Session
    from dsview.ui.saving import ReportFormat, Rows, RowsFormat

# ruff: noqa: PLC0415 - the exporters are only imported when something is saved

MAX_TRACES = 50
"""The maximum number of traces in a report."""

CHART_WIDTH = 72
"""The number of time slots in the chart of families gained and lost."""

MAX_RECORDING_SIZE = 1_000_000_000
"""The maximum size of a recording that is started on the screen."""


class FileSaver:
    """Saves into the current directory or, if that is not writable, into dsview's state directory."""

    @property
    def rows_formats(self) -> Sequence[RowsFormat]:
        """The formats for a pane's rows."""
        from dsview.ui.saving import RowsFormat

        names = (("CSV", "csv", ".csv"), ("JSON", "json", ".json"), ("Markdown", "markdown", ".md"))
        return [RowsFormat(title, suffix, _rows(name)) for title, name, suffix in names]

    @property
    def report_formats(self) -> Sequence[ReportFormat]:
        """The formats for the report."""
        from dsview.ui.saving import ReportFormat

        names = (("HTML", "html", ".html"), ("Markdown", "markdown", ".md"), ("JSON", "json", ".json"))
        return [ReportFormat(title, suffix, _report(name)) for title, name, suffix in names]

    def save(self, stem: str, suffix: str, text: str) -> Path:
        """Write a new file and return its path. Raises `OSError` if neither directory is writable."""
        from platformdirs import user_state_path

        try:
            return write_new(Path.cwd(), stem, suffix, text)
        except OSError:
            folder = user_state_path("dsview")
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return write_new(folder, stem, suffix, text)


def start_recording(session: Session, *, redacted: bool) -> Recorder:
    """Record into a new file in the current directory or dsview's state directory. Raises `UserError`."""
    from platformdirs import user_state_path

    from dsview.core.errors import UserError
    from dsview.session.recorder import Recorder
    from dsview.sources.recording.file import Limits

    name = time.strftime("dsview-%Y%m%d-%H%M%S.dsview", time.gmtime())
    limits = Limits(size=MAX_RECORDING_SIZE)
    try:
        return Recorder(session, Path.cwd() / name, limits, redacted=redacted)
    except UserError:
        folder = user_state_path("dsview")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Recorder(session, folder / name, limits, redacted=redacted)


def write_new(folder: Path, stem: str, suffix: str, text: str) -> Path:
    """Write the text to a file with this name; if it exists, a number is added to the name. Raises `OSError`."""
    for number in count(1):
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        try:
            # O_EXCL neither follows a link nor opens an existing file.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path
    raise AssertionError("there is always another number")


def _rows(name: str) -> Callable[[Rows], str]:
    def render(rows: Rows) -> str:
        from dsview.export.tables import TABLES, Sheet

        return TABLES[name](Sheet(*rows))

    return render


def _report(name: str) -> Callable[[Session], Callable[[], str]]:
    def prepare(session: Session) -> Callable[[], str]:
        from dsview.analysis.family_chart import whole_chart
        from dsview.analysis.trace import flagged_traces
        from dsview.export.formats import FORMATS, Extras
        from dsview.export.report import build_report

        report, traces = build_report(session), flagged_traces(session, MAX_TRACES)
        span = session.timeline.span(session.time_shown)
        chart = whole_chart(session, span, CHART_WIDTH)
        extras = Extras(made_at=time.time(), traces=lambda: traces, chart=lambda: chart, span=span)
        return lambda: FORMATS[name](report, extras)

    return prepare
