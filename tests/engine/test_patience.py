"""While a cluster loads, objects wait for the kinds that their checks read: briefly at first, then for longer."""

from __future__ import annotations

import math

import msgspec

from dsview.checks.engine.engine import Engine
from dsview.checks.engine.load_rounds import FIRST_ROUND_AFTER, NEXT_ROUND_AFTER
from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.sources.events import Changed, Health, Progress, StatusChanged


def known(engine: Engine, *kinds: Kind) -> None:
    for kind in kinds:
        engine.state.apply(StatusChanged(kind=kind, health=Health.LIVE))
    engine.note_statuses()


def test_what_was_evaluated_with_what_was_known_waits_longer_for_the_next_kind() -> None:
    engine = Engine(ClusterState(), live=True)
    known(engine, Kind.SERVICE)
    engine.step(0.0)
    assert engine.next_due() == FIRST_ROUND_AFTER
    engine.step(FIRST_ROUND_AFTER)
    known(engine, Kind.POD, Kind.ENDPOINT_SLICE)
    engine.step(100.0)
    assert engine.next_due() == 100.0 + FIRST_ROUND_AFTER, "pods wait for the first time"
    engine.step(100.0 + FIRST_ROUND_AFTER)
    assert engine.next_due() == 100.0 + NEXT_ROUND_AFTER, "Services wait again"


def test_what_pours_in_is_asked_in_rounds() -> None:
    state = ClusterState()
    engine = Engine(state, live=False)
    known(engine, *(kind for kind in Kind if kind is not Kind.SERVICE))

    def arrives(name: str, loaded: int) -> None:
        state.apply(Progress(kind=Kind.SERVICE, loaded=loaded))
        engine.note(state.apply(Changed(Kind.POD, [_odd_pod(name)])))

    def flagged() -> set[str]:
        return {finding.object.name for finding in engine.findings.sorted()}

    engine.step(0.0)
    arrives("first", 1)
    engine.step(1.0)
    assert flagged() == set(), "pods wait for Services"
    engine.step(FIRST_ROUND_AFTER)
    assert flagged() == {"first"}
    arrives("second", 2)
    engine.step(FIRST_ROUND_AFTER + 1)
    assert flagged() == {"first"}, "the next round is not due"
    engine.step(FIRST_ROUND_AFTER + NEXT_ROUND_AFTER)
    assert flagged() == {"first", "second"}
    arrives("third", 2)
    engine.step(FIRST_ROUND_AFTER + 2 * NEXT_ROUND_AFTER)
    arrives("fourth", 2)
    engine.step(FIRST_ROUND_AFTER + 2 * NEXT_ROUND_AFTER + 1)
    assert flagged() == {"first", "second", "third", "fourth"}, "a list that stands still holds up nothing"


def test_what_was_asked_in_a_round_is_asked_at_once_when_it_changes() -> None:
    state = ClusterState()
    engine = Engine(state, live=False)
    known(engine, *(kind for kind in Kind if kind is not Kind.SERVICE))
    state.apply(Progress(kind=Kind.SERVICE, loaded=1))
    engine.note(state.apply(Changed(Kind.POD, [_odd_pod("first")])))
    engine.step(0.0)
    engine.step(FIRST_ROUND_AFTER)
    assert len(engine.findings) == 1
    engine.note(state.apply(Changed(Kind.POD, [msgspec.structs.replace(_odd_pod("first"), pod_ip="10.0.0.1")])))
    engine.step(FIRST_ROUND_AFTER + 1)
    assert len(engine.findings) == 0


def test_where_nobody_looks_nothing_is_evaluated_before_all_is_known() -> None:
    state = ClusterState()
    engine = Engine(state, live=False)
    engine.rounds.waits_for_all = True
    known(engine, *(kind for kind in Kind if kind is not Kind.SERVICE))
    engine.note(state.apply(Changed(Kind.POD, [_odd_pod("odd")])))
    engine.step(0.0)
    engine.step(10 * NEXT_ROUND_AFTER)
    assert len(engine.findings) == 0
    assert engine.next_due() == math.inf
    known(engine, Kind.SERVICE)
    engine.step(10 * NEXT_ROUND_AFTER)
    assert len(engine.findings) == 1


def test_nothing_waits_once_every_kind_is_settled() -> None:
    engine = Engine(ClusterState(), live=True)
    known(engine, Kind.SERVICE)
    engine.step(0.0)
    engine.step(FIRST_ROUND_AFTER)
    known(engine, *Kind)
    engine.step(FIRST_ROUND_AFTER + 1)
    assert engine.next_due() == float("inf")


def _odd_pod(name: str) -> Pod:
    return Pod(name=name, namespace="shop", phase="Running", pod_ips=("10.0.0.1",), pod_ip="10.0.0.2")


def test_a_finding_goes_with_its_object_also_while_the_kind_may_not_be_read() -> None:
    engine = Engine(ClusterState(), live=False)
    known(engine, *Kind)
    pod = Pod(name="web", namespace="shop", phase="Running", pod_ips=("10.0.0.1", "fd00::1"), pod_ip="10.0.0.2")
    engine.note(engine.state.apply(Changed(Kind.POD, [pod])))
    engine.step(0.0)
    assert "DS-API-001" in {finding.check for finding in engine.findings.sorted()}
    engine.state.apply(StatusChanged(kind=Kind.POD, health=Health.REFUSED))
    engine.note_statuses()
    engine.note(engine.state.apply(Changed(Kind.POD, (), [pod.key])))
    engine.step(1000.0)
    assert engine.findings.sorted() == []
