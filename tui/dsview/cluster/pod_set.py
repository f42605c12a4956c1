"""All pods of a cluster with what is kept beside them, made at once: that costs a third of taking them in one by one.

A recording needs it, where one goes to a time at which most pods are others.
"""

from __future__ import annotations

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


class PodSet(msgspec.Struct):
    """Pods, and what `ClusterState` keeps of them where no checks are run."""

    store: Store[Pod] = msgspec.field(default_factory=Store)
    counts: PodCounts = msgspec.field(default_factory=PodCounts)
    patterns: PodPatterns = msgspec.field(default_factory=PodPatterns)
    system_apps: SystemApps = msgspec.field(default_factory=SystemApps)
    controllers: dict[Key, Pod] = {}
    control_planes: dict[Key, Pod] = {}
    control_plane: dict[Key, Pod] = {}


def pod_set(pods: Collection[Pod]) -> PodSet:
    """These pods, each with a key of its own."""
    found = PodSet()
    found.store.fill(pods)
    running: list[tuple[tuple[Family, ...], bool]] = []
    on_nodes: list[tuple[str, tuple[Family, ...]]] = []
    known: dict[tuple[str, int, int], tuple[bool, bool]] = {}
    for pod in pods:
        ips = pod.ips
        if ips and pod.phase == "Running" and not pod.deleted:
            families = families_of(ips)
            running.append((families, uses_cluster_dns(pod)))
            if pod.node_name and not pod.host_network:
                on_nodes.append((pod.node_name, families))
        # Decoding shares equal labels and containers, and the pods hold them meanwhile.
        alike = (pod.namespace, id(pod.labels), id(pod.containers))
        roles = known.get(alike)
        if roles is None:
            roles = known[alike] = roles_of(pod)
        is_proxy, sets_up_proxies = roles
        if is_proxy:
            found.controllers[pod.key] = pod
        if sets_up_proxies:
            found.control_planes[pod.key] = pod
        if is_control_plane(pod):
            found.control_plane[pod.key] = pod
    found.counts.fill(on_nodes)
    found.patterns.fill(running)
    found.system_apps.fill(pods)
    return found
