"""How the panes of the main screen share the room."""

from __future__ import annotations

from enum import StrEnum

from textual.geometry import Size

_GRID = (150, 28)
"""The minimum columns and lines for two panes side by side."""

_STACK_LINES = 38
"""The minimum lines for four panes in one column, with most of the room for the active one."""


class Arrangement(StrEnum):
    """All panes in a grid, all in one column, or the active one alone."""

    GRID = "grid"
    STACK = "stack"
    ALONE = "alone"


def arrangement_for(size: Size) -> Arrangement:
    """The arrangement with the most panes for which there is room."""
    width, height = size
    if width >= _GRID[0] and height >= _GRID[1]:
        return Arrangement.GRID
    return Arrangement.STACK if height >= _STACK_LINES else Arrangement.ALONE
