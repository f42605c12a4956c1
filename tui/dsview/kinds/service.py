"""Services."""

from __future__ import annotations

import msgspec
from msgspec import field

from dsview.core.address import Family, families_of
from dsview.kinds.annotations import (
    IGNORE_ANNOTATION,
    Annotations,
    annotation_reader,
    matching_annotations,
    without_ignore,
)
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.load_balancer import LoadBalancerIngress, ServiceStatus, encode_load_balancer, ingress_entries
from dsview.kinds.metadata import NO_LABELS, Labels, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, texts, without_empty


class ServicePort(msgspec.Struct, frozen=True, gc=False):
    """A port of a Service. `target_port` is a number, the name of a container port, or empty if it equals the port."""

    name: str
    protocol: str
    port: int
    target_port: int | str
    node_port: int = 0


_USUAL_FAMILIES = frozenset({("IPv4",), ("IPv6",), ("IPv4", "IPv6"), ("IPv6", "IPv4")})


class Service(Object, frozen=True, gc=False):
    """A v1 Service. `annotations` contains only those for load balancers, as (name, value).

    `has_status` is false if the object has no status, as in a manifest.
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
    load_balancer_class: str = ""
    publish_not_ready_addresses: bool = False
    load_balancer_ingress: tuple[LoadBalancerIngress, ...] = ()
    has_status: bool = True
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def is_manifest(self) -> bool:
        """Whether this is a manifest that has not been sent to an API server, and contains only the desired state.

        `kubectl create --dry-run` writes an empty status; only an API server adds clusterIPs.
        """
        is_from_server = self.has_status and (self.cluster_ips or self.load_balancer_ingress)
        return not (self.uid or self.created or is_from_server)

    @property
    def is_headless(self) -> bool:
        """Whether the Service is intentionally headless."""
        return self.cluster_ip == "None" or (not self.cluster_ip and self.cluster_ips[:1] == ("None",))

    @property
    def is_external_name(self) -> bool:
        """Whether the Service is a DNS alias, which has no families."""
        return self.type == "ExternalName"

    @property
    def real_cluster_ips(self) -> tuple[str, ...]:
        """The cluster IPs that are addresses. Empty for a headless Service."""
        texts = self.cluster_ips or ((self.cluster_ip,) if self.cluster_ip else ())
        return tuple(text for text in texts if text and text != "None")

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of the Service: spec.ipFamilies, or the families of clusterIPs if that is empty."""
        if self.is_external_name:
            return ()
        if self.ip_families in _USUAL_FAMILIES:
            return self.ip_families  # type: ignore[return-value]  # the usual ones are families
        named = tuple(dict.fromkeys(f for f in self.ip_families if f in ("IPv4", "IPv6")))
        return named or families_of(self.real_cluster_ips)  # type: ignore[return-value]  # narrowed by the filter


SERVICE_ANNOTATIONS = (
    "metallb.universe.tf/loadBalancerIPs",
    "metallb.io/loadBalancerIPs",
    "lbipam.cilium.io/ips",
    "io.cilium/lb-ipam-ips",
    "kube-vip.io/loadbalancerIPs",
    "purelb.io/addresses",
    "metallb.universe.tf/ip-allocated-from-pool",
    "metallb.io/ip-allocated-from-pool",
    "service.beta.kubernetes.io/azure-load-balancer-ipv4",
    "service.beta.kubernetes.io/azure-load-balancer-ipv6",
    "service.beta.kubernetes.io/aws-load-balancer-ip-address-type",
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type",
    "service.beta.kubernetes.io/aws-load-balancer-scheme",
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.kubernetes.io/service-proxy-name",
    "traefik.ingress.kubernetes.io/service.nativelb",
    "ingress.kubernetes.io/service-upstream",
)

BALANCER_PREFIXES = (
    "load-balancer.hetzner.cloud/",
    "service.beta.kubernetes.io/linode-loadbalancer-",
    "service.beta.kubernetes.io/do-loadbalancer-",
    "kubernetes.digitalocean.com/load-balancer-",
    "service.beta.kubernetes.io/scw-loadbalancer-",
    "service.beta.kubernetes.io/vultr-loadbalancer-",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-",
)
"""The annotation prefixes of providers whose load balancers terminate each connection and open a new one."""

_named_annotations = annotation_reader(IGNORE_ANNOTATION, *SERVICE_ANNOTATIONS)


def service_annotations(raw: msgspec.Raw) -> Annotations:
    """The annotations of a Service that are read: the named ones, and the names of those with `BALANCER_PREFIXES`."""
    of_providers = matching_annotations(raw, BALANCER_PREFIXES, str.startswith)
    return (*_named_annotations(raw), *((name, "") for name, _ in of_providers))


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
    load_balancer_class: str | None = None
    publish_not_ready_addresses: bool | None = None


class ServiceWire(Wire):
    """v1 Service."""

    metadata: ObjectMeta
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


def _decode(o: ServiceWire) -> Service:
    spec = o.spec or ServiceSpec()
    annotations = service_annotations(o.metadata.annotations)
    ports = tuple(
        ServicePort(
            p.name or "", p.protocol or "TCP", p.port, "" if p.target_port is None else p.target_port, p.node_port or 0
        )
        for p in spec.ports or ()
    )
    return Service(
        **read_meta(o.metadata, annotations),
        type=spec.type or "ClusterIP",
        cluster_ip=spec.cluster_ip or "",
        cluster_ips=texts(spec.cluster_ips),
        ip_families=texts(spec.ip_families),
        ip_family_policy=spec.ip_family_policy or "",
        selector=spec.selector or NO_LABELS,
        ports=ports,
        external_ips=texts(spec.external_ips),
        load_balancer_ip=spec.load_balancer_ip or "",
        load_balancer_source_ranges=texts(spec.load_balancer_source_ranges),
        external_traffic_policy=spec.external_traffic_policy or "",
        load_balancer_class=spec.load_balancer_class or "",
        publish_not_ready_addresses=bool(spec.publish_not_ready_addresses),
        load_balancer_ingress=ingress_entries(o.status),
        has_status=o.status is not None,
        annotations=without_ignore(annotations),
    )


def _encode(item: Service) -> Json:
    ports = [
        without_empty(name=p.name, protocol=p.protocol, port=p.port, targetPort=p.target_port, nodePort=p.node_port)
        for p in item.ports
    ]
    spec = without_empty(
        type=item.type,
        clusterIP=item.cluster_ip,
        clusterIPs=list(item.cluster_ips),
        ipFamilies=list(item.ip_families),
        ipFamilyPolicy=item.ip_family_policy,
        selector=dict(item.selector),
        ports=ports,
        externalIPs=list(item.external_ips),
        loadBalancerIP=item.load_balancer_ip,
        loadBalancerSourceRanges=list(item.load_balancer_source_ranges),
        externalTrafficPolicy=item.external_traffic_policy,
        loadBalancerClass=item.load_balancer_class,
        publishNotReadyAddresses=item.publish_not_ready_addresses,
    )
    status = {"status": encode_load_balancer(item.load_balancer_ingress)} if item.has_status else {}
    return {"_annotations": item.annotations, "spec": spec, **status}


SERVICE = Resource(
    kind=Kind.SERVICE,
    group="",
    versions=("v1",),
    plural="services",
    namespaced=True,
    core=True,
    has_detail=True,
    has_protobuf=True,
    alias="service",
    wire=ServiceWire,
    decode=_decode,
    encode=_encode,
)
