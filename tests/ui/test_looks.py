"""Themes, signs and keys: the parts of everything on the screen."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import cast

import msgspec
import pytest
from rich.cells import cell_len
from screenshots.make import MONOCHROME, VIEWS, Picture, on_screen, strips
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from dsview.ui.actions import ACTIONS, Where, actions_of, bar_actions
from dsview.ui.app import DsviewApp
from dsview.ui.glyphs import ASCII, UNICODE
from dsview.ui.themes import VARIABLES, missing_variables, own_themes
from tests.ui.stage import on_stage

THEMES = {theme.name: theme for theme in own_themes()}

_READ = ("ink", "ink-muted", "lane-v4", "lane-v6", "flag-error", "flag-warning", "flag-note", "good")


def _luminance(colour: Color) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(Color.parse(first)), _luminance(Color.parse(second))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ground", ["background", "row-cursor"])
def test_everything_that_is_read_has_contrast(name: str, ground: str) -> None:
    theme = THEMES[name]
    under = theme.variables.get(ground, theme.background)
    assert under is not None
    for colour in _READ:
        assert contrast(theme.variables[colour], under) >= 4.5, (colour, ground)


@pytest.mark.parametrize("name", THEMES)
def test_themes_tell_lanes_and_severities_apart(name: str) -> None:
    variables = THEMES[name].variables
    colours = [Color.parse(variables[key]) for key in ("lane-v4", "lane-v6", "flag-error", "flag-warning", "good")]
    for one, other in itertools.combinations(colours, 2):
        assert sum(abs(a - b) for a, b in zip(one.rgb, other.rgb, strict=True)) > 60


@pytest.mark.parametrize("theme", BUILTIN_THEMES.values(), ids=lambda theme: theme.name)
def test_every_theme_of_textual_has_all_colours_that_the_stylesheets_use(theme: Theme) -> None:
    assert set(VARIABLES) <= set(missing_variables(theme))


@pytest.mark.parametrize("name", [*THEMES, "nord", "textual-light", "ansi-dark"])
async def test_any_theme_can_be_chosen_while_running(name: str) -> None:
    async with on_stage() as stage:
        before = stage.text
        stage.app.theme = name
        await stage.pilot.pause()
        assert stage.text == before


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_signs_are_one_cell_wide_and_severities_differ(glyphs: object) -> None:
    signs = {name: getattr(glyphs, name) for name in UNICODE.__struct_fields__}
    assert {cell_len(sign) for sign in signs.values()} == {1}
    assert len({signs["error"], signs["warning"], signs["note"], signs["good"]}) == 4


def test_ascii_signs_are_ascii() -> None:
    assert all(getattr(ASCII, name).isascii() for name in ASCII.__struct_fields__)


async def test_no_colour_leaves_all_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage(size=(120, 50)) as stage:
        coloured = stage.pane("pods").border.border_title, stage.names("pods"), stage.text.count("■")
    monkeypatch.setenv("NO_COLOR", "1")
    async with on_stage(size=(120, 50)) as stage:
        assert (stage.pane("pods").border.border_title, stage.names("pods"), stage.text.count("■")) == coloured
        assert "╌╌╌╌ ■" in stage.text


@pytest.mark.parametrize("where", Where, ids=str)
def test_no_key_has_two_meanings_in_one_place(where: Where) -> None:
    together = {
        Where.TABLE: (Where.TABLE, Where.PANES, Where.EVERYWHERE),
        Where.PANES: (Where.TABLE, Where.PANES, Where.EVERYWHERE),
        Where.DETAIL: (Where.DOCUMENT, Where.READING, Where.DETAIL, Where.EVERYWHERE),
        Where.TIMELINE: (Where.TABLE, Where.TIMELINE, Where.EVERYWHERE),
        Where.FINDINGS: (Where.TABLE, Where.FINDINGS, Where.EVERYWHERE),
    }.get(where, (where,))
    actions = {action.name: action for part in together for action in actions_of(part)}
    keys = Counter(key for action in actions.values() for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_action_says_what_it_does_in_a_sentence() -> None:
    for action in ACTIONS:
        assert action.title[0].isupper()
        assert action.help.endswith(".")


def test_key_bar_keeps_help_and_quit_and_names_each_action_once() -> None:
    names = [action.name for action in bar_actions((Where.TABLE, Where.PANES, Where.EVERYWHERE))]
    assert names[-2:] == ["help", "quit"]
    assert len(names) == len(set(names))


async def test_key_bar_does_what_its_keys_do_when_it_is_clicked() -> None:
    async with on_stage() as stage:
        at = stage.lines[-1].index("? help")
        await stage.pilot.click(offset=(at, 39))
        await stage.until(lambda: "What you see" in stage.text)


@pytest.mark.parametrize("picture", [*VIEWS.values(), Picture(keys=("s",))], ids=[*VIEWS, "sort"])
async def test_ascii_screens_draw_no_other_characters(picture: Picture) -> None:
    async with on_screen(msgspec.structs.replace(picture, shade=MONOCHROME, size=(160, 150))) as pilot:
        app = cast("DsviewApp", pilot.app)
        for size in ((160, 150), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            text = "".join(line.text for line in strips(app))
            assert {character for character in text if not character.isascii()} == set()


async def test_the_key_bar_offers_to_copy_a_fix_only_where_there_may_be_one() -> None:
    async with on_stage() as stage:
        assert "copy fix" in stage.lines[-1]
        await stage.press("question_mark")
        assert "y copy " in stage.lines[-1]
        assert "copy fix" not in stage.lines[-1]
        assert "open" not in stage.lines[-1]


async def test_a_finding_is_named_beside_its_code_where_every_column_has_its_room() -> None:
    for width, is_named in ((200, True), (80, False)):
        async with on_stage(size=(width, 30)) as stage:
            await stage.press("2", "2")
            # The head may also name the Pod.
            line = next(line for line in reversed(stage.lines) if "api-0" in line)
            assert "■ POD-001" in line
            assert ("■ POD-001 pod-lacks-family" in line) is is_named
            assert "…" not in line[line.index("POD-001") :]
