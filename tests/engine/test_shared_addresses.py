"""Thousands of pods with one address, as in a capture that replaces all addresses with a valid one."""

from __future__ import annotations

from dsview.checks.engine.engine import Engine
from dsview.cluster.indexes import MAX_SHARERS
from dsview.cluster.state import ClusterState
from dsview.core.finding import Finding
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.sources.events import Changed, Health, StatusChanged


def engine_with(pods: int) -> Engine:
    engine = Engine(ClusterState(), live=False)
    for kind in Kind:
        engine.state.apply(StatusChanged(kind=kind, health=Health.LIVE))
    engine.note_statuses()
    many = [
        Pod(name=f"web-{n}", namespace="shop", phase="Running", pod_ip="10.0.0.1", pod_ips=("10.0.0.1",), start_time=1)
        for n in range(pods)
    ]
    engine.note(engine.state.apply(Changed(Kind.POD, many)))
    engine.step(1e10)
    return engine


def shared(engine: Engine) -> list[Finding]:
    return [finding for finding in engine.findings.sorted() if finding.check == "DS-POD-005"]


def test_each_is_flagged_and_none_is_compared_with_all_others() -> None:
    found = shared(engine_with(2 * MAX_SHARERS))
    assert len(found) == 2 * MAX_SHARERS
    assert {len(finding.related) for finding in found} == {20}
    assert all(
        "is also the address of 100 or more other pods, such as shop/web-" in finding.message for finding in found
    )


def test_the_others_are_asked_again_where_few_are_left() -> None:
    engine = engine_with(MAX_SHARERS + 5)
    for number in range(1, MAX_SHARERS + 5):
        engine.note(engine.state.apply(Changed(Kind.POD, (), [("shop", f"web-{number}")])))
        engine.step(1e10)
    assert shared(engine) == []
