"""No view cuts a value without an ellipsis, whatever the width of the screen."""

from __future__ import annotations

import msgspec
import pytest
from screenshots.make import VIEWS, Picture, on_screen

from tests.ui.cut_text import cut_words

WIDTHS = (80, 93, 100, 120, 160, 220, 250)

SHOWN = {
    **{name: picture for name, picture in VIEWS.items() if name != "filter"},
    "all columns of Services": Picture(keys=("1", "v")),
    "all columns of Pods": Picture(keys=("2", "2", "v")),
    "all columns of Nodes": Picture(keys=("3", "3", "v")),
    "all columns of Listeners": Picture(keys=("4", "4", "v")),
    "all columns, scrolled": Picture(keys=("4", "4", "v", *["right"] * 9)),
}


@pytest.mark.parametrize("picture", SHOWN.values(), ids=SHOWN)
async def test_a_value_that_does_not_fit_ends_in_an_ellipsis(picture: Picture) -> None:
    async with on_screen(msgspec.structs.replace(picture, size=(600, 120))) as pilot:
        assert await cut_words(pilot, WIDTHS) == {}
