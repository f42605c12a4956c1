"""The shortcut for healthy pods never misses a finding."""

from __future__ import annotations

import math

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st

from dsview.checks.engine.check import run_check
from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import all_checks
from dsview.cluster.profile import ProfileTracker
from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.sources.events import Changed, Health, Item, StatusChanged
from tests.bench import synthetic
from tests.engine.objects import OBJECTS, PODS, START, V4_ADDRESSES, V6_ADDRESSES

CHECKS = [check for check in all_checks() if Kind.POD in check.subjects]
AROUND = st.sampled_from([Kind.NODE, Kind.NODE, Kind.SERVICE_CIDR, Kind.SERVICE, Kind.EVENT, Kind.POD])


def _consistent(pod: Pod, host: tuple[str, ...]) -> Pod:
    """The pod with singular fields that equal the first plural ones, as the API server ensures."""
    return msgspec.structs.replace(
        pod, pod_ip=pod.pod_ips[0] if pod.pod_ips else "", host_network=False, host_ip=host[0], host_ips=host
    )


HOSTS = st.tuples(st.sampled_from(V4_ADDRESSES + V6_ADDRESSES), st.sampled_from(V4_ADDRESSES + V6_ADDRESSES))


@given(
    pods=st.lists(st.builds(_consistent, PODS, HOSTS), min_size=1, max_size=6),
    around=st.lists(AROUND.flatmap(lambda kind: st.tuples(st.just(kind), OBJECTS[kind])), max_size=8),
    now=st.sampled_from([float(START), START + 1_000.0]),
)
def test_no_check_says_anything_of_a_plain_pod_nor_wants_to_be_asked_again(
    pods: list[Pod], around: list[tuple[Kind, Item]], now: float
) -> None:
    state = ClusterState()
    for kind, item in around:
        state.apply(Changed(kind, (item,)))
    state.apply(Changed(Kind.POD, pods))
    for kind in Kind:
        state.apply(StatusChanged(kind=kind, health=Health.LIVE))
    tracker = ProfileTracker(state)
    tracker.refresh()
    context = Context(state, tracker, now)
    plain = [pod for pod in state.pods if pod in context.healthy_pods]
    event("some pod is plain" if plain else "no pod is plain")
    for pod in plain:
        assert [problem for check in CHECKS for problem in run_check(check, pod, context)] == []
    assert context.due == math.inf


def test_the_healthy_pods_of_a_cluster_are_plain() -> None:
    state = ClusterState()
    for change in synthetic.events(synthetic.size_of(300)):
        state.apply(change)
    tracker = ProfileTracker(state)
    tracker.refresh()
    assert all(pod in Context(state, tracker, math.inf).healthy_pods for pod in state.pods)
