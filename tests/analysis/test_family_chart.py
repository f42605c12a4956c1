"""Families gained and lost over time: where the marks are, and when a family was missing."""

from __future__ import annotations

from pathlib import Path

from dsview.analysis.family_chart import Mark, chart_of_families, chart_of_objects, whole_chart
from dsview.analysis.timeline_entry import Category, Entry, EntryType
from dsview.checks.engine.check import LayerName
from dsview.core.address import Family
from dsview.core.finding import ObjectRef
from dsview.core.text import Safe
from dsview.export.formats import FORMATS, Extras
from dsview.export.report import build_report
from tests.analysis.test_timeline import Shop
from tests.ui.stage import pod, slices

WEB = ObjectRef("Service", "shop", "web")
API = ObjectRef("Service", "shop", "api")
SIGNS = {Mark.NOTHING: "-", Mark.GAINED: "+", Mark.LOST: "!", Mark.BOTH: "x", Mark.LACKS: " "}
SPAN = (100.0, 200.0)


def swing(
    at: float, change: EntryType, *families: Family, ref: ObjectRef = WEB, layer: LayerName = LayerName.ENDPOINTS
) -> Entry:
    return Entry(at=at, category=Category.FAMILY, type=change, text=Safe(""), ref=ref, families=families, layer=layer)


def drawn(marks: tuple[Mark, ...]) -> str:
    return "".join(SIGNS[mark] for mark in marks)


def test_each_family_has_a_line_of_its_gains_and_losses() -> None:
    entries = [
        swing(105, EntryType.LOST, "IPv6"),
        swing(130, EntryType.GAINED, "IPv6", "IPv4"),
        swing(155, EntryType.LOST, "IPv6"),
        swing(159, EntryType.GAINED, "IPv6", ref=API),
        swing(200, EntryType.LOST, "IPv4"),
    ]
    lines = chart_of_families(entries, SPAN, 10)
    assert {line.family: drawn(line.marks) for line in lines} == {"IPv4": "---+-----!", "IPv6": "!--+-x----"}
    assert [(line.gained, line.lost) for line in lines] == [(1, 1), (2, 2)]


def test_the_time_without_a_family_is_a_gap_in_the_line_of_its_object() -> None:
    entries = [
        swing(120, EntryType.LOST, "IPv6"),
        swing(150, EntryType.GAINED, "IPv6"),
        swing(140, EntryType.GAINED, "IPv6", ref=API, layer=LayerName.SERVICES),
        swing(170, EntryType.LOST, "IPv4", ref=API, layer=LayerName.LOAD_BALANCERS),
    ]
    lines = chart_of_objects(entries, SPAN, 10)
    assert [(str(line.ref), line.layer, line.family, drawn(line.marks)) for line in lines] == [
        ("Service shop/api", LayerName.SERVICES, "IPv6", "    +-----"),
        ("Service shop/api", LayerName.LOAD_BALANCERS, "IPv4", "-------!  "),
        ("Service shop/web", LayerName.ENDPOINTS, "IPv6", "--!  +----"),
    ]


def test_a_time_of_no_length_has_its_marks_at_one_place() -> None:
    (_, line) = chart_of_families([swing(100, EntryType.LOST, "IPv6")], (100.0, 100.0), 5)
    assert drawn(line.marks) == "!----"


def test_the_entries_of_the_timeline_say_which_family_in_which_layer() -> None:
    shop = Shop()
    pods = [pod(f"web-{n}", n) for n in range(3)]
    shop.put(*slices("web", pods, families="4"))
    shop.put(*slices("web", [], families="6"))
    entry = shop.session.timeline.family_entries()[-1]
    assert (entry.type, entry.families, entry.layer) == (EntryType.LOST, ("IPv6",), LayerName.ENDPOINTS)
    first, last = shop.session.timeline.span(shop.now)
    assert first < entry.at <= last
    assert [line.ref for line in whole_chart(shop.session, (first, last), 10)] == [None, None, WEB]


def test_the_page_shows_the_lines_and_leaves_them_out_where_nothing_changed(tmp_path: Path) -> None:
    shop = Shop()
    span = (100.0, 200.0)
    lines = (
        *chart_of_families([swing(150, EntryType.LOST, "IPv6")], span, 10),
        *chart_of_objects([swing(150, EntryType.LOST, "IPv6")], span, 10),
    )
    report = build_report(shop.session)
    page = FORMATS["html"](report, Extras(made_at=0.0, chart=lambda: lines, span=span))
    assert "Families over time" in page
    assert "Service shop/web, Endpoints" in page
    assert '<span class="lost">↓</span>' in page
    assert "Families over time" not in FORMATS["html"](report, Extras(made_at=0.0))
