"""Converts the steps of a scenario to actions on the simulated cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.sources.demo.description import NodeCondition, Patch, Restart, Rewrite, Step, seconds
from dsview.sources.demo.manifests import STARTUP
from dsview.sources.demo.simulated_cluster import SimulatedCluster

Action = Callable[[SimulatedCluster, float], None]
"""Changes a simulated cluster at a time, epoch seconds."""


class Moment(msgspec.Struct, frozen=True):
    """An action and its time in seconds after the start. If `conf` is set, it also replaces the nginx.conf of a pod."""

    at: int
    act: Action
    conf: Rewrite | None = None


def moments(steps: Iterable[Step]) -> list[Moment]:
    """The actions of a story, sorted by time."""
    actions: list[Moment] = []
    for step in steps:
        at = seconds(step.at)
        if step.restart is not None:
            restart = step.restart
            actions.append(Moment(at, partial(_begin_restart, restart)))
            actions.append(Moment(at + STARTUP, partial(_end_restart, restart)))
        if step.rewrite is not None:
            actions.append(Moment(at, partial(_set_replica, step.rewrite, ready=False), conf=step.rewrite))
            actions.append(Moment(at + STARTUP, partial(_set_replica, step.rewrite, ready=True)))
        if step.patch is not None:
            actions.append(Moment(at, partial(_merge, step.patch)))
        if step.node is not None:
            actions.append(Moment(at, partial(_set_node, step.node)))
    return sorted(actions, key=lambda moment: moment.at)


def workload_of(item: Restart | Rewrite) -> str:
    """The workload of a step, as namespace/name."""
    return f"{item.namespace}/{item.workload}"


def _begin_restart(item: Restart, cluster: SimulatedCluster, now: float) -> None:
    cluster.begin_restart(workload_of(item), item.replica, now)


def _end_restart(item: Restart, cluster: SimulatedCluster, now: float) -> None:
    cluster.end_restart(workload_of(item), item.replica, now)


def _merge(item: Patch, cluster: SimulatedCluster, _now: float) -> None:
    cluster.merge(Kind(item.kind), (item.namespace, item.name), item.merge)


def _set_replica(item: Rewrite, cluster: SimulatedCluster, now: float, *, ready: bool) -> None:
    key: Key = cluster.pod_of(workload_of(item), item.replica)
    cluster.set_ready(Kind.POD, key, ready=ready, now=now)


def _set_node(item: NodeCondition, cluster: SimulatedCluster, now: float) -> None:
    """The pods of a node become ready or not ready with it (kubernetes/kubernetes pkg/controller/nodelifecycle)."""
    cluster.set_ready(Kind.NODE, ("", item.name), ready=item.ready, now=now)
    for key in cluster.pods_on(item.name):
        cluster.set_ready(Kind.POD, key, ready=item.ready, now=now)
