"""Pods."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Raw, field

from dsview.core.address import FAMILIES, V4, V6, Family, family_of
from dsview.kinds.annotations import IGNORE_ANNOTATION, annotation_reader, without_ignore
from dsview.kinds.condition import ConditionWire, encode_ready
from dsview.kinds.container import Container, ContainerWire, encode_container, read_containers
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Object, ObjectMeta, OwnerRef, read_meta, read_owner
from dsview.kinds.wire import NULL, NULLS, Json, Memo, Wire, iso_time, seconds, without_empty


class Pod(Object, frozen=True, gc=False):
    """A v1 Pod.

    `ready_since` is the last transition of the Ready condition. `ipam` contains the names of annotations that request
    addresses of only one family (DS-POD-001). `stopped` contains the containers that are not running in a running pod;
    it is empty if the pod is ready.
    """

    deleted: int = 0
    owner: OwnerRef | None = None
    node_name: str = ""
    host_network: bool = False
    dns_policy: str = "ClusterFirst"
    phase: str = ""
    ready: bool = False
    ready_since: int = 0
    pod_ip: str = ""
    pod_ips: tuple[str, ...] = ()
    host_ip: str = ""
    host_ips: tuple[str, ...] = ()
    start_time: int = 0
    containers: tuple[Container, ...] = ()
    ipam: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()

    @property
    def ips(self) -> tuple[str, ...]:
        """status.podIPs, or only status.podIP if an old server sends no list."""
        return self.pod_ips or ((self.pod_ip,) if self.pod_ip else ())

    @property
    def host_addresses(self) -> tuple[str, ...]:
        """status.hostIPs, or only status.hostIP if an old server sends no list."""
        return self.host_ips or ((self.host_ip,) if self.host_ip else ())


IPAM_ANNOTATIONS = (
    "cni.projectcalico.org/ipAddrs",
    "cni.projectcalico.org/ipv4pools",
    "cni.projectcalico.org/ipv6pools",
    "cni.projectcalico.org/ipAddrsNoIpam",
    "ipam.cilium.io/ip-pool",
    "ipam.cilium.io/ipv4-pool",
    "ipam.cilium.io/ipv6-pool",
    "ovn.kubernetes.io/ip_pool",
)
"""Annotations with which a pod can request specific addresses from its CNI.

Annotations that only report the assigned addresses, such as ovn.kubernetes.io/ip_address and
cni.projectcalico.org/podIPs, are not included: every pod has them.
"""

pod_annotations = annotation_reader(IGNORE_ANNOTATION, *IPAM_ANNOTATIONS)
_FAMILY_BY_SUFFIX: tuple[tuple[str, Family], ...] = (
    ("ipv4pools", V4),
    ("ipv4-pool", V4),
    ("ipv6pools", V6),
    ("ipv6-pool", V6),
)
_SEPARATORS = re.compile(r"[\s,;\[\]\"']+")


def requested_ipam(annotations: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The names of the IPAM annotations; empty if they request both families, because then the pod should have both."""
    requests = tuple(annotations)
    families: set[Family | None] = set()
    for name, value in requests:
        named_family = next((family for suffix, family in _FAMILY_BY_SUFFIX if name.endswith(suffix)), None)
        texts = [text for text in _SEPARATORS.split(value) if text]
        # An empty list of pools does not request an address of that family.
        families.update([named_family] if named_family and texts else map(family_of, texts))
    return () if families.issuperset(FAMILIES) else tuple([name for name, _ in requests])


class PodIP(Wire):
    """status.podIPs[] and status.hostIPs[]."""

    ip: str | None = None


class PodSpec(Wire):
    """spec of a Pod."""

    node_name: str | None = None
    host_network: bool | None = None
    dns_policy: str | None = None
    containers: list[ContainerWire] | None = None


class ContainerState(Wire):
    """state in status.containerStatuses[]."""

    running: dict[str, object] | None = None


class ContainerStatus(Wire):
    """status.containerStatuses[]."""

    name: str | None = None
    state: ContainerState | None = None


class PodStatus(Wire):
    """status of a Pod."""

    phase: str | None = None
    pod_ip: str | None = field(name="podIP", default=None)
    pod_ips: list[PodIP] | None = field(name="podIPs", default=None)
    host_ip: str | None = field(name="hostIP", default=None)
    host_ips: Raw = field(name="hostIPs", default=NULL)
    start_time: datetime | None = None
    conditions: list[ConditionWire] | None = None
    container_statuses: Raw = NULL


class PodWire(Wire):
    """v1 Pod."""

    metadata: ObjectMeta
    spec: PodSpec | None = None
    status: PodStatus | None = None


_hosts_decoder = msgspec.json.Decoder(list[PodIP])


def _read_hosts(data: bytes) -> tuple[str, ...]:
    return tuple(host.ip for host in _hosts_decoder.decode(data) if host.ip) if data not in NULLS else ()


_hosts = Memo(_read_hosts)


def read_hosts(raw: msgspec.Raw) -> tuple[str, ...]:
    """The addresses of status.hostIPs, shared by all pods of a node."""
    return _hosts[bytes(raw)]


_statuses_decoder = msgspec.json.Decoder(list[ContainerStatus] | None)


def _read_stopped(raw: msgspec.Raw) -> tuple[str, ...]:
    statuses = _statuses_decoder.decode(raw) or ()
    return tuple([s.name or "" for s in statuses if s.state is None or s.state.running is None])


def _decode(o: PodWire) -> Pod:
    spec = o.spec or PodSpec()
    status = o.status or PodStatus()
    annotations = pod_annotations(o.metadata.annotations)
    # Loops and lists instead of generators: for 150,000 pods this saves a second.
    is_ready, ready_since = False, 0
    for condition in status.conditions or ():
        if condition.type == "Ready":
            is_ready, ready_since = condition.status == "True", seconds(condition.last_transition_time)
            break
    ips = tuple([entry.ip for entry in status.pod_ips or () if entry.ip])
    return Pod(
        **read_meta(o.metadata, annotations),
        deleted=seconds(o.metadata.deletion_timestamp),
        owner=read_owner(o.metadata.owner_references),
        node_name=sys.intern(spec.node_name or ""),
        host_network=bool(spec.host_network),
        dns_policy=sys.intern(spec.dns_policy or "ClusterFirst"),
        phase=sys.intern(status.phase or ""),
        ready=is_ready,
        ready_since=ready_since,
        pod_ip=ips[0] if ips and ips[0] == status.pod_ip else status.pod_ip or "",
        pod_ips=ips,
        host_ip=sys.intern(status.host_ip or ""),
        host_ips=read_hosts(status.host_ips),
        start_time=seconds(status.start_time),
        containers=read_containers(spec.containers or ()),
        ipam=requested_ipam(without_ignore(annotations)) if annotations else (),
        stopped=() if is_ready or status.phase != "Running" else _read_stopped(status.container_statuses),
    )


def _encode(item: Pod) -> Json:
    owner = item.owner
    owners = [{"kind": owner.kind, "name": owner.name, "uid": owner.uid, "controller": True}] if owner else None
    spec = without_empty(
        nodeName=item.node_name,
        hostNetwork=item.host_network,
        dnsPolicy=item.dns_policy,
        containers=[encode_container(c) for c in item.containers],
    )
    status = without_empty(
        phase=item.phase,
        podIP=item.pod_ip,
        podIPs=[{"ip": ip} for ip in item.pod_ips],
        hostIP=item.host_ip,
        hostIPs=[{"ip": ip} for ip in item.host_ips],
        startTime=iso_time(item.start_time),
        conditions=encode_ready(ready=item.ready, since=item.ready_since),
        containerStatuses=[{"name": name, "state": {}} for name in item.stopped],
    )
    return {"_annotations": [(name, "") for name in item.ipam], "_owners": owners, "spec": spec, "status": status}


POD = Resource(
    kind=Kind.POD,
    group="",
    versions=("v1",),
    plural="pods",
    namespaced=True,
    core=True,
    has_detail=True,
    has_protobuf=True,
    alias="pod",
    wire=PodWire,
    decode=_decode,
    encode=_encode,
)
