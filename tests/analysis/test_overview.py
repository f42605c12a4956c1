"""The overview: what it says about a cluster, and what it never says before everything was read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dsview.analysis.cause_summary import CauseSummarizer
from dsview.analysis.overview import Overview, overview, overview_now
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.policy import Policy
from dsview.checks.engine.registry import registry
from dsview.core.address import Family
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.events import Changed, Health, Listed, SourceEvent, StatusChanged
from tests.support.clusters import RECORDINGS, SCENARIOS, from_path, settle
from tests.support.scripted import ScriptedSource
from tests.ui.stage import NOW, kind_of, troubled_shop


def demo(name: str) -> Overview:
    """The overview of a demo at its beginning."""
    return overview_now(settle(Session(DemoSource(name, clock=lambda: NOW), clock=lambda: NOW)))


def scenario(number: str) -> Overview:
    """The overview of a scenario."""
    return overview_now(from_path(next(path for path in SCENARIOS if path.name.startswith(number))))


def counts(found: Overview, name: LayerName) -> tuple[int, int, int, int]:
    """IPv4 and IPv6 of a layer, each with its total."""
    layer = next(layer for layer in found.layers if layer.name is name)
    assert layer.v4 is not None
    assert layer.v6 is not None
    return (layer.v4.having, layer.v4.of, layer.v6.having, layer.v6.of)


def shop(*statuses: tuple[Kind, Health]) -> Session:
    """The troubled shop, with some kinds that are not live."""
    source = ScriptedSource()
    session = Session(source, clock=lambda: NOW)
    session.start()
    changed = dict(statuses)
    items = troubled_shop()
    events: list[SourceEvent] = []
    for kind in RESOURCES:
        health = changed.get(kind, Health.LIVE)
        if health.is_complete:
            events += [Changed(kind, [item for item in items if kind_of(item) is kind]), Listed(kind)]
        events.append(StatusChanged(kind=kind, health=health, since=NOW))
    for event in events:
        source.send(event)
    while session.has_work:
        session.drain(1.0)
    return session


def test_a_troubled_cluster_is_summed_up_in_a_sentence() -> None:
    found = demo("troubled")
    assert found.verdict == (
        "Dual-stack, IPv4 first (nodes differ). "
        "1 of 15 Services does not work over IPv6: shop/web; 4 only in part; 1 likely fails: edge/storefront-istio. "
        "1 of 19 Services works only in part over IPv4: monitoring/grafana. 4 have IPv4 only."
    )
    assert found.severity is Severity.ERROR
    assert found.is_complete


def test_what_likely_fails_is_said_to_be_likely_and_counted_with_nothing_else() -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    summary = CauseSummarizer(session)
    summary.finish()
    totals = summary.totals
    assert totals.likely == {"IPv6": 1}
    assert [ref.name for ref in totals.named_likely["IPv6"]] == ["storefront-istio"]
    assert (totals.failing["IPv6"], totals.partial["IPv6"]) == (1, 4)
    alone = overview(session, msgspec.structs.replace(totals, failing={}, partial={}))
    assert "1 of 15 Services likely fails over IPv6: edge/storefront-istio." in alone.sentences
    part = overview(session, msgspec.structs.replace(totals, failing={}))
    assert "4 of 15 Services work only in part over IPv6" in part.verdict
    assert "; 1 likely fails: edge/storefront-istio." in part.verdict
    assert part.is_degraded


def test_each_layer_counts_what_has_a_family_of_what_could_have_it() -> None:
    found = demo("troubled")
    assert {layer.name: counts(found, layer.name) for layer in found.layers} == {
        LayerName.NODES: (4, 4, 4, 4),
        LayerName.PODS: (55, 55, 48, 55),
        LayerName.SERVICES: (19, 19, 15, 19),
        LayerName.ENDPOINTS: (19, 19, 14, 15),
        LayerName.LOAD_BALANCERS: (4, 5, 2, 4),
        LayerName.LISTENERS: (14, 14, 9, 14),
    }


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("02", "None of 4 Services is flagged as failing."),
        ("03", "1 of 1 Service does not work over IPv6: shop/web."),
        ("04", "1 of 1 Service works only in part over IPv6: shop/web."),
        ("09", "1 of 2 Services does not work over IPv6: ingress-nginx/ingress-nginx-controller."),
        ("12", "1 of 1 Service works only in part over IPv6: shop/web."),
    ],
)
def test_a_service_fails_in_part_where_some_of_it_still_serves(number: str, sentence: str) -> None:
    assert sentence in scenario(number).sentences


def test_what_is_not_flagged_is_never_said_to_be_reachable() -> None:
    for found in (demo("healthy"), scenario("15")):
        assert found.verdict.endswith("dsview sends no packets to test it.")
        assert not {"works", "reachable", "fine"} & set(found.verdict.lower().split())


def test_a_verdict_is_whole_without_the_check_that_has_to_be_asked_for() -> None:
    session = shop((Kind.ENDPOINTS, Health.NOT_GIVEN))
    assert [entry.check for entry in session.not_evaluated()] == ["DS-EPS-006"]
    assert overview_now(session).is_complete


def test_checks_that_were_not_asked_speak_for_nothing() -> None:
    policy = Policy(select=("DS-NGX-*", "DS-SVC-001"))
    source = DemoSource("healthy", clock=lambda: NOW)
    found = overview_now(settle(Session(source, policy=policy, clock=lambda: NOW)))
    assert found.severity is None
    assert not found.is_complete
    assert "None of 7 Services is flagged as failing." in found.verdict
    assert f"{len(registry()) - 12} checks were skipped." in found.verdict


def test_nothing_speaks_against_a_cluster_only_when_every_check_was_evaluated() -> None:
    found = scenario("15")
    assert found.severity is None
    assert "None of 3 Services is flagged as failing." in found.sentences
    assert "9 checks could not be evaluated." in found.sentences
    assert not found.is_complete


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (Health.REFUSED, "Unread: Pods (not permitted)."),
        (Health.FAILED, "Unread: Pods (failed)."),
        (Health.LOADING, "Still reading: Pods."),
    ],
)
def test_what_was_not_read_is_said_and_counted_by_nobody(health: Health, words: str) -> None:
    session = shop((Kind.POD, health))
    found = overview_now(session)
    assert words in found.sentences
    layer = next(layer for layer in found.layers if layer.name is LayerName.PODS)
    assert layer.unread
    assert layer.v4 is None
    assert not found.is_complete


def test_nothing_is_said_of_failing_services_before_everything_was_read() -> None:
    session = shop((Kind.NETWORK_POLICY, Health.LOADING), (Kind.POD, Health.LOADING))
    found = overview_now(session)
    assert not any("flagged" in sentence or "speaks" in sentence for sentence in found.sentences)
    assert any(sentence.startswith("Still reading") for sentence in found.sentences)


def test_a_verdict_on_what_was_last_known_says_so() -> None:
    assert "Pods: as last known." in overview_now(shop((Kind.POD, Health.STALE))).sentences


def test_the_worst_cause_comes_first_with_what_it_explains() -> None:
    found = demo("troubled")
    severities = [cause.severity.rank for cause in found.worst]
    assert severities == sorted(severities)
    assert (found.worst[0].check, found.worst[0].amount) == ("DS-POD-001", "4 Pods")
    assert found.worst[0].target is not None
    assert found.worst[0].target[0] is Kind.POD
    ngx = next(cause for cause in found.worst if cause.check == "DS-NGX-001")
    assert (ngx.explains, ngx.services) == (2, 1)
    assert found.causes == 12, "four Pods of one Deployment are one cause"


def test_counting_in_slices_comes_to_the_same_as_counting_at_once() -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    summarizer = CauseSummarizer(session)
    ticks = iter(range(10_000))
    slices = 0
    while summarizer.has_work:
        summarizer.work(0.5, clock=lambda: float(next(ticks)))
        slices += 1
    at_once = CauseSummarizer(session)
    at_once.work(float("inf"))
    assert summarizer.totals == at_once.totals
    assert overview(session, summarizer.totals) == overview_now(session)


@pytest.mark.parametrize("path", sorted(RECORDINGS.iterdir()), ids=lambda path: path.name)
def test_a_verdict_is_harmless_text(path: Path) -> None:
    found = overview_now(from_path(path))
    assert safe(found.verdict) == found.verdict


def error(check: str, family: Family | None) -> Finding:
    """An error of the Service `shop/web`."""
    return Finding(
        check=check,
        severity=Severity.ERROR,
        object=ObjectRef("Service", "shop", "web"),
        family=family,
        message="It is wrong.",
    )


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (error("DS-SVC-005", "IPv6"), "1 of 3 Services does not work over IPv6: shop/api; 1 only in part."),
        (error("DS-SVC-003", "IPv6"), "2 of 3 Services do not work over IPv6: shop/api, shop/web."),
        (error("DS-SVC-005", "IPv4"), "1 of 4 Services works only in part over IPv4: shop/web."),
        (error("DS-API-001", None), "1 of 3 Services does not work over IPv6: shop/api; 1 only in part."),
        (error("DS-LB-005", "IPv6"), "1 of 3 Services does not work over IPv6: shop/api; 1 only in part."),
    ],
)
def test_every_error_of_a_service_speaks_against_it(finding: Finding, sentence: str) -> None:
    session = shop()
    session.findings.replace(("Service", "shop", "web"), (finding,))
    found = overview_now(session)
    assert sentence in found.sentences
    assert not any("flagged as failing" in each for each in found.sentences)


def test_nothing_is_said_of_services_before_the_findings_were_counted() -> None:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))
    before = overview(session, CauseSummarizer(session).totals)
    assert not any("Service" in sentence for sentence in before.sentences)
    assert any("Service" in sentence for sentence in overview_now(session).sentences)
