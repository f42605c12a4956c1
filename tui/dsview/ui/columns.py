"""Which columns a table shows and how wide each is.

Widths come from samples, not from every cell, and only grow, so that nothing jumps while data arrives. Where the
room is short, the columns that can be spared go first (`Column.priority`); what is left scrolls sideways behind the
leading columns that name the object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
from rich.cells import cell_len

if TYPE_CHECKING:
    from dsview.tables.cells import Column, Lane, Row

GUTTER = 3
"""Cells before the first column: the cursor's mark, the row's worst flag, a space."""

FLAGS_COLUMN = "flags"
"""The id of the column of findings."""

_ROOMY = 90
"""Cells from which columns stand two cells apart."""

_COMFORTABLE = 18
"""Cells in which most names can be told apart."""

_NAMING = ("namespace", "name", "pod", "controller")
"""The ids of columns that name the row's object; the leading ones stay while the rest scrolls."""


class Placed(msgspec.Struct, frozen=True):
    """A column on the screen: its index in a row's cells, its offset from the table's left edge, its width.

    `gap` is the room before it; `rule` says that a lane begins or ends there, which a rule in the gap shows.
    """

    column: Column
    index: int
    offset: int
    width: int
    gap: int
    rule: bool

    @property
    def end(self) -> int:
        """The offset behind the last cell."""
        return self.offset + self.width


class Layout(msgspec.Struct, frozen=True):
    """The columns that are shown. The first `fixed` cells of each line do not scroll sideways."""

    placed: tuple[Placed, ...]
    width: int
    fixed: int
    hidden: tuple[Column, ...]

    def at(self, x: int) -> Placed | None:
        """The column at a horizontal offset of the unscrolled table, its gap included."""
        for placed in self.placed:
            if placed.offset - placed.gap <= x < placed.end:
                return placed
        return None

    def find(self, column_id: str) -> Placed | None:
        """A column that is shown, by id."""
        return next((placed for placed in self.placed if placed.column.id == column_id), None)

    def lanes(self) -> list[tuple[Lane, int, int]]:
        """Runs of neighbouring columns of one lane: lane, offset of the first cell, offset behind the last."""
        runs: list[tuple[Lane, int, int]] = []
        for placed in self.placed:
            lane = placed.column.lane
            if runs and runs[-1][0] == lane:
                runs[-1] = (lane, runs[-1][1], placed.end)
            else:
                runs.append((lane, placed.offset, placed.end))
        return runs


class ColumnSizer:
    """Remembers how wide each column has to be, and lays them out for any width. `chosen` are ids, in order."""

    def __init__(self, columns: Sequence[Column], chosen: Sequence[str] = ()) -> None:
        self.columns = tuple(columns)
        ids = [column.id for column in columns]
        # In the order they were chosen in. One that does not fit gives way even so: the lanes stay in sight.
        self._chosen = [ids.index(column_id) for column_id in chosen if column_id in ids]
        self._least = [max(column.width, cell_len(column.title)) for column in columns]
        self._natural = list(self._least)
        # What shortened cells would take in full: given only where every column has all it wants.
        self._roomy = list(self._least)

    def measure(self, rows: Iterable[Row]) -> bool:
        """Widen columns for what these rows hold; True where one grew."""
        natural, roomy = self._natural, self._roomy
        before = (*natural, *roomy)
        for row in rows:
            for index, cell in enumerate(row.cells):
                text = cell.text
                width = len(text) if text.isascii() else cell_len(text)
                if cell.flag is not None:
                    width += 2
                most = max(self.columns[index].max_width, self._least[index])
                if self.columns[index].id == FLAGS_COLUMN and cell.value:
                    roomy[index] = max(roomy[index], min(width, most))
                    width = cell_len(cell.value) + 2
                if width > natural[index]:
                    natural[index] = min(width, most)
        return (*natural, *roomy) != before

    def layout(self, available: int, *, everything: bool = False) -> Layout:
        """Place the columns in so many cells; `everything` keeps all of them and scrolls instead."""
        gap = 2 if available >= _ROOMY else 1
        wanted = self._chosen or list(range(len(self.columns)))
        shown = wanted if everything else self._kept(wanted, available, gap)
        gaps = self._gaps(shown, gap)
        room = available - GUTTER - sum(gaps)
        widths = {i: self._natural[i] for i in shown} if everything else self._share(shown, room)
        placed: list[Placed] = []
        offset = GUTTER
        for index, before in zip(shown, gaps, strict=True):
            offset += before
            placed.append(
                Placed(self.columns[index], index, offset, widths[index], before, self._is_boundary(placed, index))
            )
            offset += widths[index]
        return Layout(
            placed=tuple(placed),
            width=offset,
            fixed=self._fixed(placed, available) if offset > available else 0,
            hidden=tuple(column for index, column in enumerate(self.columns) if index not in widths),
        )

    def _is_boundary(self, placed: Sequence[Placed], index: int) -> bool:
        return bool(placed) and placed[-1].column.lane != self.columns[index].lane

    def _gaps(self, shown: Sequence[int], gap: int) -> list[int]:
        """The room before each column; more where the lane changes, if there is enough of it."""
        columns = self.columns
        gaps = [0]
        for left, right in pairwise(shown):
            gaps.append(gap + 1 if gap > 1 and columns[left].lane != columns[right].lane else gap)
        return gaps[: len(shown)]

    def _kept(self, wanted: list[int], available: int, gap: int) -> list[int]:
        """Those of the wanted columns that fit, by index. One priority goes together: each lane has its counterpart.

        Columns that matter little go as soon as the others had to be cut; the last but one, only where nothing else
        helps; those of priority 0 never.
        """
        shown = list(wanted)
        for priority in sorted({column.priority for column in self.columns if column.priority > 0}, reverse=True):
            widths = self._least if priority == 1 else self._comfortable()
            if GUTTER + sum(widths[i] for i in shown) + sum(self._gaps(shown, gap)) <= available:
                break
            shown = [i for i in shown if self.columns[i].priority != priority]
        return shown

    def _comfortable(self) -> list[int]:
        """Widths at which addresses are read in full and names nearly so."""
        return [
            natural if column.lane else min(natural, max(least, _COMFORTABLE))
            for column, least, natural in zip(self.columns, self._least, self._natural, strict=True)
        ]

    def _share(self, shown: Sequence[int], room: int) -> dict[int, int]:
        """Least widths, and the spare room for those that want more: IPv4, IPv6, then the others; the modest first.

        An IPv4 address that was cut tells nothing; an IPv6 address keeps both its ends.
        """
        widths = {index: self._least[index] for index in shown}
        spare = max(0, room - sum(widths.values()))
        for lane in ("IPv4", "IPv6", ""):
            some = [index for index in shown if self.columns[index].lane == lane]
            wanting = sorted(some, key=lambda index: self._natural[index] - self._least[index])
            for position, index in enumerate(wanting):
                extra = min(self._natural[index] - self._least[index], spare // (len(wanting) - position))
                widths[index] += extra
                spare -= extra
        for index in shown:
            extra = self._roomy[index] - widths[index]
            if 0 < extra <= spare:
                widths[index] += extra
                spare -= extra
        return widths

    def _fixed(self, placed: Sequence[Placed], available: int) -> int:
        """How many cells stay while the rest scrolls: the naming columns, as long as half the room is left."""
        fixed = 0
        for item in placed:
            if item.column.id not in _NAMING or item.end > available // 2:
                break
            fixed = item.end
        return fixed
