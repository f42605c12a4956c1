"""The pictures of `screenshots/` are what the screen shows now: users and this test use the same ones."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from screenshots.make import FOLDER, PICTURES, Picture, draw, versions
from screenshots.record import STORYBOARDS, load_storyboard, record

_TEXT = "{http://www.w3.org/2000/svg}text"


def words(svg: str) -> list[str]:
    """The text of a picture, to find differences quickly."""
    return [element.text or "" for element in ET.fromstring(svg).iter(_TEXT)]


def is_drawn_by_the_same(kept: str) -> bool:
    """Whether this Textual and this Rich drew a picture: only then is it identical byte for byte."""
    return kept.endswith(f"{versions()}\n")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
async def test_a_picture_is_what_the_screen_shows(picture: Picture) -> None:
    kept = (FOLDER / f"{picture.name}.svg").read_text(encoding="utf-8")
    drawn = await draw(picture)
    first = next(((new, old) for new, old in zip(words(drawn), words(kept), strict=False) if new != old), None)
    assert first is None, "if this is meant, run `python screenshots/make.py`"
    # Not compared in the assertion: pytest would spend minutes on the difference of two such texts.
    is_same = drawn == kept or not is_drawn_by_the_same(kept)
    assert is_same, "it has the same words and looks otherwise; if this is meant, run `python screenshots/make.py`"


@pytest.mark.parametrize("name", STORYBOARDS)
async def test_a_recording_is_what_its_storyboard_plays(name: str) -> None:
    path = STORYBOARDS[name]
    kept = path.with_suffix(".svg").read_text(encoding="utf-8")
    played = await record(path)
    assert words(played[".svg"]) == words(kept), "if this is meant, run `python screenshots/make.py`"
    is_same = played[".svg"] == kept and played[".cast"] == path.with_suffix(".cast").read_text(encoding="utf-8")
    is_same = is_same or not is_drawn_by_the_same(kept)
    assert is_same, "it has the same words and looks otherwise; if this is meant, run `python screenshots/make.py`"


@pytest.mark.parametrize("path", STORYBOARDS.values(), ids=STORYBOARDS)
def test_a_recording_is_an_asciicast_that_says_its_captions_in_order(path: Path) -> None:
    head, *events = map(json.loads, path.with_suffix(".cast").read_text(encoding="utf-8").splitlines())
    board = load_storyboard(path)
    assert (head["version"], head["width"], head["height"]) == (2, board.size[0], board.size[1] + 1)
    times = [time for time, _, _ in events]
    assert times == sorted(times)
    assert {kind for _, kind, _ in events} == {"o"}
    captions = [step.caption for step in board.step if step.hold]
    assert all(caption in data for caption, (_, _, data) in zip(captions, events, strict=False))
    assert events[-1][0] == sum(step.hold for step in board.step)


@pytest.mark.parametrize("path", list(FOLDER.rglob("*.svg")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_picture_needs_nothing_from_outside(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?:href|src|url\()\s*=?\s*[\"']?(?:https?:)?//", text)
    assert "@import" not in text
    assert "@font-face" not in text


def test_each_picture_has_a_name_of_its_own() -> None:
    names = [picture.name for picture in PICTURES]
    kept = [path.relative_to(FOLDER).with_suffix("") for path in FOLDER.rglob("*.svg") if path.stem not in STORYBOARDS]
    assert sorted(names) == sorted(map(str, kept))
