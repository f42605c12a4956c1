"""While a cluster is loaded, objects wait for the kinds that their checks read: briefly at first, then for longer."""

from __future__ import annotations

from dsview.checks.engine.engine import PATIENCE, PATIENCE_AFTER, Engine
from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.sources.events import Health, StatusChanged


def known(engine: Engine, *kinds: Kind) -> None:
    for kind in kinds:
        engine.state.apply(StatusChanged(kind=kind, health=Health.LIVE))
    engine.note_statuses()


def test_what_was_evaluated_with_what_was_known_waits_longer_for_the_next_kind() -> None:
    engine = Engine(ClusterState(), live=True)
    known(engine, Kind.SERVICE)
    engine.step(0.0)
    assert engine.next_due() == PATIENCE
    engine.step(PATIENCE)
    known(engine, Kind.POD, Kind.ENDPOINT_SLICE)
    engine.step(100.0)
    assert engine.next_due() == 100.0 + PATIENCE, "pods wait for the first time"
    engine.step(100.0 + PATIENCE)
    assert engine.next_due() == 100.0 + PATIENCE_AFTER, "Services wait again"


def test_nothing_waits_once_every_kind_is_settled() -> None:
    engine = Engine(ClusterState(), live=True)
    known(engine, Kind.SERVICE)
    engine.step(0.0)
    engine.step(PATIENCE)
    known(engine, *Kind)
    engine.step(PATIENCE + 1)
    assert engine.next_due() == float("inf")
