"""Whether a screen cuts a word without saying so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from screenshots.make import strips
from textual.pilot import Pilot
from textual.screen import ModalScreen

from dsview.core.errors import UserError
from dsview.ui.app import DsviewApp

HEIGHT = 40

_DRAWN = re.compile(r"[^\s\u2500-\u259f►◄┃]+")
"""Words between blanks, borders and scrollbars."""


def words(pilot: Pilot[UserError | None]) -> set[str]:
    """What stands on the screen, or in what lies over it, word for word."""
    app = cast("DsviewApp", pilot.app)
    lines = strips(app)
    if isinstance(app.screen, ModalScreen):
        region = app.screen.children[0].region
        lines = [line.crop(region.x, region.right) for line in lines[region.y : region.bottom]]
    # A line that is drawn in ASCII is as long as the screen is wide.
    return {word for line in lines for word in _DRAWN.findall(line.text) if word.strip("-+|")}


async def cut_words(pilot: Pilot[UserError | None], widths: Iterable[int]) -> dict[int, dict[str, str]]:
    """The words that are cut without an ellipsis, with what they are cut from, by the width of the screen.

    The screen must have room for everything when this is called.
    """
    whole = words(pilot)
    ellipsis = cast("DsviewApp", pilot.app).glyphs.ellipsis
    found = {}
    for width in widths:
        await pilot.resize_terminal(width, HEIGHT)
        await pilot.pause()
        cut = {
            word: longer
            for word in words(pilot) - whole
            if ellipsis not in word and len(word) > 1
            for longer in whole
            if longer.startswith(word)
        }
        if cut:
            found[width] = cut
    return found
