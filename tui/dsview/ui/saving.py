"""Saving what is on the screen to a file: a picture of it, a pane's rows, the report.

The contents come from a `Saver`, which also writes the files. The name of a file and the title of a picture contain the
cluster and the time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from dsview.core.text import Safe, safe
from dsview.ui.fitting import fit

if TYPE_CHECKING:
    from dsview.session.session import Session
    from dsview.tables.cells import Column, Row
    from dsview.tables.view import TableView
    from dsview.ui.app import DsviewApp

_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONT_FAMILY = re.compile(r"font-family: Fira Code[^;]*;")
MONOSPACE = 'font-family: "Fira Code", "DejaVu Sans Mono", Menlo, Consolas, monospace;'
"""The font of pictures: the first one that is installed."""

_ROWS_AT_ONCE = 50

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._]+")
"""Characters that become a hyphen in a file name."""

_MAX_NAME = 60
"""The number of characters of a cluster's name in a file name."""

_MIN_TITLE = 20
_TITLE_MARGIN = 40
"""The width of a picture's title line that is not available for the cluster's name."""

Rows = tuple["tuple[Column, ...]", "tuple[Row, ...]"]
"""Columns, and rows with a cell for each."""


class RowsFormat(msgspec.Struct, frozen=True):
    """A format for the rows of a pane: its name, its file extension and the function that makes the text."""

    name: str
    suffix: str
    render: Callable[[Rows], str]


class ReportFormat(msgspec.Struct, frozen=True):
    """A format for the report on everything.

    `prepare` reads the session on the UI thread; it returns a function that makes the text in another thread.
    """

    name: str
    suffix: str
    prepare: Callable[[Session], Callable[[], str]]


class Saver(Protocol):
    """The formats for saving, and the function that writes a file."""

    @property
    def rows_formats(self) -> Sequence[RowsFormat]:
        """The formats for a pane's rows."""

    @property
    def report_formats(self) -> Sequence[ReportFormat]:
        """The formats for the report."""

    def save(self, stem: str, suffix: str, text: str) -> Path:
        """Write a new file and return its path. May block. Raises `OSError` if it cannot be written."""


class Savable(msgspec.Struct, frozen=True):
    """One choice: its name, a description, the name and extension of the file, and the function that makes the text."""

    name: str
    note: str
    stem: str
    suffix: str
    make: Callable[[], Awaitable[str]]


def without_the_web(svg: str) -> str:
    """An exported picture without external references; Textual's export refers to a font on the web."""
    return _FONT_FAMILY.sub(MONOSPACE, _FONTS.sub("", svg))


def screen_svg(app: DsviewApp, title: str) -> str:
    """The screen as a self-contained SVG."""
    return without_the_web(app.export_screenshot(title=safe(title)))


async def rows_of(view: TableView) -> Rows:
    """All rows of a view, a few at a time, so that keys and frames are handled in between."""
    rows: list[Row] = []
    for number, key in enumerate([view.key_at(index) for index in range(len(view))], 1):
        row = view.pane.row(view.session, key)
        if row is not None:
            rows.append(row)
        if number % _ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return view.pane.columns, tuple(rows)


class Subject(msgspec.Struct, frozen=True):
    """What the screen shows: the unshortened name of the cluster, and the time in epoch seconds."""

    name: str
    at: float

    def stem(self, part: str = "") -> str:
        """The name of a file, without its ending: `dsview-prod-eu-1-pods-20261201-043012`, in UTC.

        A long cluster name is cut at the start, because ARNs differ at the end.
        """
        name = _NOT_IN_NAMES.sub("-", self.name).strip("-._")[-_MAX_NAME:].strip("-._")
        moment = datetime.fromtimestamp(self.at, UTC).strftime("%Y%m%d-%H%M%S")
        return "-".join(filter(None, ("dsview", name, part, moment)))

    def title(self, width: int, ellipsis: str) -> Safe:
        """The title of a picture, for a screen of the given width in cells."""
        name = safe(self.name)
        short = fit(name, max(_MIN_TITLE, width - _TITLE_MARGIN), ellipsis, middle=True).rstrip()
        return Safe(f"dsview {short} {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S} UTC")


def savables(app: DsviewApp, saver: Saver) -> list[Savable]:
    """What can be saved of the screen in its current state."""
    subject = Subject(app.shown_name, app.shown_time)
    title = subject.title(app.size.width, app.glyphs.ellipsis)
    choices = [
        Savable("Picture (SVG)", "the current screen", subject.stem(), ".svg", partial(_picture, app, title)),
    ]
    pane = app.main.active
    if app.screen is app.main and pane.view is not None:
        view = pane.view
        note = f"{len(view):,} rows, as filtered and sorted"
        for rows_format in saver.rows_formats:
            name, make = f"{pane.pane_title} ({rows_format.name})", partial(_rows_text, view, rows_format)
            choices.append(Savable(name, note, subject.stem(pane.pane_id), rows_format.suffix, make))
    if app.workspace is not None:
        session = app.workspace.session
        for report_format in saver.report_formats:
            name, make = f"Report ({report_format.name})", partial(_report_text, session, report_format)
            choices.append(Savable(name, "the whole cluster", subject.stem("report"), report_format.suffix, make))
    return choices


async def _picture(app: DsviewApp, title: str) -> str:
    return screen_svg(app, title)


async def _rows_text(view: TableView, rows_format: RowsFormat) -> str:
    rows = await rows_of(view)
    return await asyncio.to_thread(rows_format.render, rows)


async def _report_text(session: Session, report_format: ReportFormat) -> str:
    return await asyncio.to_thread(report_format.prepare(session))


async def save(app: DsviewApp, saver: Saver, savable: Savable) -> None:
    """Save it, and show the path or the reason of the failure."""
    try:
        path = await asyncio.to_thread(saver.save, savable.stem, savable.suffix, await savable.make())
    except OSError as error:
        app.notify(
            f"Nothing could be saved: {safe(error.strerror or str(error))}.",
            title="Not saved",
            severity="error",
            markup=False,
        )
    else:
        app.notify(f"Saved {safe(str(path))}", timeout=8, markup=False)
