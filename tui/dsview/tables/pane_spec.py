"""What a pane is called and which key leads to it: all that the first frame, keys and commands need of it."""

from __future__ import annotations

import msgspec


class PaneSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A pane by its names, apart from its rows, whose code takes longer to import than the first frame may.

    `id` is what `dsview show` and the configuration file call it, and the name of its package. `singular` is one of its
    rows. `key` goes to it; the panes stand in the order of their keys. `aliases` are short words for it in the palette.
    """

    id: str
    title: str
    singular: str
    key: str = ""
    aliases: tuple[str, ...] = ()
