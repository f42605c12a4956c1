"""How columns are sized and cells are painted."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.style import Style

from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import Safe, safe
from dsview.tables.cells import GAP, Cell, Column, Row, Tone
from dsview.ui.columns import GUTTER, ColumnSizer
from dsview.ui.glyphs import ASCII, UNICODE, Glyphs
from dsview.ui.paint import Painter, flags_within

COLUMNS = (
    Column(id="namespace", title="Namespace", help="", width=8, max_width=20),
    Column(id="name", title="Name", help="", width=12, max_width=30),
    Column(id="type", title="Type", help="", width=6, priority=4),
    Column(id="ip_v4", title="IP", help="", lane="IPv4", width=8, max_width=15, priority=1),
    Column(id="ready_v4", title="Ready", help="", lane="IPv4", width=5, align="right"),
    Column(id="ip_v6", title="IP", help="", lane="IPv6", width=8, max_width=39, priority=1),
    Column(id="ready_v6", title="Ready", help="", lane="IPv6", width=5, align="right"),
    Column(id="flags", title="Findings", help="", width=10, max_width=30),
)


def row(name: str = "web", *, ip_v6: Cell | None = None, flags: Severity | None = None) -> Row:
    """A row of a dual-stack Service."""
    found: tuple[Finding, ...] = ()
    if flags is not None:
        found = (Finding(check="DS-X-001", severity=flags, object=ObjectRef("Service", "shop", name), message=""),)
    cells = (
        Cell(Safe("shop"), Tone.MUTED),
        Cell(safe(name)),
        Cell(Safe("ClusterIP")),
        Cell(Safe("10.96.0.10")),
        Cell(Safe("3")),
        ip_v6 or Cell(Safe("fd00:10:96::4001")),
        Cell(Safe("3")),
        Cell(Safe("■ X-001") if flags else Safe(""), flag=flags),
    )
    return Row(("shop", name), cells, found)


def painter(glyphs: Glyphs = UNICODE) -> Painter:
    """A painter without colours."""
    return Painter(Style(), lambda _text: Style(), glyphs)


def test_columns_grow_and_never_shrink() -> None:
    sizer = ColumnSizer(COLUMNS)
    sizer.measure([row("a-name-of-twenty-two")])
    wide = sizer.layout(200).find("name")
    assert sizer.measure([row("web")]) is False
    assert sizer.layout(200).find("name") == wide


def test_no_column_is_wider_than_its_greatest_width() -> None:
    sizer = ColumnSizer(COLUMNS)
    sizer.measure([row("n" * 200)])
    name = sizer.layout(400).find("name")
    assert name is not None
    assert name.width == 30


def test_lanes_lose_their_columns_together() -> None:
    sizer = ColumnSizer(COLUMNS)
    sizer.measure([row()])
    for width in range(20, 140):
        ids = {placed.column.id for placed in sizer.layout(width).placed}
        assert ("ip_v4" in ids) == ("ip_v6" in ids), width


def test_columns_that_matter_least_go_first_and_the_rest_fits() -> None:
    sizer = ColumnSizer(COLUMNS)
    sizer.measure([row()])
    hidden = [[column.id for column in sizer.layout(width).hidden] for width in (140, 84, 60)]
    assert hidden == [[], ["type"], ["type", "ip_v4", "ip_v6"]]
    for width in (140, 84, 60):
        assert sizer.layout(width).width <= width


@pytest.mark.parametrize(("width", "stays"), [(80, {"namespace", "name", "ready_v4", "ready_v6", "flags"})])
def test_what_does_not_fit_scrolls_beside_both_lanes_and_the_findings(width: int, stays: set[str]) -> None:
    sizer = ColumnSizer(COLUMNS)
    sizer.measure([row()])
    layout = sizer.layout(width, all_columns=True)
    assert layout.width > width
    assert {placed.column.id for placed in layout.placed if placed.end <= layout.fixed} == stays
    assert not layout.hidden
    for placed in layout.placed:
        assert placed.end <= layout.fixed or placed.width <= width - layout.fixed, "all of it can be scrolled to"


def test_where_not_even_the_lanes_fit_all_scrolls_behind_the_name() -> None:
    sizer = ColumnSizer(COLUMNS)
    sizer.measure([row()])
    layout = sizer.layout(60, all_columns=True)
    name = layout.find("name")
    assert name is not None
    assert layout.fixed == name.end


def test_a_value_that_goes_on_beyond_the_edge_ends_in_an_ellipsis() -> None:
    sizer, paint = ColumnSizer(COLUMNS), painter()
    sizer.measure([row()])
    layout = sizer.layout(60, all_columns=True)
    strip = paint.row(row(), layout)
    values = set(strip.text.replace("│", " ").split())
    for scroll_x in range(layout.width - 60 + 1):
        seen = paint.visible_part(strip, layout, scroll_x, 60).text
        assert cell_len(seen) == 60
        for value in seen.replace("│", " ").split():
            assert value in values or "…" in value, f"{value!r} of {seen!r}"


def test_titles_are_never_cut() -> None:
    for column in COLUMNS:
        placed = ColumnSizer([column]).layout(5, all_columns=True).placed[0]
        assert placed.width >= len(column.title)


def test_every_line_is_as_wide_as_the_layout_and_columns_stand_under_their_titles() -> None:
    sizer, paint = ColumnSizer(COLUMNS), painter()
    rows = [row(), row("名前"), row("x" * 60), row("flagged", flags=Severity.ERROR)]
    sizer.measure(rows)
    layout = sizer.layout(110)
    lines = [
        paint.lanes(layout),
        paint.titles(layout, selected="name", sort="ready_v6", descending=True),
        *(paint.row(item, layout) for item in rows),
    ]
    assert {cell_len(line.text) for line in lines} == {layout.width}
    name = layout.find("name")
    assert name is not None
    for line in lines[1:]:
        assert line.crop(name.offset - 1, name.offset).text == " "
        assert line.crop(name.offset, name.offset + 2).text.strip()


def test_lane_titles_stand_above_their_first_columns() -> None:
    sizer, paint = ColumnSizer(COLUMNS), painter()
    layout = sizer.layout(110)
    lanes = paint.lanes(layout).text
    for lane, column in (("IPv4", "ip_v4"), ("IPv6", "ip_v6")):
        placed = layout.find(column)
        assert placed is not None
        assert lanes.index(lane) == placed.offset


@pytest.mark.parametrize(
    ("glyphs", "severity", "sign", "gap"),
    [(UNICODE, Severity.ERROR, "■", "╌"), (ASCII, Severity.WARNING, "!", "-")],
)
def test_flagged_gap_is_marked_by_sign_without_any_colour(
    glyphs: Glyphs, severity: Severity, sign: str, gap: str
) -> None:
    sizer = ColumnSizer(COLUMNS)
    item = row(ip_v6=Cell(GAP, Tone.GAP, severity), flags=severity)
    sizer.measure([row(), item])
    layout = sizer.layout(120)
    line = painter(glyphs).row(item, layout)
    placed = layout.find("ip_v6")
    assert placed is not None
    assert line.crop(placed.offset, placed.end).text.split() == [gap * 10, sign]
    assert line.text[1] == sign


@pytest.mark.parametrize(
    ("width", "shown"),
    [(32, "■ X-001 ▲ X-002 ● X-003"), (20, "■ X-001 ▲ X-002 +1"), (12, "■ X-001 +2"), (8, "■ X-001+")],
)
def test_flags_that_have_no_room_are_counted(width: int, shown: str) -> None:
    column = Column(id="flags", title="", help="", width=width, max_width=width)
    layout = ColumnSizer([column]).layout(GUTTER + width)
    flags = Safe("■ X-001 ▲ X-002 ● X-003")
    line = painter().row(Row(("", "web"), (Cell(flags, flag=Severity.ERROR, value=flags),)), layout)
    assert line.text[GUTTER:].rstrip() == shown


def test_markup_in_a_cell_is_painted_as_it_is() -> None:
    sizer = ColumnSizer(COLUMNS)
    item = row("[b]x[/b] $ink")
    sizer.measure([item])
    assert "[b]x[/b] $ink" in painter().row(item, sizer.layout(120)).text


def test_sort_arrow_stands_in_the_gap_where_the_title_fills_its_column() -> None:
    layout = ColumnSizer(COLUMNS).layout(110)
    ready = layout.find("ready_v4")
    assert ready is not None
    line = painter().titles(layout, selected=None, sort="ready_v4", descending=False)
    assert line.crop(ready.offset, ready.end + 1).text == "Ready↑"


def test_object_that_is_just_gone_is_an_empty_line() -> None:
    layout = ColumnSizer(COLUMNS).layout(110)
    assert painter().row(Row(("shop", "gone"), ()), layout).text.strip() == ""


def test_gutter_shows_where_the_cursor_is_without_any_colour() -> None:
    layout = ColumnSizer(COLUMNS).layout(110)
    line = painter().cursor_row(row(), layout, 120, selected="name", is_focused=True)
    assert line.text.startswith(UNICODE.cursor)
    assert cell_len(line.text) == 120
    assert layout.placed[0].offset == GUTTER


@pytest.mark.parametrize(
    ("width", "shown"),
    [(30, "■ NODE-002 ▲ ADR-002"), (14, "■ NODE-002 +1"), (11, "■ NODE-002+"), (10, "■ NODE-002")],
)
def test_a_flag_is_whole_in_the_narrowest_column_of_findings(width: int, shown: str) -> None:
    assert flags_within("■ NODE-002 ▲ ADR-002", width) == shown
