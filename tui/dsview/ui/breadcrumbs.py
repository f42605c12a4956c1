"""The breadcrumbs: the names of the screens below the current one, at the start of its title line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.content import Content

from dsview.ui.fitting import fit
from dsview.ui.glyphs import Glyphs
from dsview.ui.history import HasCrumb
from dsview.ui.phrases import FAINT, MUTED, Part, content

if TYPE_CHECKING:
    from textual.screen import Screen

_WIDTH_DIVISOR = 3
"""The divisor of the line's width that gives the breadcrumbs' maximum width."""

_LONGEST = 24


def breadcrumbs(screen: Screen[Any], glyphs: Glyphs) -> Content:
    """The names of the screens below this one, the nearest last; the farthest are left out."""
    stack = screen.app.screen_stack
    below = stack[: stack.index(screen)] if screen in stack else stack
    # A fleet lies on the main screen of the cluster that was open last.
    first = max(
        (number for number, screen_below in enumerate(below) if getattr(screen_below, "is_root", False)), default=0
    )
    below = below[first:]
    names = [screen_below.crumb for screen_below in below if isinstance(screen_below, HasCrumb)]
    room = screen.app.size.width // _WIDTH_DIVISOR
    shown: list[str] = []
    for name in reversed(names):
        short = fit(name, min(_LONGEST, cell_len(name)), glyphs.ellipsis, middle=True)
        room -= cell_len(short) + 3
        if room < 0:
            shown.insert(0, glyphs.ellipsis)
            break
        shown.insert(0, short)
    parts: list[Part] = []
    for name in shown:
        parts += [(f" {name} ", MUTED), (glyphs.more, FAINT)]
    return content(*parts)
