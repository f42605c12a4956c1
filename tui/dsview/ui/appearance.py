"""The appearance and keys that a user configured, checked before drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from textual.theme import Theme

from dsview.config.last_views import LastView
from dsview.ui.actions import ACTIONS, Action

Columns = Mapping[str, tuple[str, ...]]
"""The ids of the columns to show, left to right, by the id of a pane."""


class Appearance(msgspec.Struct, frozen=True, kw_only=True):
    """`theme` is empty for dsview's default. `themes` are additional themes, `css` is a file of additional Textual CSS.

    `columns` are the columns of panes; `remember` stores another choice and may raise `OSError`. `last_view` is how a
    context was left, None if unknown; `remember_view` stores it and may raise `OSError`.
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
