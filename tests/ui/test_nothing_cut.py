"""No view cuts a value without an ellipsis, whatever the width of the screen."""

from __future__ import annotations

import re
from typing import cast

import msgspec
import pytest
from screenshots.make import VIEWS, Picture, on_screen, strips
from textual.pilot import Pilot
from textual.screen import ModalScreen

from dsview.core.errors import UserError
from dsview.ui.app import DsviewApp

WIDTHS = (80, 93, 100, 120, 160, 220, 250)
HEIGHT = 40

SHOWN = {
    **{name: picture for name, picture in VIEWS.items() if name != "filter"},
    "all columns of Services": Picture(keys=("1", "v")),
    "all columns of Pods": Picture(keys=("2", "2", "v")),
    "all columns of Nodes": Picture(keys=("3", "3", "v")),
    "all columns of Listeners": Picture(keys=("4", "4", "v")),
    "all columns, scrolled": Picture(keys=("4", "4", "v", *["right"] * 9)),
}

_DRAWN = re.compile(r"[^\s\u2500-\u259f►◄┃]+")
"""Words between blanks, borders and scrollbars."""


def words(pilot: Pilot[UserError | None]) -> set[str]:
    """What stands on the screen, or in what lies over it, word for word."""
    app = cast("DsviewApp", pilot.app)
    lines = strips(app)
    if isinstance(app.screen, ModalScreen):
        region = app.screen.children[0].region
        lines = [line.crop(region.x, region.right) for line in lines[region.y : region.bottom]]
    return {word for line in lines for word in _DRAWN.findall(line.text)}


@pytest.mark.parametrize("picture", SHOWN.values(), ids=SHOWN)
async def test_a_value_that_does_not_fit_ends_in_an_ellipsis(picture: Picture) -> None:
    async with on_screen(msgspec.structs.replace(picture, size=(600, 120))) as pilot:
        whole = words(pilot)
        for width in WIDTHS:
            await pilot.resize_terminal(width, HEIGHT)
            await pilot.pause()
            cut = {
                word: longer
                for word in words(pilot) - whole
                if "…" not in word and len(word) > 1
                for longer in whole
                if longer.startswith(word)
            }
            assert not cut, f"{width} columns"
