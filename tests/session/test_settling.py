"""What is not judged for a while: after a node was down nothing is called cured, and nobody says that all is well."""

from __future__ import annotations

import pytest

from dsview.analysis.overview import overview_now
from dsview.analysis.timeline_entry import Turn
from dsview.core.finding import ObjectRef, Severity
from dsview.session.session import Session
from dsview.sources.demo.source import DemoSource

START = 1_800_000_000.0
CHECKOUT = ObjectRef("Service", "shop", "checkout")
METRICS = ObjectRef("Service", "monitoring", "metrics-server")


class Story:
    """The story of the troubled demo, told as fast as a test likes. In it worker-b is down from 56 s to 76 s."""

    def __init__(self) -> None:
        self.now = START
        self.source = DemoSource("troubled", clock=lambda: self.now, waits=True)
        self.session = Session(self.source, clock=lambda: self.now)
        self.session.start()
        self.settle()

    def settle(self) -> None:
        """Take in everything, the configuration files of new proxies included."""

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

    def turns(self, check: str, ref: ObjectRef) -> list[Turn]:
        """How a finding came and went."""
        return [e.turn for e in self.session.timeline.entries if (e.check, e.ref) == (check, ref)]

    @property
    def headline(self) -> str:
        """The verdict."""
        return overview_now(self.session).verdict


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_finding_that_a_flap_of_a_node_hides_is_not_cured_and_comes_back_as_the_same(story: Story) -> None:
    story.go_to(77)
    assert not [f for f in story.session.book.of(CHECKOUT) if f.check == "DS-EPS-002"]
    (pending,) = story.session.settling.of(CHECKOUT)
    assert (pending.finding.check, pending.was_open, pending.until) == ("DS-EPS-002", True, START + 76 + 120)
    assert story.turns("DS-EPS-002", CHECKOUT) == [Turn.SETTLING]
    story.go_to(197)
    assert [f.check for f in story.session.book.of(CHECKOUT)] == ["DS-EPS-002"], "its grace period is not begun anew"
    assert not story.session.settling.of(CHECKOUT)
    assert story.turns("DS-EPS-002", CHECKOUT) == [Turn.SETTLING, Turn.STILL]


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
    assert story.turns("DS-NGX-003", service) == [Turn.SETTLING, Turn.CLOSED]
