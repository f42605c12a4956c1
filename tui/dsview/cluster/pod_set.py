"""All pods of a cluster with their indexes. Building them together takes a third of the time of adding pods one by one.

A replay uses this when it jumps to a time at which most pods differ.
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

_CHUNK = 1_000
"""Pods that are processed in several passes while they are in the CPU cache."""

_Roles = tuple[bool, bool, bool]


class PodSet(msgspec.Struct):
    """Pods, and the indexes that `ClusterState` keeps for them if no checks run."""

    store: Store[Pod] = msgspec.field(default_factory=Store)
    counts: PodCounts = msgspec.field(default_factory=PodCounts)
    patterns: PodPatterns = msgspec.field(default_factory=PodPatterns)
    system_apps: SystemApps = msgspec.field(default_factory=SystemApps)
    controllers: dict[Key, Pod] = {}
    control_planes: dict[Key, Pod] = {}
    control_plane: dict[Key, Pod] = {}


def pod_set(pods: Collection[Pod]) -> PodSet:
    """A set of these pods, which must have distinct keys."""
    result = PodSet()
    cached_roles: dict[tuple[str, int, int], _Roles | None] = {}
    running: Counter[tuple[str, tuple[Family, ...], bool]] = Counter()
    rest = iter(pods)
    while chunk := list(islice(rest, _CHUNK)):
        result.store.fill(chunk)
        result.system_apps.fill(chunk)
        for pod in chunk:
            # Pods with equal labels and containers share them, and keep them alive, so their ids identify them.
            cache_key = (pod.namespace, id(pod.labels), id(pod.containers))
            if cache_key not in cached_roles:
                cached_roles[cache_key] = _roles(pod)
            roles = cached_roles[cache_key]
            if roles is not None:
                _add_to_roles(result, pod, roles)
        chunk = [pod for pod in chunk if pod.phase == "Running" and not pod.deleted and (pod.pod_ips or pod.pod_ip)]
        nodes = ["" if pod.host_network else pod.node_name for pod in chunk]
        families = [families_of(pod.pod_ips or pod.ips) for pod in chunk]
        running.update(zip(nodes, families, map(uses_cluster_dns, chunk), strict=True))
    result.counts.fill((node, families, number) for (node, families, _), number in running.items() if node)
    result.patterns.fill((families, uses_dns, number) for (_, families, uses_dns), number in running.items())
    return result


def _roles(pod: Pod) -> _Roles | None:
    """Whether the pod is a controller's proxy, configures proxies, or is in the control plane; None if none of them."""
    roles_of_pod = roles_of(pod)
    roles = (roles_of_pod.controller is not None, roles_of_pod.is_control_plane, is_control_plane(pod))
    return roles if any(roles) else None


def _add_to_roles(result: PodSet, pod: Pod, roles: _Roles) -> None:
    for pods, has_role in zip((result.controllers, result.control_planes, result.control_plane), roles, strict=True):
        if has_role:
            pods[pod.key] = pod
