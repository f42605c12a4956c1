"""Replaces names by numbered ones, consistently and in the same order."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable

from dsview.listeners.gateway_api import GATEWAY_LABELS, GATEWAY_NAMESPACE_LABEL
from dsview.listeners.registry import CONFIG_MAP_NAMES
from dsview.sources.redact.front_doors import LABELS, VALUES

KEPT_NAMESPACES = frozenset(
    {
        *("default", "kube-system", "kube-public", "kube-node-lease"),
        *(
            "calico-system",
            "cilium",
            "openshift-dns",
            "openshift-ingress",
            "openshift-kube-proxy",
            "openshift-ovn-kubernetes",
            "ovn-kubernetes",
        ),
    }
)
"""The namespaces of Kubernetes, CNI plug-ins and OpenShift's DNS."""

KEPT_NAMES = frozenset(
    {
        *("kubernetes", "kube-dns", "kube-proxy", "coredns", "dns-default", "approuting-istio"),
        *CONFIG_MAP_NAMES,
    }
)
"""Names with a fixed meaning: default/kubernetes, the cluster's DNS, the ConfigMaps that are read."""

KEPT_PORTS = frozenset(
    {
        *("http", "https", "dns", "dns-tcp", "metrics", "webhook", "https-webhook", "grpc"),
        *("admin", "healthz", "manager", "stat", "status-port", "traefik"),
    }
)

KEPT_LABELS = frozenset(
    {
        "app",
        "app.kubernetes.io/component",
        "app.kubernetes.io/name",
        "component",
        "eks.amazonaws.com/compute-type",
        "cilium.io/ingress",
        "endpointslice.kubernetes.io/managed-by",
        "k8s-app",
        "kubernetes.io/os",
        "node-role.kubernetes.io/control-plane",
        "node-role.kubernetes.io/master",
        "type",
    }
    | {*GATEWAY_LABELS, GATEWAY_NAMESPACE_LABEL}
    | LABELS
)
"""Keys that are kept; of their values, only those of `KEPT_VALUES`."""

KEPT_VALUES = frozenset(
    {
        "",
        "antrea",
        "calico-node",
        "cilium",
        "coredns",
        "endpointslice-controller.k8s.io",
        "endpointslicemirroring-controller.k8s.io",
        "fargate",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-dns",
        "kube-ovn-cni",
        "kube-proxy",
        "kube-router",
        "linux",
        "ovnkube-node",
        "true",
        "virtual-kubelet",
        "windows",
    }
    | VALUES
)

KEPT_TAINTS = frozenset(
    {
        "node-role.kubernetes.io/control-plane",
        "node-role.kubernetes.io/master",
        "node.cloudprovider.kubernetes.io/shutdown",
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/network-unavailable",
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/out-of-service",
        "node.kubernetes.io/pid-pressure",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/unschedulable",
        "virtual-kubelet.io/provider",
    }
)
"""The taints of https://kubernetes.io/docs/reference/labels-annotations-taints/, and those of virtual-kubelet."""

KEPT_PROVIDERS = frozenset(
    {
        *("aws", "azure", "baremetalhost", "civo", "digitalocean", "equinixmetal", "exoscale", "external", "gce"),
        *("hcloud", "ibm", "ibmpowervs", "k3s", "kind", "kubevirt", "libvirt", "linode", "metal3", "moid", "nutanix"),
        *(
            "oci",
            "openstack",
            "ovirt",
            "packet",
            "proxmox",
            "qcloud",
            "rke2",
            "scaleway",
            "upcloud",
            "vsphere",
            "vultr",
        ),
    }
)
"""The prefixes of spec.providerID for common cloud providers."""

OTHER_PROVIDER = "other"

HASH_LABELS = ("pod-template-hash", "controller-revision-hash")
"""Their values identify a rollout, and end the names of ReplicaSets."""

OWNER_KINDS = frozenset(
    {"DaemonSet", "Deployment", "Job", "Node", "ReplicaSet", "ReplicationController", "StatefulSet"}
)


class Names:
    """Replacements for names of one kind, such as `namespace-01`, `namespace-02`… Names in `kept` stay unchanged.

    Names that are learnt before the first request are numbered in alphabetical order, so that sorting by name gives the
    same order as before. Later names are numbered in order of arrival.
    """

    def __init__(self, prefix: str, kept: frozenset[str] = frozenset()) -> None:
        self._prefix = prefix
        self._kept = kept
        self._names: dict[str, str] = {}

    def learn(self, names: Iterable[str]) -> None:
        """Number the names in alphabetical order."""
        new_names = sorted({name for name in names if name} - self._kept)
        width = len(str(len(new_names)))
        self._names = {name: f"{self._prefix}-{i:0{width}}" for i, name in enumerate(new_names, 1)}

    def __call__(self, name: str) -> str:
        """The replacement for a name; an empty one stays empty."""
        if not name or name in self._kept:
            return name
        replacement = self._names.get(name)
        if replacement is None:
            # A name that was not learnt gets the next number.
            replacement = self._names[name] = f"{self._prefix}-{len(self._names) + 1}"
        return replacement

    def original_of(self, shown: str) -> str:
        """The original name of a replacement; the name itself if it is not a replacement."""
        return next((name for name, replacement in self._names.items() if replacement == shown), shown)


def hidden_uid(key: bytes, text: str) -> str:
    """The replacement for a uid; an empty one stays empty."""
    return str(uuid.UUID(bytes=hashlib.blake2b(text.encode(), key=key, digest_size=16).digest())) if text else ""
