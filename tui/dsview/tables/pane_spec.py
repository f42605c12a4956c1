"""The names of a pane and its key: everything that the first frame, keys and commands need."""

from __future__ import annotations

import msgspec


class PaneSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a pane. Its rows are separate, because importing their code takes too long for the first frame.

    Attributes:
        id: Its name in `dsview show` and the configuration file, and the name of its package.
        singular: The name of a row.
        key: The key that focuses it. Panes are in the order of their keys.
        aliases: Short names in the palette.
    """

    id: str
    title: str
    singular: str
    key: str = ""
    aliases: tuple[str, ...] = ()
