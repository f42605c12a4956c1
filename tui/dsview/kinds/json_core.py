"""The JSON that the API server sends, as msgspec reads it: only fields that are used, everything else is skipped.

Go writes empty slices and maps as `null` or leaves them out, so all but the name may be absent or null. What is of
the wrong type fails the one object it stands in (`decode` quarantines it). Labels, owners, host addresses and the
words of containers repeat across pods: they come as `Raw` and are decoded once for each distinct text.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Raw, field

NULL = Raw(b"null")


class Wire(msgspec.Struct, rename="camel", gc=False):
    """Base: camelCase names, unknown fields skipped."""


class ObjectMeta(Wire):
    """Metadata of most kinds."""

    name: str
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: Raw = NULL
    owner_references: Raw = NULL
    annotations: Raw = NULL


class OwnerReference(Wire):
    """metadata.ownerReferences[]."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class Port(Wire):
    """spec.ports[] of a Service."""

    name: str | None = None
    protocol: str | None = None
    port: int = 0
    target_port: int | str | None = None
    node_port: int | None = None


class ServiceSpec(Wire):
    """spec of a Service."""

    type: str | None = None
    cluster_ip: str | None = field(name="clusterIP", default=None)
    cluster_ips: list[str] | None = field(name="clusterIPs", default=None)
    ip_families: list[str] | None = None
    ip_family_policy: str | None = None
    selector: dict[str, str] | None = None
    ports: list[Port] | None = None
    external_ips: list[str] | None = field(name="externalIPs", default=None)
    load_balancer_ip: str | None = field(name="loadBalancerIP", default=None)
    load_balancer_source_ranges: list[str] | None = None
    external_traffic_policy: str | None = None
    publish_not_ready_addresses: bool | None = None


class IngressEntry(Wire):
    """status.loadBalancer.ingress[] of a Service or an Ingress."""

    ip: str | None = None
    hostname: str | None = None
    ip_mode: str | None = None


class LoadBalancerStatus(Wire):
    """status.loadBalancer."""

    ingress: list[IngressEntry] | None = None


class ServiceStatus(Wire):
    """status of a Service or an Ingress."""

    load_balancer: LoadBalancerStatus | None = None


class ServiceWire(Wire):
    """v1 Service."""

    metadata: ObjectMeta
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


class Conditions(Wire):
    """endpoints[].conditions; null is true."""

    ready: bool | None = None


class TargetRef(Wire):
    """endpoints[].targetRef."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class EndpointWire(Wire):
    """endpoints[] of an EndpointSlice."""

    addresses: list[str] | None = None
    conditions: Conditions | None = None
    target_ref: TargetRef | None = None
    node_name: str | None = None


class EndpointSliceWire(Wire):
    """discovery.k8s.io/v1 EndpointSlice."""

    metadata: ObjectMeta
    address_type: str | None = None
    endpoints: list[EndpointWire] | None = None


class PodIP(Wire):
    """status.podIPs[] and status.hostIPs[]."""

    ip: str | None = None


class ContainerWire(Wire):
    """spec.containers[]: raw words, so that equal containers are recognised before anything is decoded."""

    name: str | None = None
    image: str | None = None
    command: Raw = NULL
    args: Raw = NULL
    ports: Raw = NULL
    liveness_probe: Raw = NULL
    readiness_probe: Raw = NULL
    startup_probe: Raw = NULL


class ContainerPortWire(Wire):
    """spec.containers[].ports[]."""

    name: str | None = None
    container_port: int = 0
    protocol: str | None = None


class ConditionWire(Wire):
    """status.conditions[]."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    last_transition_time: datetime | None = None


class PodSpec(Wire):
    """spec of a Pod."""

    node_name: str | None = None
    host_network: bool | None = None
    dns_policy: str | None = None
    containers: list[ContainerWire] | None = None


class PodStatus(Wire):
    """status of a Pod."""

    phase: str | None = None
    pod_ip: str | None = field(name="podIP", default=None)
    pod_ips: list[PodIP] | None = field(name="podIPs", default=None)
    host_ip: str | None = field(name="hostIP", default=None)
    host_ips: Raw = field(name="hostIPs", default=NULL)
    start_time: datetime | None = None
    conditions: list[ConditionWire] | None = None


class PodWire(Wire):
    """v1 Pod."""

    metadata: ObjectMeta
    spec: PodSpec | None = None
    status: PodStatus | None = None


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


class EndpointSubset(Wire):
    """subsets[] of an Endpoints object."""

    addresses: list[PodIP] | None = None
    not_ready_addresses: list[PodIP] | None = None


class EndpointsWire(Wire):
    """v1 Endpoints."""

    metadata: ObjectMeta
    subsets: list[EndpointSubset] | None = None


class ConfigMapWire(Wire):
    """v1 ConfigMap."""

    metadata: ObjectMeta
    data: dict[str, str] | None = None


class InvolvedObject(Wire):
    """involvedObject of an Event."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None


class EventWire(Wire):
    """v1 Event."""

    metadata: ObjectMeta
    reason: str | None = None
    message: str | None = None
    involved_object: InvolvedObject | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
