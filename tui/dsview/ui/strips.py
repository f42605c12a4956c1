"""The painted lines of a table, cached until they change: a row keeps its strip when it scrolls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.strip import Strip

if TYPE_CHECKING:
    from dsview.kinds.metadata import Key
    from dsview.tables.cells import Row
    from dsview.ui.columns import Layout
    from dsview.ui.paint import Painter

_KEPT = 1500
"""The number of cached rows: several times more than any terminal has."""


class Strips:
    """Header and rows as strips, and the painter of them. `make_painter` is called when there is something to paint."""

    def __init__(self, make_painter: Callable[[], Painter]) -> None:
        self._make_painter = make_painter
        self._painter: Painter | None = None
        self._headers: list[Strip] | None = None
        self._rows: dict[Key, tuple[Row, Strip]] = {}

    @property
    def painter(self) -> Painter:
        """The painter with the current styles."""
        if self._painter is None:
            self._painter = self._make_painter()
        return self._painter

    def restyle(self) -> None:
        """Paint everything again, because styles, order or glyphs changed."""
        self._painter = None
        self.forget_headers()
        self.forget_rows()

    def forget_headers(self) -> None:
        """Paint the header again, because the titles changed."""
        self._headers = None

    def forget_rows(self, keys: Iterable[Key] | None = None) -> None:
        """Paint these rows again; None for all rows."""
        if keys is None:
            self._rows.clear()
        else:
            for key in keys:
                self._rows.pop(key, None)

    def header(self, line: int, paint: Callable[[Painter], list[Strip]]) -> Strip:
        """One line of the header, painted by `paint` unless it is cached."""
        if self._headers is None:
            self._headers = paint(self.painter)
        return self._headers[line]

    def row(self, row: Row, layout: Layout, width: int, *, changed: frozenset[int]) -> Strip:
        """A row without the cursor, as wide as the table at least. `changed` are the columns that are lit."""
        kept = self._rows.get(row.key)
        if kept is not None and kept[0] is row:
            return kept[1]
        if len(self._rows) > _KEPT:
            self._rows.clear()
        painter = self.painter
        strip = painter.row(row, layout, changed=changed).extend_cell_length(width, painter.style("text"))
        self._rows[row.key] = (row, strip)
        return strip
