"""A session takes events in small slices, and reports what they changed."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from dsview.checks.engine.check import Check, Problem, run_check
from dsview.checks.engine.context import Context
from dsview.checks.engine.policy import Exemption, Policy
from dsview.core.errors import UserError
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.service import Service
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Listed, ServerInfo, StatusChanged
from tests.bench import synthetic
from tests.support.scripted import ScriptedSource

DUAL = ServiceCIDR(name="kubernetes", cidrs=("10.96.0.0/16", "fd00:96::/112"))
WEB = Service(
    name="web",
    namespace="shop",
    labels={"team": "blue"},
    cluster_ip="10.96.0.7",
    cluster_ips=("10.96.0.7",),
    ip_families=("IPv4",),
    ip_family_policy="PreferDualStack",
)


def like_web(name: str, number: int, **fields: Any) -> Service:
    """A Service like WEB with its own address."""
    ips = (f"10.96.1.{number}",)
    return msgspec.structs.replace(WEB, name=name, cluster_ip=ips[0], cluster_ips=ips, **fields)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> ScriptedSource:
    return ScriptedSource()


@pytest.fixture
def session(source: ScriptedSource, clock: Clock) -> Iterator[Session]:
    session = Session(source, clock=clock)
    session.start()
    yield session
    session.stop()
    gc.unfreeze()


def drained(session: Session) -> Session:
    """Drain until nothing is left to do."""
    while True:
        session.drain(1.0)
        if not session.has_work:
            return session


def codes(session: Session) -> list[str]:
    return [finding.check for finding in session.findings.sorted()]


def test_a_session_settles_when_every_kind_is_known_or_known_to_be_unavailable(
    session: Session, source: ScriptedSource
) -> None:
    assert not drained(session).is_settled
    source.set_health()
    source.set_health(Kind.NODE, health=Health.REFUSED)
    source.set_health(Kind.ENDPOINTS, health=Health.LOADING)
    assert not drained(session).is_settled
    source.set_health(Kind.ENDPOINTS, health=Health.ABSENT)
    assert drained(session).is_settled


def test_a_finding_appears_and_goes_with_its_object(session: Session, source: ScriptedSource) -> None:
    source.put(Kind.SERVICE_CIDR, DUAL)
    source.put(Kind.SERVICE, WEB)
    source.set_health()
    assert codes(drained(session)) == ["DS-SVC-001"]
    assert session.counts() == {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 0}
    source.send(Changed(Kind.SERVICE, (), (WEB.key,)))
    delta = session.drain(1.0)
    assert {ref.name for ref in delta.findings} == {"web"}
    assert codes(session) == []


def test_what_needs_a_kind_that_is_refused_is_not_evaluated_and_the_reason_is_said(
    session: Session, source: ScriptedSource
) -> None:
    source.set_health()
    source.set_health(Kind.NODE, health=Health.REFUSED)
    source.set_health(Kind.IP_ADDRESS, health=Health.ABSENT)
    reasons = {item.check: item.reason for item in drained(session).not_evaluated()}
    assert reasons["DS-NODE-002"] == "nodes: not permitted"
    assert reasons["DS-CLU-005"] == "ipaddresses.networking.k8s.io: this cluster does not serve them"
    assert "evaluated for" in reasons["DS-API-001"]
    assert "DS-SVC-001" not in reasons


def test_a_new_condition_waits_for_its_grace_and_an_old_one_does_not(
    session: Session, source: ScriptedSource, clock: Clock
) -> None:
    pending = msgspec.structs.replace(WEB, name="lb", type="LoadBalancer", ip_family_policy="SingleStack")
    source.put(Kind.SERVICE, pending)
    source.set_health()
    # It held when dsview came: a one-shot run would say so too.
    assert codes(drained(session)) == ["DS-LB-004"]
    served = msgspec.structs.replace(pending, load_balancer_ingress=(LoadBalancerIngress(ip="192.0.2.1"),))
    source.put(Kind.SERVICE, served)
    assert codes(drained(session)) == []
    source.put(Kind.SERVICE, pending)
    assert codes(drained(session)) == []
    clock.now += 299
    assert codes(drained(session)) == []
    clock.now += 1
    assert codes(drained(session)) == ["DS-LB-004"]


@pytest.mark.parametrize("jump", [-86_400, -2, 7], ids=["a day back", "two seconds back", "seven seconds ahead"])
def test_a_clock_that_is_set_delays_no_finding_by_more_than_its_grace(
    session: Session, source: ScriptedSource, clock: Clock, jump: int
) -> None:
    pending = msgspec.structs.replace(WEB, name="lb", type="LoadBalancer", ip_family_policy="SingleStack")
    source.set_health()
    drained(session)
    source.put(Kind.SERVICE, pending)
    clock.now += 100
    assert codes(drained(session)) == []
    clock.now += jump
    drained(session)
    clock.now += 300
    assert codes(drained(session)) == ["DS-LB-004"]


def test_a_check_that_raised_is_said_not_to_be_evaluated_until_it_goes_well_again(
    session: Session, source: ScriptedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_on_web(check: Check, item: object, context: Context) -> list[Problem]:
        if check.code == "DS-SVC-001" and isinstance(item, Service) and item.labels.get("team") == "blue":
            raise RuntimeError("out of luck")
        return list(run_check(check, item, context))

    monkeypatch.setattr("dsview.checks.engine.engine.run_check", fail_on_web)
    source.put(Kind.SERVICE_CIDR, DUAL)
    source.put(Kind.SERVICE, WEB, like_web("other", 1, labels={"team": "blue"}), like_web("good", 2, labels={}))
    source.set_health()
    assert codes(drained(session)) == ["DS-SVC-001"]

    def reasons() -> list[str]:
        return [entry.reason for entry in session.not_evaluated() if entry.check == "DS-SVC-001"]

    assert len(reasons()) == 1
    assert "out of luck" in reasons()[0]
    source.put(Kind.SERVICE, like_web("web", 0, labels={}))
    drained(session)
    assert "other" in reasons()[0]
    source.send(Changed(Kind.SERVICE, (), (("shop", "other"),)))
    drained(session)
    assert reasons() == []
    assert codes(session) == ["DS-SVC-001", "DS-SVC-001"]


def test_a_change_of_the_profile_concerns_everything(session: Session, source: ScriptedSource) -> None:
    source.put(Kind.SERVICE_CIDR, msgspec.structs.replace(DUAL, cidrs=("10.96.0.0/16",)))
    source.put(Kind.SERVICE, WEB)
    source.set_health()
    assert codes(drained(session)) == []
    source.put(Kind.SERVICE_CIDR, DUAL)
    delta = session.drain(1.0)
    assert delta.profile
    assert delta.everything
    assert codes(session) == ["DS-SVC-001"]
    source.send(ServerInfo(version="v1.36.0"))
    assert session.drain(1.0).profile
    assert not session.drain(1.0)


def test_a_relist_takes_away_what_is_gone(session: Session, source: ScriptedSource) -> None:
    source.put(Kind.SERVICE_CIDR, DUAL)
    source.put(Kind.SERVICE, WEB, like_web("other", 1))
    source.set_health()
    assert len(codes(drained(session))) == 2
    source.send(Listed(Kind.SERVICE, frozenset({WEB.key})))
    assert [finding.object.name for finding in drained(session).findings] == ["web"]


def test_exempted_findings_are_counted_and_not_shown(source: ScriptedSource, clock: Clock) -> None:
    exemption = Exemption(checks=("DS-SVC-*",), namespace="sh*", labels=(("team", "blue"),))
    session = Session(source, clock=clock, policy=Policy(exemptions=(exemption,)))
    session.start()
    source.put(Kind.SERVICE_CIDR, DUAL)
    source.put(Kind.SERVICE, WEB, like_web("red", 1, labels={}))
    source.put(Kind.SERVICE, like_web("noted", 2, labels={}, ignore="DS-SVC-001 on purpose"))
    source.set_health()
    assert [finding.object.name for finding in drained(session).findings] == ["red"]
    assert [finding.object.name for finding in session.exempted_findings] == ["noted", "web"]
    source.put(Kind.SERVICE, msgspec.structs.replace(WEB, labels={}))
    assert [finding.object.name for finding in drained(session).findings] == ["red", "web"]
    session.stop()
    assert source.is_stopped


def test_the_severity_of_the_house_is_shown_and_an_ignored_check_is_not_asked(
    source: ScriptedSource, clock: Clock
) -> None:
    session = Session(
        source, clock=clock, policy=Policy(severities={"DS-SVC-001": Severity.ERROR}, ignore=("DS-SVC-004",))
    )
    session.start()
    source.put(Kind.SERVICE_CIDR, DUAL)
    source.put(Kind.SERVICE, msgspec.structs.replace(WEB, cluster_ip="10.9.0.1", cluster_ips=("10.9.0.1",)))
    source.set_health()
    source.set_health(Kind.SERVICE_CIDR, health=Health.STALE)
    assert [(f.check, f.severity) for f in drained(session).findings] == [("DS-SVC-001", Severity.ERROR)]
    assert "DS-SVC-004" not in {item.check for item in session.not_evaluated()}
    session.stop()


def test_waiting_ends_when_something_arrives(session: Session, source: ScriptedSource) -> None:
    source.set_health(Kind.POD)
    started = time.perf_counter()
    session.wait(30)
    assert time.perf_counter() - started < 5


def test_objects_can_be_read_before_their_kind_is_known_and_nothing_is_said_of_them(
    session: Session, source: ScriptedSource
) -> None:
    source.put(Kind.SERVICE_CIDR, DUAL)
    source.put(Kind.SERVICE, WEB)
    source.set_health(Kind.SERVICE_CIDR)
    assert codes(drained(session)) == []
    assert list(session.state.services) == [WEB]
    with pytest.raises(UserError):
        session.read_manifest(Kind.SERVICE, WEB.key)


def test_draining_much_goes_on_in_slices_until_all_is_evaluated(session: Session, source: ScriptedSource) -> None:
    size = synthetic.size_of(6_000)
    for event in synthetic.events(size):
        if not (isinstance(event, StatusChanged) and event.kind is Kind.PROXY_LISTENERS):
            source.send(event)
    slices = 0
    while session.has_work:
        session.drain(0.002)
        slices += 1
    assert slices > 10
    assert len(session.state.pods) == size.pods
    assert session.is_settled
    assert {finding.check for finding in session.findings} == {"DS-SVC-002"}


def test_what_a_session_kept_is_free_again_when_the_next_one_is_settled(source: ScriptedSource) -> None:
    gc.unfreeze()
    first = Session(source)
    first.start()
    source.set_health()
    assert drained(first).is_settled
    kept = weakref.ref(first)
    first.stop()
    loop: list[object] = [first]
    loop.append(loop)
    del first, loop
    next_source = ScriptedSource()
    second = Session(next_source)
    second.replaces_session = True
    second.start()
    assert kept() is not None
    next_source.set_health()
    assert drained(second).is_settled
    assert kept() is None
    second.stop()
    gc.unfreeze()
