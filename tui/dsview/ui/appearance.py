"""How somebody wants the screen to look and to be driven, checked before it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from textual.theme import Theme

from dsview.config.last_views import LastView
from dsview.ui.actions import ACTIONS, Action

Columns = Mapping[str, tuple[str, ...]]
"""For a pane, by id, the ids of the columns to show, in order."""


class Appearance(msgspec.Struct, frozen=True, kw_only=True):
    """`theme` is empty for dsview's default. `themes` are more of them, `css` is a file of more Textual CSS.

    `columns` are what panes show; `remember` keeps another choice for the next time and may raise `OSError`.
    `last_view` is how a context was left, None where nobody knows; `remember_view` keeps it, and may raise `OSError`.
    """

    theme: str = ""
    ascii_only: bool = False
    actions: tuple[Action, ...] = ACTIONS
    themes: tuple[Theme, ...] = ()
    css: Path | None = None
    columns: Columns = {}
    remember: Callable[[Columns], None] = lambda _columns: None
    last_view: Callable[[str], LastView | None] = lambda _context: None
    remember_view: Callable[[str, LastView], None] = lambda _context, _view: None
