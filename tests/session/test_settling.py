"""What is not judged for a while: after a node was down, nothing counts as fixed, and the verdict says so."""

from __future__ import annotations

import msgspec
import pytest
from textual.style import Style

from dsview.analysis.overview import overview_now
from dsview.analysis.timeline_entry import EntryType
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.demo.source import DemoSource
from dsview.sources.events import Changed, Health, Listed, StatusChanged
from dsview.tables.cells import Cell, Column, Row, Tone
from dsview.tables.detail import detail
from dsview.tables.registry import PANES
from dsview.ui.columns import ColumnSizer
from dsview.ui.glyphs import UNICODE
from dsview.ui.paint import Painter
from dsview.ui.screens.detail import findings_blocks
from tests.support.scripted import ScriptedSource
from tests.ui.stage import NOW, kind_of, pod, service, slices, troubled_shop

START = 1_800_000_000.0
CHECKOUT = ObjectRef("Service", "shop", "checkout")
METRICS = ObjectRef("Service", "monitoring", "metrics-server")


class Story:
    """The story of the troubled demo at any speed. In it, worker-b is down from 56 s to 76 s."""

    def __init__(self) -> None:
        self.now = START
        self.source = DemoSource("troubled", clock=lambda: self.now, waits=True)
        self.session = Session(self.source, clock=lambda: self.now)
        self.session.start()
        self.settle()

    def settle(self) -> None:
        """Drain everything, including the configuration files of new proxies."""

        self.session.drain(1.0)
        while not self.session.is_settled:
            self.session.wait(0.01)
            self.session.drain(1.0)
        self.session.drain(1.0)

    def go_to(self, second: int) -> None:
        """Let time pass, second by second."""
        while self.now < START + second:
            self.now += 1
            self.source.advance_to(self.now - START)
            self.settle()

    def turns(self, check: str, ref: ObjectRef) -> list[EntryType]:
        """How a finding appeared and disappeared."""
        return [e.type for e in self.session.timeline.entries if (e.check, e.ref) == (check, ref)]

    @property
    def headline(self) -> str:
        """The verdict."""
        return overview_now(self.session).verdict


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_finding_that_a_flap_of_a_node_hides_is_not_cured_and_comes_back_as_the_same(story: Story) -> None:
    story.go_to(77)
    assert not [f for f in story.session.findings.of(CHECKOUT) if f.check == "DS-EPS-002"]
    (pending,) = story.session.settling.of(CHECKOUT)
    assert (pending.finding.check, pending.was_open, pending.until) == ("DS-EPS-002", True, START + 76 + 120)
    assert story.turns("DS-EPS-002", CHECKOUT) == [EntryType.SETTLING]
    story.go_to(197)
    assert [f.check for f in story.session.findings.of(CHECKOUT)] == ["DS-EPS-002"], (
        "its grace period is not begun anew"
    )
    assert not story.session.settling.of(CHECKOUT)
    assert story.turns("DS-EPS-002", CHECKOUT) == [EntryType.SETTLING, EntryType.STILL]


def test_the_headline_says_what_is_not_judged_and_until_when(story: Story) -> None:
    story.go_to(57)
    assert "monitoring/metrics-server are not judged until 08:01:56." in story.headline
    story.go_to(100)
    assert "None of" not in story.headline
    assert "Settling: 3 Services are not judged until 08:03:16." in story.headline
    assert not overview_now(story.session).is_settled


def test_a_condition_within_its_grace_period_is_pending_and_no_finding(story: Story) -> None:
    story.go_to(57)
    (pending,) = story.session.settling.of(METRICS)
    assert (pending.finding.check, pending.finding.severity) == ("DS-EPS-008", Severity.NOTE)
    assert not pending.was_open
    assert story.session.findings_of("Service", "monitoring", "metrics-server") == ()
    story.go_to(77)
    assert not story.session.settling.of(METRICS), "the node is back, and the condition with it gone"
    assert story.turns("DS-EPS-008", METRICS) == []


def test_what_is_cured_is_entered_as_soon_as_its_pod_is_ready_again(story: Story) -> None:
    service = ObjectRef("Service", "ingress-nginx", "ingress-nginx-controller")
    story.go_to(33)
    (pending,) = story.session.settling.of(service)
    assert pending.waits_for is not None
    assert f"not judged while {pending.waits_for} is not ready." in story.headline
    story.go_to(37)
    assert not story.session.settling.of(service)
    assert story.turns("DS-NGX-003", service) == [EntryType.SETTLING, EntryType.CLOSED]


class NewShop:
    """A dual-stack cluster with a new Service whose pods lack IPv6, and with a pod that just started."""

    def __init__(self) -> None:
        self.now = NOW
        self.source = ScriptedSource()
        self.session = Session(self.source, clock=lambda: self.now)
        self.session.start()
        new = {"created": int(NOW), "start_time": int(NOW), "ready_since": int(NOW)}
        pods = [msgspec.structs.replace(pod("new-0", 30, app="new", families="4"), **new)]
        objects = [
            *troubled_shop(),
            msgspec.structs.replace(service("new", 50), created=int(NOW)),
            *pods,
            *slices("new", pods),
        ]
        for kind in RESOURCES:
            self.source.send(Changed(kind, [item for item in objects if kind_of(item) is kind]), Listed(kind))
            self.source.send(StatusChanged(kind=kind, health=Health.LIVE, since=NOW))
        self.pass_time(0)

    def pass_time(self, seconds: int) -> None:
        """Let time pass, and evaluate what is due."""
        self.now += seconds
        for _ in range(50):
            self.session.drain(0.1)
            if self.session.is_settled:
                break
        self.session.drain(0.1)

    def remark(self, pane: str, key: Key) -> Cell:
        """The cell of findings of a row."""
        row = PANES[pane].row(self.session, key)
        assert row is not None
        return row.cells[-1]


def test_what_is_too_new_to_be_judged_says_so_in_row_detail_and_headline() -> None:
    shop = NewShop()
    for pane, kind, key in (
        ("services", Kind.SERVICE, ("shop", "new")),
        ("pods", Kind.POD, ("shop", "new-0")),
    ):
        found = shop.remark(pane, key)
        assert (found.text[:15], found.value, found.tone) == ("settling until ", "settling", Tone.REMARK)
        assert found.exported == "", "it is no finding"
        seen = detail(shop.session, (kind, key))
        assert seen is not None
        assert seen.settles.startswith("until ")
        shown = "\n".join(line.plain for block in findings_blocks(seen, UNICODE, {}) for line in block.lines(80))
        assert "settling not judged until" in shown
        assert "No findings" not in shown
    told = overview_now(shop.session)
    assert "Settling: shop/new is not judged until" in told.verdict
    assert not told.is_settled
    assert not shop.remark("services", ("shop", "web")).text.startswith("settling")


def test_what_was_too_new_is_judged_when_it_is_not_and_settles_no_longer() -> None:
    shop = NewShop()
    shop.pass_time(300)
    shop.pass_time(300)
    assert "EPS-001" in shop.remark("services", ("shop", "new")).text
    assert "POD-001" in shop.remark("pods", ("shop", "new-0")).text
    assert "Settling" not in overview_now(shop.session).verdict
    assert not shop.session.settling.subjects()


def test_a_deleted_object_settles_no_longer() -> None:
    shop = NewShop()
    shop.source.send(Changed(Kind.SERVICE, [], [("shop", "new")]), Changed(Kind.POD, [], [("shop", "new-0")]))
    shop.pass_time(1)
    assert not shop.session.settling.subjects()
    assert "Settling" not in overview_now(shop.session).verdict


@pytest.mark.parametrize("width", [10, 16, 22, 23, 24, 40])
def test_a_time_that_does_not_fit_is_left_out(width: int) -> None:
    columns = (Column(id="flags", title="Findings", help="", width=10, max_width=width),)
    row = Row(("", "web"), (Cell(safe("settling until 07:03:22"), Tone.REMARK, value=safe("settling")),))
    sizer = ColumnSizer(columns)
    sizer.measure([row])
    line = Painter(Style(), lambda _: Style(), UNICODE).row(row, sizer.layout(width + 3)).text.strip()
    assert line == ("settling until 07:03:22" if width >= 23 else "settling")
