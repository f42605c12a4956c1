"""Replacing all pods at once has the same result as applying one after the other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dsview.cluster.pod_set import pod_set
from dsview.cluster.profile import ProfileTracker
from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.sources.events import Changed
from tests.support.clusters import SCENARIOS, from_path

ODD = [
    Pod(name="none", namespace="a", phase="Running", node_name="n1"),
    Pod(name="finished", namespace="a", phase="Succeeded", node_name="n1", pod_ips=("10.0.0.1",)),
    Pod(name="going", namespace="a", phase="Running", node_name="n1", pod_ips=("10.0.0.2",), deleted=1),
    Pod(name="host", namespace="a", phase="Running", node_name="n1", pod_ips=("192.168.0.1",), host_network=True),
    Pod(name="nowhere", namespace="a", phase="Running", pod_ips=("10.0.0.3",)),
    Pod(name="mapped", namespace="a", phase="Running", node_name="n2", pod_ips=("::ffff:10.0.0.4",)),
    Pod(name="zeros", namespace="b", phase="Running", node_name="n2", pod_ips=("010.000.0.5", "FD00::0:1")),
    Pod(name="words", namespace="b", phase="Running", node_name="n2", pod_ips=("none", "fd00::2"), dns_policy="None"),
    Pod(name="v6-first", namespace="kube-system", phase="Running", node_name="n3", pod_ips=("fd00::3", "10.0.0.6")),
    Pod(
        name="kube-apiserver-n3",
        namespace="kube-system",
        phase="Running",
        node_name="n3",
        pod_ip="10.0.0.7",
        labels={"component": "kube-apiserver", "k8s-app": "kube-proxy"},
    ),
]


def one_by_one(pods: list[Pod]) -> ClusterState:
    state = ClusterState()
    state.apply(Changed(Kind.POD, pods))
    return state


def kept(state: ClusterState) -> dict[str, object]:
    """Everything that is kept of pods when no checks run."""
    return {
        "store": {pod.key: pod for pod in state.pods},
        "size": len(state.pods),
        "counts": {name: value for name, value in vars(state.pod_counts).items() if name != "_touched"},
        "patterns": vars(state.pod_patterns),
        "system apps": vars(state.system_apps),
        "roles": (state.controllers, state.control_planes, state.control_plane),
    }


def pods_of(path: Path) -> list[Pod]:
    return list(from_path(path).state.pods)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_at_once_is_the_same_as_one_by_one(path: Path) -> None:
    pods = pods_of(path)
    state = ClusterState(for_checks=False)
    state.replace_pods(pod_set(pods))
    assert kept(state) == kept(one_by_one(pods))


def test_odd_pods_count_as_they_do_one_by_one() -> None:
    state = ClusterState(for_checks=False)
    state.replace_pods(pod_set(ODD))
    assert kept(state) == kept(one_by_one(ODD))
    assert state.control_plane
    assert state.pod_counts.of("n2") == (3, 2, 2)


def test_what_comes_after_is_followed() -> None:
    state = ClusterState(for_checks=False)
    state.replace_pods(pod_set(ODD))
    later = [msgspec.structs.replace(pod, phase="Running", deleted=0) for pod in ODD[1:5]]
    state.apply(Changed(Kind.POD, later, [pod.key for pod in ODD[5:]]))
    assert kept(state) == kept(one_by_one([ODD[0], *later]))


def test_the_nodes_of_the_pods_before_are_looked_at_anew() -> None:
    nodes = [node for path in SCENARIOS for node in from_path(path).state.nodes][:3]
    pods = [
        Pod(name=node.name, namespace="a", phase="Running", node_name=node.name, pod_ips=("10.0.0.1", "fd00::1"))
        for node in nodes
    ]
    state = ClusterState(for_checks=False)
    state.apply(Changed(Kind.NODE, nodes))
    state.replace_pods(pod_set(pods))
    tracker = ProfileTracker(state)
    tracker.refresh()
    state.replace_pods(pod_set([]))
    tracker.refresh()
    fresh = ClusterState(for_checks=False)
    fresh.apply(Changed(Kind.NODE, nodes))
    expected = ProfileTracker(fresh)
    expected.refresh()
    assert tracker.nodes == expected.nodes


def test_versions_grow_so_that_what_was_derived_is_derived_anew() -> None:
    state = ClusterState(for_checks=False)
    before = (state.version, state.epochs[Kind.POD], *state.facets.values())
    state.replace_pods(pod_set(ODD))
    after = (state.version, state.epochs[Kind.POD], *state.facets.values())
    assert all(now > then for then, now in zip(before, after, strict=True))
