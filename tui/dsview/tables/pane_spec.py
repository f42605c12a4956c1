"""The names of a pane and its key: everything that the first frame, keys and commands need."""

from __future__ import annotations

import msgspec


class PaneSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A pane by its names. Its rows are separate, because importing their code takes too long for the first frame.

    `id` is its name in `dsview show` and the configuration file, and the name of its package. `singular` is the name of
    one row. `key` goes to it; panes are in the order of their keys. `aliases` are short names for it in the palette.
    """

    id: str
    title: str
    singular: str
    key: str = ""
    aliases: tuple[str, ...] = ()
