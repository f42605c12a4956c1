"""Decides which columns a table shows and how wide each is.

Widths come from samples and only grow, so that nothing jumps while data arrives. If the room is short, the least
important columns are dropped first (`Column.priority`). If all columns are requested, the important ones stay, and the
others scroll beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
"""The width from which columns are two cells apart."""

_COMFORTABLE = 18
"""The width at which most names can be distinguished."""

_NAMING = ("namespace", "name", "pod", "controller", "object", "cluster")
"""The ids of columns that name the row's object; the leading ones stay even if the lanes do not."""

_LEAST_WINDOW = 20
"""The width that columns need to scroll in."""


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
        """The offset after the last cell."""
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
    """Remembers how wide each column has to be, and lays them out for any width. `chosen` are ids, left to right."""

    def __init__(self, columns: Sequence[Column], chosen: Sequence[str] = ()) -> None:
        self.columns = tuple(columns)
        ids = [column.id for column in columns]
        # In the chosen order. A column that does not fit is still dropped, so that the lanes stay visible.
        self._chosen = [ids.index(column_id) for column_id in chosen if column_id in ids]
        self._least = [max(column.width, cell_len(column.title)) for column in columns]
        self._natural = list(self._least)
        # Widths at which the list of findings is not shortened, given only if every column has its natural width.
        self._generous = list(self._least)

    def measure(self, rows: Iterable[Row]) -> bool:
        """Widen columns for these rows; True if one grew."""
        natural, generous = self._natural, self._generous
        before = (*natural, *generous)
        for row in rows:
            for index, cell in enumerate(row.cells):
                text = cell.text
                width = len(text) if text.isascii() else cell_len(text)
                if cell.flag is not None or cell.is_short:
                    width += 2
                most = max(self.columns[index].max_width, self._least[index])
                if self.columns[index].id == FLAGS_COLUMN and cell.value:
                    # The signs are part of the text.
                    generous[index] = max(generous[index], min(cell_len(text), most))
                    width = cell_len(cell.value)
                if width > natural[index]:
                    natural[index] = min(width, most)
        return (*natural, *generous) != before

    def layout(self, available: int, *, all_columns: bool = False) -> Layout:
        """Place the columns in the given width; `all_columns` keeps all of them, scrolling if they do not fit."""
        gap = 2 if available >= _ROOMY else 1
        columns = self._chosen or list(range(len(self.columns)))
        if all_columns and not self._fits(columns, available, gap, self._comfortable()):
            return self._scrolling(columns, available, gap)
        shown = columns if all_columns else self._without_least_important(columns, available, gap)
        room = available - GUTTER - sum(self._gaps(shown, gap))
        return self._placed(shown, self._share(shown, room), gap)

    def _scrolling(self, columns: Sequence[int], available: int, gap: int) -> Layout:
        """All columns: the most important ones stay, and the others scroll beside them.

        A scrolling column is no wider than its area, so that it can be seen completely.
        """
        for spared, needed in ((1, self._readable()), (0, self._least)):
            staying = [index for index in columns if self.columns[index].priority <= spared]
            taken = GUTTER + sum(self._gaps(staying, gap)) + gap
            room = available - taken - sum(needed[index] for index in staying)
            if room >= _LEAST_WINDOW:
                window = min(room, max(_LEAST_WINDOW, available // 3))
                widths = self._share(staying, available - taken - window)
                fixed = len(staying)
                break
        else:
            widths = self._share(staying, available - taken)
            fixed = self._naming(staying, widths, available // 2)
            window = available - GUTTER - sum(widths[index] + gap for index in staying[:fixed])
        others = [index for index in columns if index not in widths]
        widths |= {index: min(self._natural[index], max(self._least[index], window - gap - 1)) for index in others}
        return self._placed([*staying, *others], widths, gap, fixed=fixed)

    def _placed(self, shown: Sequence[int], widths: Mapping[int, int], gap: int, *, fixed: int = 0) -> Layout:
        """The columns in order; the first `fixed` of them do not scroll."""
        placed: list[Placed] = []
        offset = GUTTER
        for index, before in zip(shown, self._gaps(shown, gap), strict=True):
            offset += before
            placed.append(
                Placed(self.columns[index], index, offset, widths[index], before, self._is_boundary(placed, index))
            )
            offset += widths[index]
        return Layout(
            placed=tuple(placed),
            width=offset,
            fixed=placed[fixed - 1].end if fixed else 0,
            hidden=tuple(column for index, column in enumerate(self.columns) if index not in widths),
        )

    def _is_boundary(self, placed: Sequence[Placed], index: int) -> bool:
        return bool(placed) and placed[-1].column.lane != self.columns[index].lane

    def _gaps(self, shown: Sequence[int], gap: int) -> list[int]:
        """The gap before each column; wider at a lane's edge if there is room."""
        columns = self.columns
        gaps = [0]
        for left, right in pairwise(shown):
            gaps.append(gap + 1 if gap > 1 and columns[left].lane != columns[right].lane else gap)
        return gaps[: len(shown)]

    def _without_least_important(self, columns: list[int], available: int, gap: int) -> list[int]:
        """Those of the columns that fit, by index. Columns of one priority go together, so that the lanes stay alike.

        Columns of low priority are dropped as soon as others would be shortened, those of priority 1 only as a last
        resort, and those of priority 0 never.
        """
        shown = list(columns)
        for priority in sorted({column.priority for column in self.columns if column.priority > 0}, reverse=True):
            if self._fits(shown, available, gap, self._least if priority == 1 else self._comfortable()):
                break
            shown = [i for i in shown if self.columns[i].priority != priority]
        return shown

    def _fits(self, shown: Sequence[int], available: int, gap: int, widths: Sequence[int]) -> bool:
        return GUTTER + sum(widths[i] for i in shown) + sum(self._gaps(shown, gap)) <= available

    def _readable(self) -> list[int]:
        """Widths at which addresses are shown in full."""
        pairs = zip(self.columns, self._least, self._natural, strict=True)
        return [natural if column.lane else least for column, least, natural in pairs]

    def _comfortable(self) -> list[int]:
        """Widths at which addresses are shown in full, and names nearly so."""
        return [
            natural if column.lane else min(natural, max(least, _COMFORTABLE))
            for column, least, natural in zip(self.columns, self._least, self._natural, strict=True)
        ]

    def _share(self, shown: Sequence[int], room: int) -> dict[int, int]:
        """Least widths, and the spare room for those that want more: IPv4, IPv6, then the others; the modest first.

        A shortened IPv4 address is useless; a shortened IPv6 address keeps both ends.
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
            extra = self._generous[index] - widths[index]
            if 0 < extra <= spare:
                widths[index] += extra
                spare -= extra
        return widths

    def _naming(self, shown: Sequence[int], widths: Mapping[int, int], room: int) -> int:
        """The number of leading columns that name the object and fit into the width."""
        taken = GUTTER
        for number, index in enumerate(shown):
            taken += widths[index] + 1
            if self.columns[index].id not in _NAMING or taken > room:
                return number
        return len(shown)
