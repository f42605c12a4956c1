"""Kubernetes objects, each reduced to the fields that are read. Flat, frozen, small.

150,000 pods are held at once, so strings that repeat are shared (`decode` interns them), times are whole epoch
seconds (0 is "not given"), and EndpointSlices are packed (see `slices`). Field names are Kubernetes' own.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dsview.core.address import Family, families_of
from dsview.kinds.kind import Kind

Key = tuple[str, str]
"""Namespace (empty for cluster-wide kinds) and name."""

Labels = Mapping[str, str]
NO_LABELS: Labels = {}


class Object(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What every object has. `ignore` is the annotation `dsview.io/ignore`, `created` epoch seconds."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    created: int = 0
    labels: Labels = NO_LABELS
    ignore: str = ""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return (self.namespace, self.name)


class OwnerRef(msgspec.Struct, frozen=True, gc=False):
    """The controller of an object: its kind, name and uid."""

    kind: str
    name: str
    uid: str = ""


class ServicePort(msgspec.Struct, frozen=True, gc=False):
    """A port of a Service. `target_port` is a number, a container port's name, or empty for "the same"."""

    name: str
    protocol: str
    port: int
    target_port: int | str
    node_port: int = 0


class LoadBalancerIngress(msgspec.Struct, frozen=True, gc=False):
    """One entry of status.loadBalancer.ingress; `ip_mode` is `VIP`, `Proxy` or empty (then VIP)."""

    ip: str = ""
    hostname: str = ""
    ip_mode: str = ""


_USUAL_FAMILIES = frozenset({("IPv4",), ("IPv6",), ("IPv4", "IPv6"), ("IPv6", "IPv4")})


class Service(Object, frozen=True, gc=False, kw_only=True):
    """A v1 Service. `annotations` holds those of load balancers only, as (name, value).

    `has_status` is false where the object has no status at all, as in a manifest.
    """

    type: str = "ClusterIP"
    cluster_ip: str = ""
    cluster_ips: tuple[str, ...] = ()
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str = ""
    selector: Labels = NO_LABELS
    ports: tuple[ServicePort, ...] = ()
    external_ips: tuple[str, ...] = ()
    load_balancer_ip: str = ""
    load_balancer_source_ranges: tuple[str, ...] = ()
    external_traffic_policy: str = ""
    publish_not_ready_addresses: bool = False
    load_balancer_ingress: tuple[LoadBalancerIngress, ...] = ()
    has_status: bool = True
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def is_manifest(self) -> bool:
        """Whether this is a manifest that no API server has seen: it says what is wanted, not what became of it.

        `kubectl create --dry-run` writes an empty status; only an API server writes clusterIPs beside it.
        """
        was_served = self.has_status and (self.cluster_ips or self.load_balancer_ingress)
        return not (self.uid or self.created or was_served)

    @property
    def is_headless(self) -> bool:
        """Whether the Service has no cluster IP by intention."""
        return self.cluster_ip == "None" or (not self.cluster_ip and self.cluster_ips[:1] == ("None",))

    @property
    def is_external_name(self) -> bool:
        """Whether the Service is a DNS alias, which has no families."""
        return self.type == "ExternalName"

    @property
    def real_cluster_ips(self) -> tuple[str, ...]:
        """The cluster IPs that are addresses: none for a headless Service."""
        texts = self.cluster_ips or ((self.cluster_ip,) if self.cluster_ip else ())
        return tuple(text for text in texts if text and text != "None")

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of the Service: spec.ipFamilies, or what clusterIPs imply where a watch left it empty."""
        if self.is_external_name:
            return ()
        if self.ip_families in _USUAL_FAMILIES:
            return self.ip_families  # type: ignore[return-value]  # the usual ones are families
        named = tuple(dict.fromkeys(f for f in self.ip_families if f in ("IPv4", "IPv6")))
        return named or families_of(self.real_cluster_ips)  # type: ignore[return-value]  # narrowed by the filter


class ContainerPort(msgspec.Struct, frozen=True, gc=False):
    """A declared port of a container."""

    name: str
    container_port: int
    protocol: str


class Container(msgspec.Struct, frozen=True, gc=False):
    """A container. `command_line` is command and args together; `probes` the kinds, such as `httpGet`."""

    name: str
    image: str
    command_line: tuple[str, ...]
    ports: tuple[ContainerPort, ...]
    probes: tuple[str, ...]


class Pod(Object, frozen=True, gc=False, kw_only=True):
    """A v1 Pod. `ready_since` is the last transition of the Ready condition, `ipam` the IPAM annotations' names."""

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

    @property
    def ips(self) -> tuple[str, ...]:
        """status.podIPs, or status.podIP alone where an old server sends no list."""
        return self.pod_ips or ((self.pod_ip,) if self.pod_ip else ())

    @property
    def host_addresses(self) -> tuple[str, ...]:
        """status.hostIPs, or status.hostIP alone where an old server sends no list."""
        return self.host_ips or ((self.host_ip,) if self.host_ip else ())


class NodeAddress(msgspec.Struct, frozen=True, gc=False):
    """One entry of a Node's status.addresses."""

    type: str
    address: str


class Node(Object, frozen=True, gc=False, kw_only=True):
    """A v1 Node. `annotations` holds those that are read only; `taints` are (key, effect)."""

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
        """The addresses of one type, such as `InternalIP`, in order."""
        return tuple(a.address for a in self.addresses if a.type == kind)

    @property
    def cidrs(self) -> tuple[str, ...]:
        """spec.podCIDRs, or spec.podCIDR alone."""
        return self.pod_cidrs or ((self.pod_cidr,) if self.pod_cidr else ())

    def annotation(self, name: str) -> str:
        """The value of one of the annotations that are kept, or an empty string."""
        return next((value for key, value in self.annotations if key == name), "")


class Endpoints(Object, frozen=True, gc=False, kw_only=True):
    """A v1 Endpoints object: the addresses of all its subsets. Read only for DS-EPS-006."""

    addresses: tuple[str, ...] = ()


class Condition(msgspec.Struct, frozen=True, gc=False):
    """A status condition; `since` is its last transition, epoch seconds."""

    type: str
    status: str
    reason: str = ""
    since: int = 0


class ServiceCIDR(Object, frozen=True, gc=False, kw_only=True):
    """A networking.k8s.io ServiceCIDR. `deleted` is its deletion time, 0 where it is not being deleted."""

    deleted: int = 0
    cidrs: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


class IPAddress(Object, frozen=True, gc=False, kw_only=True):
    """A networking.k8s.io IPAddress: its name is the address. `parent_*` names the Service that holds it."""

    parent_resource: str = ""
    parent_namespace: str = ""
    parent_name: str = ""


class IngressBackend(msgspec.Struct, frozen=True, gc=False):
    """A Service that a path or the default backend of an Ingress names. `host` is empty for every host."""

    host: str
    service: str
    port: int | str = ""


class Ingress(Object, frozen=True, gc=False, kw_only=True):
    """A networking.k8s.io Ingress. `annotations` holds the class and source-range ones only."""

    class_name: str = ""
    backends: tuple[IngressBackend, ...] = ()
    hosts: tuple[str, ...] = ()
    load_balancer_ingress: tuple[LoadBalancerIngress, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def is_manifest(self) -> bool:
        """Whether this is a manifest that no API server has seen."""
        return not (self.uid or self.created or self.load_balancer_ingress)


class IngressClass(Object, frozen=True, gc=False, kw_only=True):
    """A networking.k8s.io IngressClass."""

    controller: str = ""
    is_default: bool = False


class IPBlock(msgspec.Struct, frozen=True, gc=False):
    """An ipBlock peer of a NetworkPolicy."""

    cidr: str
    excepts: tuple[str, ...] = ()


class PolicyRule(msgspec.Struct, frozen=True, gc=False):
    """One ingress or egress rule. `has_selectors` is true where a peer is no ipBlock; no peer at all means anyone."""

    blocks: tuple[IPBlock, ...]
    has_selectors: bool
    has_peers: bool


class LabelRequirement(msgspec.Struct, frozen=True, gc=False):
    """One of a selector's matchExpressions."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(msgspec.Struct, frozen=True, gc=False):
    """A metav1.LabelSelector; without any requirement it selects everything."""

    match_labels: Labels = NO_LABELS
    match_expressions: tuple[LabelRequirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether the labels satisfy every requirement (K:staging/src/k8s.io/apimachinery/pkg/labels/selector.go)."""
        if any(labels.get(key) != value for key, value in self.match_labels.items()):
            return False
        return all(_satisfies(requirement, labels) for requirement in self.match_expressions)


def _satisfies(requirement: LabelRequirement, labels: Labels) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False


class NetworkPolicy(Object, frozen=True, gc=False, kw_only=True):
    """A networking.k8s.io NetworkPolicy. A direction that is not in `policy_types` is not restricted."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[PolicyRule, ...] = ()
    egress: tuple[PolicyRule, ...] = ()


class WebhookConfiguration(Object, frozen=True, gc=False, kw_only=True):
    """A validating or mutating webhook configuration, or an APIService: the Services that it calls."""

    kind: str
    services: tuple[Key, ...] = ()


class ConfigMap(Object, frozen=True, gc=False, kw_only=True):
    """One of the few ConfigMaps that are read, by name."""

    data: Mapping[str, str] = NO_LABELS


class Event(Object, frozen=True, gc=False, kw_only=True):
    """A v1 Event of one of the reasons in `kinds.EVENT_REASONS`, and the object it is about."""

    reason: str = ""
    message: str = ""
    involved_kind: str = ""
    involved_namespace: str = ""
    involved_name: str = ""
    last_seen: int = 0


OBJECT_KINDS: dict[type[Object], Kind] = {
    Service: Kind.SERVICE,
    Pod: Kind.POD,
    Node: Kind.NODE,
    Endpoints: Kind.ENDPOINTS,
    ServiceCIDR: Kind.SERVICE_CIDR,
    IPAddress: Kind.IP_ADDRESS,
    Ingress: Kind.INGRESS,
    IngressClass: Kind.INGRESS_CLASS,
    NetworkPolicy: Kind.NETWORK_POLICY,
    ConfigMap: Kind.CONFIG_MAP,
    Event: Kind.EVENT,
}
