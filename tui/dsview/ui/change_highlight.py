"""Highlights cells that changed a moment ago, in rows that were visible before and after the change.

Rows that scroll into view are only remembered. The timeline has changes that were not visible.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsview.kinds.metadata import Key
    from dsview.tables.cells import Row
    from dsview.ui.timers import CallAfter

HIGHLIGHT_SECONDS = 3.0
"""Seconds for which a changed cell is highlighted."""

NONE: frozenset[int] = frozenset()


class ChangeHighlight:
    """Remembers the visible rows and compares them when they change.

    `repaint` is called with the keys of rows whose highlight starts or ends.
    """

    def __init__(
        self, call_after: CallAfter, repaint: Callable[[list[Key]], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._call_after = call_after
        self._repaint = repaint
        self._clock = clock
        self._visible: dict[Key, Row] = {}
        self._highlighted: dict[Key, tuple[float, frozenset[int]]] = {}
        self._is_fade_scheduled = False

    def clear(self) -> None:
        """Forget everything, because other rows are shown."""
        self._visible.clear()
        self._highlighted.clear()

    def remember(self, row: Row) -> None:
        """A row is painted."""
        self._visible.setdefault(row.key, row)

    def cells(self, key: Key) -> frozenset[int]:
        """The positions of a row's highlighted cells."""
        _, positions = self._highlighted.get(key, (0.0, NONE))
        return positions

    def compare(self, rows: Iterable[Row]) -> None:
        """Compare the visible rows after a change, and highlight what is different."""
        before, self._visible = self._visible, {}
        touched: list[Key] = []
        until = self._clock() + HIGHLIGHT_SECONDS
        for row in rows:
            self._visible[row.key] = row
            old_row = before.get(row.key)
            if old_row is None or old_row is row or len(old_row.cells) != len(row.cells):
                continue
            pairs = zip(old_row.cells, row.cells, strict=True)
            changed = frozenset(i for i, (old, new) in enumerate(pairs) if (old.text, old.flag) != (new.text, new.flag))
            if changed:
                self._highlighted[row.key] = (until, changed | self.cells(row.key))
                touched.append(row.key)
        if touched:
            self._repaint(touched)
            self._fade_later()

    def _fade_later(self) -> None:
        end = min((until for until, _ in self._highlighted.values()), default=None)
        if end is not None and not self._is_fade_scheduled:
            self._is_fade_scheduled = True
            self._call_after(max(0.05, end - self._clock()), self.fade)

    def fade(self) -> None:
        """End highlights whose time is over."""
        self._is_fade_scheduled = False
        now = self._clock()
        ended = [key for key, (until, _) in self._highlighted.items() if until <= now]
        for key in ended:
            del self._highlighted[key]
        if ended:
            self._repaint(ended)
        self._fade_later()
