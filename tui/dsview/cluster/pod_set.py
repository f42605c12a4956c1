"""All pods of a cluster with their indexes, created at once at a third of the cost of adding them one by one.

Used when a recording moves to a time at which most pods differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import islice

import msgspec

from dsview.cluster.indexes import PodCounts, PodPatterns, uses_cluster_dns
from dsview.cluster.relations import SystemApps
from dsview.cluster.state import is_control_plane
from dsview.cluster.store import Store
from dsview.core.address import Family, families_of
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.listeners.registry import roles_of

_TOGETHER = 1_000
"""Pods that are gone through several times while they are in the processor's cache."""

_Roles = tuple[bool, bool, bool]


class PodSet(msgspec.Struct):
    """Pods, and what `ClusterState` keeps about them if no checks run."""

    store: Store[Pod] = msgspec.field(default_factory=Store)
    counts: PodCounts = msgspec.field(default_factory=PodCounts)
    patterns: PodPatterns = msgspec.field(default_factory=PodPatterns)
    system_apps: SystemApps = msgspec.field(default_factory=SystemApps)
    controllers: dict[Key, Pod] = {}
    control_planes: dict[Key, Pod] = {}
    control_plane: dict[Key, Pod] = {}


def pod_set(pods: Collection[Pod]) -> PodSet:
    """A set of these pods, which must have distinct keys."""
    found = PodSet()
    found.store.fill(pods)
    found.system_apps.fill(pods)
    known: dict[tuple[str, int, int], _Roles | None] = {}
    running: Counter[tuple[str, tuple[Family, ...], bool]] = Counter()
    rest = iter(pods)
    while some := list(islice(rest, _TOGETHER)):
        for pod in some:
            # Decoding shares equal labels and containers, and the pods keep them alive meanwhile.
            alike = (pod.namespace, id(pod.labels), id(pod.containers))
            if alike not in known:
                known[alike] = _roles(pod)
            roles = known[alike]
            if roles is not None:
                _keep(found, pod, roles)
        some = [pod for pod in some if pod.phase == "Running" and not pod.deleted and (pod.pod_ips or pod.pod_ip)]
        nodes = ["" if pod.host_network else pod.node_name for pod in some]
        families = [families_of(pod.pod_ips or pod.ips) for pod in some]
        running.update(zip(nodes, families, map(uses_cluster_dns, some), strict=True))
    found.counts.fill((node, families, number) for (node, families, _), number in running.items() if node)
    found.patterns.fill((families, asks, number) for (_, families, asks), number in running.items())
    return found


def _roles(pod: Pod) -> _Roles | None:
    """Whether the pod is one of a controller, of the control plane, and a static one of it; None if it is nothing."""
    found = roles_of(pod)
    roles = (found.controller is not None, found.is_control_plane, is_control_plane(pod))
    return roles if any(roles) else None


def _keep(found: PodSet, pod: Pod, roles: _Roles) -> None:
    for having, is_one in zip((found.controllers, found.control_planes, found.control_plane), roles, strict=True):
        if is_one:
            having[pod.key] = pod
