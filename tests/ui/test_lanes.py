"""Both lanes, the name and the findings are visible in each pane, whatever its width and the chosen columns."""

from __future__ import annotations

import msgspec
import pytest

from dsview.core.text import safe
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.tables.cells import Row
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from dsview.ui.columns import ColumnSizer

ALWAYS = {
    "services": {"name", "cluster_ip_v4", "ready_v4", "cluster_ip_v6", "ready_v6", "flags"},
    "pods": {"name", "pod_ip_v4", "pod_ip_v6", "flags"},
    "nodes": {"name", "internal_ip_v4", "internal_ip_v6", "flags"},
    "listeners": {"pod", "listen_v4", "listen_v6", "flags"},
}
"""The columns that matter, by pane."""

WIDTHS = range(76, 251)
"""Cells inside the borders of a pane, from a terminal of 80 columns on."""

LONG = {"namespace": "n" * 63, "name": "x" * 63, "pod": "x" * 63, "node": "y" * 63}
ADDRESS = "2001:db8:1234:5678:9abc:def0:1234:5678"


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session(DemoSource("troubled"))
    made.start()
    while made.has_work:
        made.drain(1.0)
    made.stop()
    return made


def stretched(row: Row, pane_id: str) -> Row:
    """The row with names of 63 characters and addresses that cannot be shortened."""
    cells = []
    for column, cell in zip(PANES[pane_id].columns, row.cells, strict=True):
        text = LONG.get(column.id, ADDRESS if column.lane == "IPv6" and "ready" not in column.id else cell.text)
        cells.append(msgspec.structs.replace(cell, text=safe(text)))
    return msgspec.structs.replace(row, cells=tuple(cells))


def test_ipv4_addresses_and_ranges_are_whole_before_anything_else_grows(session: Session) -> None:
    pane = PANES["nodes"]
    view = TableView(pane, session)
    sizer = ColumnSizer(pane.columns)
    sizer.measure(view.row(index) for index in range(len(view)))
    for width in WIDTHS:
        layout = sizer.layout(width)
        for column_id, widest in (("internal_ip_v4", "10.20.0.10"), ("pod_cidr_v4", "10.244.0.0/24")):
            placed = layout.find(column_id)
            assert placed is None or placed.width >= len(widest), f"{column_id} at {width} columns"


@pytest.mark.parametrize("is_long", [False, True], ids=["demo", "long names"])
@pytest.mark.parametrize("is_chosen", [False, True], ids=["as they come", "all chosen"])
@pytest.mark.parametrize("pane_id", PANES)
def test_both_lanes_and_the_findings_are_in_sight_at_every_width(
    session: Session, pane_id: str, is_chosen: bool, is_long: bool
) -> None:
    pane = PANES[pane_id]
    view = TableView(pane, session)
    rows = [view.row(index) for index in range(len(view))]
    assert rows
    ids = [column.id for column in pane.columns]
    sizer = ColumnSizer(pane.columns, ids if is_chosen else ())
    sizer.measure([stretched(row, pane_id) for row in rows] if is_long else rows)
    for width in WIDTHS:
        layout = sizer.layout(width)
        assert layout.width <= width, f"{width} columns"
        assert {placed.column.id for placed in layout.placed} >= ALWAYS[pane_id], f"{width} columns"
        assert {placed.column.id for placed in layout.placed} | {column.id for column in layout.hidden} == set(ids)


@pytest.mark.parametrize("is_long", [False, True], ids=["demo", "long names"])
@pytest.mark.parametrize("pane_id", PANES)
def test_they_stay_in_sight_while_all_columns_are_shown(session: Session, pane_id: str, is_long: bool) -> None:
    pane = PANES[pane_id]
    view = TableView(pane, session)
    rows = [view.row(index) for index in range(len(view))]
    sizer = ColumnSizer(pane.columns)
    sizer.measure([stretched(row, pane_id) for row in rows] if is_long else rows)
    for width in WIDTHS:
        layout = sizer.layout(width, all_columns=True)
        assert not layout.hidden
        for placed in layout.placed:
            stays = placed.end <= (layout.fixed if layout.width > width else width)
            assert stays or placed.column.priority, f"{placed.column.id} at {width} columns"
