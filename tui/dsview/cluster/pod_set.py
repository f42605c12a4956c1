"""All pods of a cluster with their indexes, created at once at a third of the cost of adding them one by one.

Used when a recording moves to a time at which most pods differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import msgspec

from dsview.cluster.indexes import PodCounts, PodPatterns, uses_cluster_dns
from dsview.cluster.relations import SystemApps
from dsview.cluster.state import is_control_plane
from dsview.cluster.store import Store
from dsview.core.address import Family, families_of
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.listeners.registry import roles_of

_NO_ROLES = (False, False, False)


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
    running: list[tuple[str, tuple[Family, ...], bool]] = []
    known: dict[tuple[str, int, int], tuple[bool, bool, bool]] = {}
    for pod in pods:
        # Decoding shares equal labels and containers, and the pods keep them alive meanwhile.
        alike = (pod.namespace, id(pod.labels), id(pod.containers))
        roles = known.get(alike)
        if roles is None:
            found_roles = roles_of(pod)
            roles = (found_roles.controller is not None, found_roles.is_control_plane, is_control_plane(pod))
            known[alike] = roles
        if roles != _NO_ROLES:
            _keep(found, pod, roles)
        if pod.phase == "Running" and not pod.deleted and (ips := pod.ips):
            node = "" if pod.host_network else pod.node_name
            running.append((node, families_of(ips), uses_cluster_dns(pod)))
    alike_running = Counter(running).items()
    found.counts.fill((node, families, number) for (node, families, _), number in alike_running if node)
    found.patterns.fill((families, asks, number) for (_, families, asks), number in alike_running)
    found.system_apps.fill(pods)
    return found


def _keep(found: PodSet, pod: Pod, roles: tuple[bool, bool, bool]) -> None:
    for having, is_one in zip((found.controllers, found.control_planes, found.control_plane), roles, strict=True):
        if is_one:
            having[pod.key] = pod
