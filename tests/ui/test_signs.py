"""Signs and colours: a legend behind one key, fonts that have them, and enough contrast."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from dsview.kinds.ingress import Ingress, IngressBackend
from dsview.kinds.kind import Kind
from dsview.sources.events import Changed
from dsview.ui.codes import code_at, codes_in
from dsview.ui.glyphs import UNICODE
from dsview.ui.table import Table
from dsview.ui.themes import own_themes
from tests.ui.stage import on_stage, pod

WGL4 = frozenset("■▲●○►◄▼√↑↓…·▪◊")
"""Signs of Windows Glyph List 4, which monospace fonts have; terminals draw lines and blocks for themselves."""

TEXT = ("ink", "ink-muted", "ink-faint", "focus", "lane-v4", "lane-v6")
FLAGS = ("flag-error", "flag-warning", "flag-note", "good")
GROUNDS = ("row-cursor", "row-cursor-blur")

THEMES = {theme.name: theme for theme in own_themes() if theme.name != "dsview-16"}
"""All but the one that is made of the terminal's own colours, whatever these are."""


def luminance(color: Color) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_text_has_the_contrast_that_wcag_aa_asks_for(theme: Theme) -> None:
    grounds = {name: theme.variables[name] for name in GROUNDS}
    grounds |= {"background": str(theme.background), "surface": str(theme.surface), "panel": str(theme.panel)}
    inks = {name: theme.variables[name] for name in (*TEXT, *FLAGS)} | {"accent": str(theme.accent)}
    poor = {
        f"{ink} on {ground}": round(contrast(Color.parse(inks[ink]), Color.parse(grounds[ground])), 2)
        for ink in inks
        for ground in grounds
        if contrast(Color.parse(inks[ink]), Color.parse(grounds[ground])) < 4.5
    }
    assert poor == {}
    chosen = Color.parse(theme.variables["cell-cursor"])
    assert contrast(Color.parse(theme.variables["ink"]), chosen) >= 4.5


@pytest.mark.parametrize("name", THEMES)
async def test_the_chosen_cell_is_written_in_ink_whatever_it_is_flagged_for(name: str) -> None:
    async with on_stage() as stage:
        stage.app.theme = name
        pane = stage.pane("services")
        await stage.press(*["l"] * 20)
        assert pane.column_id == "flags"
        ink = Color.parse(THEMES[name].variables["ink"])
        strip = pane.render_line(pane.header_lines + pane.cursor_index)
        (flag,) = [segment for segment in strip if "EPS-001" in segment.text]
        assert flag.style is not None
        assert flag.style.color is not None
        assert flag.style.color.get_truecolor() == (ink.r, ink.g, ink.b)


def test_signs_are_in_common_monospace_fonts() -> None:
    for name in UNICODE.__struct_fields__:
        sign = getattr(UNICODE, name)
        is_drawn = 0x2500 <= ord(sign) <= 0x259F
        assert is_drawn or sign in WGL4, f"{name} {sign}"


async def test_every_sign_is_explained_one_key_away() -> None:
    async with on_stage(size=(120, 40)) as stage:
        await stage.press("?")
        legend = stage.text
        signs = ("error", "warning", "note", "short", "good", "gap", "dot", "ellipsis", "more", "opened", "folded")
        for name in (*signs, "nowhere", "rail", "broken_rail", "ascending", "descending", "cursor"):
            assert getattr(UNICODE, name) in legend, name
        assert "A gap: an address of this family is missing." in legend
        assert "Empty, and nothing is expected here." in legend


# Codes


def test_codes_are_found_wherever_they_stand() -> None:
    assert codes_in(["▲ SVC-001 +2", "DS-EPS-001 and RFC-000, again SVC-001"]) == ["DS-SVC-001", "DS-EPS-001"]
    line = "see DS-EPS-001 here"
    assert code_at(line, 4) == "DS-EPS-001"
    assert code_at(line, 13) == "DS-EPS-001"
    assert code_at(line, 14) is None
    assert code_at("X-123 NOPE-999", 8) is None


async def test_a_code_in_a_text_is_explained_by_a_click() -> None:
    async with on_stage() as stage:
        await stage.press("w")
        y = next(number for number, line in enumerate(stage.lines) if "DS-POD-001" in line)
        await stage.pilot.click(offset=(stage.lines[y].index("DS-POD-001") + 3, y))
        await stage.until(lambda: "Why it matters" in stage.text)


async def test_a_code_in_the_selected_row_is_explained_by_a_click() -> None:
    async with on_stage(size=(120, 50)) as stage:
        pane = stage.pane("services")
        place = pane.placed_layout.find("flags")
        assert place is not None
        offset = (place.offset + 3, pane.header_lines + 1)
        await stage.pilot.click(pane, offset=offset)
        assert stage.app.screen is stage.app.main, "the first click selects the row"
        await stage.pilot.click(pane, offset=offset)
        await stage.until(lambda: "DS-EPS-001" in stage.text and "Why it matters" in stage.text)


async def test_a_code_is_explained_by_its_name_in_the_palette() -> None:
    async with on_stage() as stage:
        await stage.press("colon", *"svc-001", "enter")
        await stage.until(lambda: "DS-SVC-001" in stage.text and "Why it matters" in stage.text)


async def test_an_ingress_is_traced_from_the_palette_by_its_host() -> None:
    async with on_stage() as stage:
        front = Ingress(
            name="front", namespace="shop", hosts=("www.example.com",), backends=(IngressBackend("", "api"),)
        )
        stage.source.send(Changed(Kind.INGRESS, [front]))
        assert stage.app.workspace is not None
        state = stage.app.workspace.session.state
        await stage.until(lambda: state.ingresses.get(front.key) is not None)
        await stage.press("colon", *"www", "enter")
        await stage.until(lambda: "Ingress shop/front" in stage.text and "Backend api" in stage.text)


async def test_of_several_codes_in_a_row_one_is_chosen() -> None:
    async with on_stage(size=(200, 50)) as stage:
        stage.app.go.explain_one_of(["DS-SVC-001", "DS-EPS-001"])
        await stage.pilot.pause()
        assert "Explain (2)" in stage.text
        await stage.press("down", "enter")
        await stage.until(lambda: "DS-EPS-001" in stage.text and "Why it matters" in stage.text)


async def test_e_explains_a_code_in_the_timeline() -> None:
    async with on_stage() as stage:
        stage.source.put(pod("api-0", 10, app="api"))
        await stage.press("T")
        table = stage.app.screen.query_one(Table)
        await stage.until(lambda: "POD-001" in stage.text)
        while table.cursor_row is not None and not codes_in(cell.text for cell in table.cursor_row.cells):
            await stage.press("down")
        await stage.press("e")
        await stage.until(lambda: "Why it matters" in stage.text)
