"""The names by which objects of two clusters are matched.

A Pod gets a new name at each rollout, and the nodes of two clusters have different names. The comparison uses stable
names: the workload of a Pod, the Service of an EndpointSlice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.context import owner_of
from dsview.core.finding import ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod

ALL_NODES = ObjectRef(Kind.NODE.value, None, "*")
"""Stands for every Node if the two clusters have no Node in common."""

_GENERATED = {
    "ReplicaSet": ("Deployment", re.compile(r"(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}")),
    "Job": ("CronJob", re.compile(r"(.+)-[0-9]{8,10}")),
}
"""Owners that have an owner themselves: its kind, and the pattern of the names that are derived from its name."""


class StableNames:
    """The names of one cluster's objects for the comparison.

    `namespaces` maps namespaces to those of the other cluster. `by_node` says whether Nodes are matched by name.
    """

    def __init__(self, view: ClusterView, namespaces: Mapping[str, str], *, by_node: bool = True) -> None:
        self._view = view
        self._namespaces = namespaces
        self._by_node = by_node
        self._sizes: Counter[ObjectRef] | None = None

    def original(self, namespace: str | None) -> str | None:
        """This cluster's name for a namespace of the other one."""
        return next((own for own, other in self._namespaces.items() if other == namespace), namespace)

    def of(self, ref: ObjectRef) -> ObjectRef:
        """The name under which an object is compared."""
        key: Key = (ref.namespace or "", ref.name)
        match ref.kind:
            case Kind.POD.value:
                pod = self._view.state.pods.get(key)
                ref = workload_ref(pod) if pod is not None else ref
            case Kind.ENDPOINT_SLICE.value:
                item = self._view.state.endpoint_slices.get(key)
                if item is not None and item.service_name:
                    ref = ObjectRef(Kind.SERVICE.value, item.namespace, item.service_name)
            case Kind.NODE.value:
                return ref if self._by_node else ALL_NODES
        return self._renamed(stable_owner(ref))

    def workload(self, pod: Pod) -> ObjectRef:
        """The name under which a Pod is compared."""
        return self._renamed(workload_ref(pod))

    def size(self, ref: ObjectRef) -> int:
        """The number of objects with this name: the Pods of a workload, all Nodes, otherwise 1."""
        if ref == ALL_NODES:
            return len(self._view.state.nodes)
        if self._sizes is None:
            self._sizes = Counter(self.workload(pod) for pod in self._view.state.pods if is_running(pod))
        return self._sizes.get(ref, 1)

    def _renamed(self, ref: ObjectRef) -> ObjectRef:
        if ref.namespace is None or ref.namespace not in self._namespaces:
            return ref
        return ObjectRef(ref.kind, self._namespaces[ref.namespace], ref.name)


def is_running(pod: Pod) -> bool:
    """Whether a Pod has addresses, has not finished, and is not being deleted."""
    return bool(pod.ips) and not pod.deleted and pod.phase not in {"Succeeded", "Failed"}


def workload_ref(pod: Pod) -> ObjectRef:
    """The workload of a Pod; the Pod itself if it has none or is a static Pod of a node."""
    owner = owner_of(pod)
    if owner is None or owner.kind == Kind.NODE.value:
        return ObjectRef(Kind.POD.value, pod.namespace, pod.name)
    return stable_owner(owner)


def stable_owner(ref: ObjectRef) -> ObjectRef:
    """The owner of a ReplicaSet or a Job, derived from its name; everything else unchanged."""
    kind, pattern = _GENERATED.get(ref.kind, ("", None))
    match = pattern.fullmatch(ref.name) if pattern is not None else None
    return ObjectRef(kind, ref.namespace, match.group(1)) if match is not None else ref
