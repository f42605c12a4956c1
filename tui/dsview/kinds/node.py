"""Nodes."""

from __future__ import annotations

import msgspec
from msgspec import field

from dsview.kinds.annotations import IGNORE_ANNOTATION, annotation_reader, without_ignore
from dsview.kinds.condition import ConditionWire, encode_ready
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, seconds, texts, without_empty


class NodeAddress(msgspec.Struct, frozen=True, gc=False):
    """One entry of a Node's status.addresses."""

    type: str
    address: str


class Node(Object, frozen=True, gc=False):
    """A v1 Node. `annotations` contains only those that are read; `taints` are (key, effect)."""

    pod_cidr: str = ""
    pod_cidrs: tuple[str, ...] = ()
    taints: tuple[tuple[str, str], ...] = ()
    addresses: tuple[NodeAddress, ...] = ()
    ready: bool = False
    ready_since: int = 0
    kubelet_version: str = ""
    operating_system: str = ""
    provider_id: str = ""
    annotations: tuple[tuple[str, str], ...] = ()

    def addresses_of(self, kind: str) -> tuple[str, ...]:
        """The addresses of one type, such as `InternalIP`, in the Node's order."""
        return tuple(a.address for a in self.addresses if a.type == kind)

    @property
    def is_manifest(self) -> bool:
        """Whether this is a manifest that has not been sent to an API server, and contains only the desired state."""
        return not (self.uid or self.created or self.addresses or self.ready_since or self.kubelet_version)

    @property
    def cidrs(self) -> tuple[str, ...]:
        """spec.podCIDRs, or only spec.podCIDR."""
        return self.pod_cidrs or ((self.pod_cidr,) if self.pod_cidr else ())

    def annotation(self, name: str) -> str:
        """The value of one of the kept annotations, or an empty string."""
        return next((value for key, value in self.annotations if key == name), "")


PROVIDED_NODE_IP = "alpha.kubernetes.io/provided-node-ip"
"""The annotation with the kubelet's --node-ip, where a cloud provider is external."""

NODE_ANNOTATIONS = (
    PROVIDED_NODE_IP,
    "k8s.ovn.org/node-subnets",
    "flannel.alpha.coreos.com/public-ip",
    "flannel.alpha.coreos.com/public-ipv6",
    "flannel.alpha.coreos.com/backend-type",
    "k3s.io/internal-ip",
    "rke2.io/internal-ip",
    "network.cilium.io/ipv4-pod-cidr",
    "network.cilium.io/ipv6-pod-cidr",
    "io.cilium.network.ipv4-pod-cidr",
    "io.cilium.network.ipv6-pod-cidr",
    "kube-router.io/pod-cidr",
    "kube-router.io/pod-cidrs",
    "projectcalico.org/IPv4Address",
    "projectcalico.org/IPv6Address",
)

node_annotations = annotation_reader(IGNORE_ANNOTATION, *NODE_ANNOTATIONS)


class Taint(Wire):
    """spec.taints[] of a Node."""

    key: str = ""
    effect: str = ""


class NodeSpec(Wire):
    """spec of a Node."""

    pod_cidr: str | None = field(name="podCIDR", default=None)
    pod_cidrs: list[str] | None = field(name="podCIDRs", default=None)
    taints: list[Taint] | None = None
    provider_id: str | None = field(name="providerID", default=None)


class NodeAddressWire(Wire):
    """status.addresses[] of a Node."""

    type: str = ""
    address: str = ""


class NodeInfo(Wire):
    """status.nodeInfo."""

    kubelet_version: str | None = None
    operating_system: str | None = None


class NodeStatus(Wire):
    """status of a Node."""

    addresses: list[NodeAddressWire] | None = None
    conditions: list[ConditionWire] | None = None
    node_info: NodeInfo | None = None


class NodeWire(Wire):
    """v1 Node."""

    metadata: ObjectMeta
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


def _decode(o: NodeWire) -> Node:
    spec = o.spec or NodeSpec()
    status = o.status or NodeStatus()
    info = status.node_info or NodeInfo()
    annotations = node_annotations(o.metadata.annotations)
    ready = next((c for c in status.conditions or () if c.type == "Ready"), None)
    return Node(
        **read_meta(o.metadata, annotations),
        pod_cidr=spec.pod_cidr or "",
        pod_cidrs=texts(spec.pod_cidrs),
        taints=tuple((t.key, t.effect) for t in spec.taints or ()),
        addresses=tuple(NodeAddress(a.type, a.address) for a in status.addresses or ()),
        ready=ready is not None and ready.status == "True",
        ready_since=seconds(ready.last_transition_time) if ready is not None else 0,
        kubelet_version=info.kubelet_version or "",
        operating_system=info.operating_system or "",
        provider_id=spec.provider_id or "",
        annotations=without_ignore(annotations),
    )


def _encode(item: Node) -> Json:
    spec = without_empty(
        podCIDR=item.pod_cidr,
        podCIDRs=list(item.pod_cidrs),
        providerID=item.provider_id,
        taints=[{"key": key, "effect": effect} for key, effect in item.taints],
    )
    status = without_empty(
        addresses=[{"type": a.type, "address": a.address} for a in item.addresses],
        conditions=encode_ready(ready=item.ready, since=item.ready_since),
        nodeInfo=without_empty(kubeletVersion=item.kubelet_version, operatingSystem=item.operating_system),
    )
    return {"_annotations": item.annotations, "spec": spec, "status": status}


NODE = Resource(
    kind=Kind.NODE,
    group="",
    versions=("v1",),
    plural="nodes",
    namespaced=False,
    core=True,
    has_detail=True,
    has_protobuf=True,
    alias="node",
    wire=NodeWire,
    decode=_decode,
    encode=_encode,
)
