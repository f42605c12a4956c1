"""Names replaced by numbered ones: the same for the same, in the same order, and none that the cluster made up left."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable

KEPT_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
KEPT_NAMES = frozenset({"kubernetes", "kube-dns", "kube-proxy", "coredns", "ingress-nginx-controller"})
"""Names that have a meaning of their own: default/kubernetes, the cluster's DNS, the ConfigMaps that are read."""

KEPT_PORTS = frozenset({"http", "https", "dns", "dns-tcp", "metrics", "webhook", "https-webhook", "grpc"})

KEPT_LABELS = frozenset(
    {
        "app",
        "app.kubernetes.io/component",
        "app.kubernetes.io/name",
        "component",
        "eks.amazonaws.com/compute-type",
        "endpointslice.kubernetes.io/managed-by",
        "k8s-app",
        "kubernetes.io/os",
        "node-role.kubernetes.io/control-plane",
        "node-role.kubernetes.io/master",
        "type",
    }
)
"""Keys that stay; of their values only those of `KEPT_VALUES`."""

KEPT_VALUES = frozenset(
    {
        "",
        "antrea",
        "calico-node",
        "cilium",
        "controller",
        "coredns",
        "endpointslice-controller.k8s.io",
        "endpointslicemirroring-controller.k8s.io",
        "fargate",
        "ingress-nginx",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-dns",
        "kube-ovn-cni",
        "kube-proxy",
        "kube-router",
        "linux",
        "ovnkube-node",
        "virtual-kubelet",
        "windows",
    }
)

HASH_LABELS = ("pod-template-hash", "controller-revision-hash")
"""Their values tell a rollout, and end the names of ReplicaSets."""

OWNER_KINDS = frozenset(
    {"DaemonSet", "Deployment", "Job", "Node", "ReplicaSet", "ReplicationController", "StatefulSet"}
)


class Names:
    """Names of one sort, such as namespaces: `namespace-01`, `namespace-02`… `kept` ones stay.

    Those that are learnt before the first is asked for are numbered by the order of the originals, so that whatever is
    sorted by name stays in its order; others as they come.
    """

    def __init__(self, sort: str, kept: frozenset[str] = frozenset()) -> None:
        self._sort = sort
        self._kept = kept
        self._names: dict[str, str] = {}

    def learn(self, names: Iterable[str]) -> None:
        """Give each name its number."""
        found = sorted({name for name in names if name} - self._kept)
        width = len(str(len(found)))
        self._names = {name: f"{self._sort}-{i:0{width}}" for i, name in enumerate(found, 1)}

    def __call__(self, name: str) -> str:
        """What stands for the name; an empty one stays empty."""
        if not name or name in self._kept:
            return name
        known = self._names.get(name)
        if known is None:
            # Not the name of an object that was collected: the next number.
            known = self._names[name] = f"{self._sort}-{len(self._names) + 1}"
        return known

    def meant_by(self, shown: str) -> str:
        """The name that another one stands for; itself where it stands for none."""
        return next((name for name, stand_in in self._names.items() if stand_in == shown), shown)


def hidden_uid(key: bytes, text: str) -> str:
    """A uid that stands for another; an empty one stays empty."""
    return str(uuid.UUID(bytes=hashlib.blake2b(text.encode(), key=key, digest_size=16).digest())) if text else ""
