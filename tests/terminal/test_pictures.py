"""The pictures of `screenshots/` are what the screen shows now: one set, for people and for this test."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from screenshots.make import FOLDER, PICTURES, Picture, draw, versions

_TEXT = "{http://www.w3.org/2000/svg}text"


def words(svg: str) -> list[str]:
    """What stands in a picture, to see quickly where two differ."""
    return [element.text or "" for element in ET.fromstring(svg).iter(_TEXT)]


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures have colours whatever the terminal of whoever runs the tests has."""
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
async def test_a_picture_is_what_the_screen_shows(picture: Picture) -> None:
    kept = (FOLDER / f"{picture.name}.svg").read_text(encoding="utf-8")
    if not kept.endswith(f"{versions()}\n"):
        made_with = re.findall(r"<!-- (Textual .*) -->", kept)
        pytest.skip(f"it was made with {made_with}, this is {versions()}")
    drawn = await draw(picture)
    first = next(((new, old) for new, old in zip(words(drawn), words(kept), strict=False) if new != old), None)
    assert first is None, "if this is meant, run `python screenshots/make.py`"
    # Not compared in the assertion: pytest would spend minutes on the difference of two such texts.
    is_same = drawn == kept
    assert is_same, "it has the same words and looks otherwise; if this is meant, run `python screenshots/make.py`"


def test_each_picture_has_a_name_of_its_own() -> None:
    names = [picture.name for picture in PICTURES]
    assert sorted(names) == sorted(path.stem for path in Path(FOLDER).glob("*.svg"))
