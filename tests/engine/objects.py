"""Objects with few names and few addresses, so that most objects of a random cluster concern each other."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from dsview.core.listen import Listener, ListenSource, ProxyListeners
from dsview.kinds.condition import Condition
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.container import Container, ContainerPort
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.endpoints import Endpoints
from dsview.kinds.event import Event
from dsview.kinds.gateway import Gateway, GatewayAddress, GatewayClass, HTTPRoute, ParametersRef, RouteBackend
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.ingress import Ingress, IngressBackend
from dsview.kinds.ingress_class import IngressClass
from dsview.kinds.ip_address import IPAddress
from dsview.kinds.istio_gateway import IstioGateway
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import OwnerRef
from dsview.kinds.network_policy import IPBlock, LabelSelector, NetworkPolicy, PolicyRule
from dsview.kinds.node import Node, NodeAddress
from dsview.kinds.pod import IPAM_ANNOTATIONS, Pod
from dsview.kinds.service import Service, ServicePort
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.kinds.webhook_configuration import WebhookConfiguration
from dsview.sources.events import Item

START = 1_700_000_000
"""When every story begins, epoch seconds."""

TIMES = st.sampled_from([0, START - 5_000, START - 100, START - 30, START, START + 45])
NAMESPACES = st.sampled_from(["default", "default", "kube-system"])
POD_NAMES = ("p1", "p2", "p3", "ingress")
SERVICE_NAMES = ("web", "kubernetes", "kube-dns", "pub")
NODE_NAMES = ("n1", "n2", "n3")
V4_ADDRESSES = ("10.244.1.1", "10.244.2.1", "10.96.0.1", "10.96.0.10", "192.0.2.1", "169.254.1.1", "010.244.1.1")
V6_ADDRESSES = (
    "fd00:1::1",
    "fd00:2::1",
    "fd00:96::1",
    "fd00:96::a",
    "2001:db8::1",
    "fe80::1",
    "FD00:1::1",
    "::ffff:10.244.1.1",
)
CIDRS = (
    "10.244.1.0/24",
    "10.244.2.0/24",
    "10.96.0.0/16",
    "fd00:1::/64",
    "fd00:2::/64",
    "fd00:96::/112",
    "0.0.0.0/0",
    "::/0",
)
_FAMILIES: tuple[tuple[str, ...], ...] = ((), ("IPv4",), ("IPv6",), ("IPv4", "IPv6"), ("IPv6", "IPv4"))
_LABELS: tuple[dict[str, str], ...] = (
    {},
    {"app": "web"},
    {"app": "web", "pod-template-hash": "a"},
    {"app": "web", "pod-template-hash": "b"},
    {"app": "ingress"},
)


def _addresses(largest: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    pairs = st.tuples(st.sampled_from(V4_ADDRESSES[:5]), st.sampled_from(V6_ADDRESSES[:5]))
    odd = st.lists(st.sampled_from(V4_ADDRESSES + V6_ADDRESSES), max_size=largest).map(tuple)
    return st.one_of(
        pairs, pairs.map(lambda p: (p[1], p[0])), pairs.map(lambda p: p[:1]), pairs.map(lambda p: p[1:]), odd
    )


def _cidrs() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(CIDRS[:6]), max_size=2, unique=True).map(tuple)


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


_ENTRIES = st.lists(
    st.builds(LoadBalancerIngress, ip=_some("", "192.0.2.1", "2001:db8::1"), hostname=_some("", "", "lb.test")),
    max_size=2,
).map(tuple)

SERVICES = st.builds(
    Service,
    name=_some(*SERVICE_NAMES),
    namespace=NAMESPACES,
    created=TIMES,
    labels=_some({}, {"k8s-app": "kube-dns"}, {"gateway.networking.k8s.io/gateway-name": "web"}),
    ignore=_some("", "", "DS-SVC-002"),
    type=_some("ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer", "ExternalName"),
    cluster_ip=_some("", "None", "10.96.0.1", "fd00:96::1"),
    cluster_ips=_addresses(),
    ip_families=_some(*_FAMILIES),
    ip_family_policy=_some("SingleStack", "PreferDualStack", "RequireDualStack"),
    selector=_some({}, {"app": "web"}, {"app": "web"}, {"app": "ingress"}),
    ports=_some((), (ServicePort("http", "TCP", 80, "http", 0),), (ServicePort("", "TCP", 80, 80, 0),)),
    external_ips=_some((), (), ("192.0.2.1",), ("2001:db8::1",)),
    load_balancer_source_ranges=_some((), ("10.0.0.0/8",)),
    external_traffic_policy=_some("", "Local"),
    load_balancer_ingress=_ENTRIES,
    annotations=_some((), (("metallb.io/loadBalancerIPs", "192.0.2.1"),)),
)

_ENDPOINTS = st.lists(
    st.builds(
        Endpoint,
        addresses=_addresses(1),
        ready=st.booleans(),
        target=st.tuples(NAMESPACES, _some(*POD_NAMES, "")),
        target_uid=_some("", "", "u1"),
        node_name=_some("", *NODE_NAMES[:2]),
    ),
    max_size=3,
)


def _with_endpoints(item: EndpointSlice, endpoints: list[Endpoint]) -> EndpointSlice:
    size, rows = pack(endpoints)
    return msgspec.structs.replace(item, size=size, rows=rows)


SLICES = st.builds(
    _with_endpoints,
    st.builds(
        EndpointSlice,
        name=_some("s1", "s2", "s3"),
        namespace=NAMESPACES,
        service_name=_some(*SERVICE_NAMES, ""),
        address_type=_some("IPv4", "IPv6", "IPv4", "IPv6", "FQDN"),
        managed_by=_some("endpointslice-controller.k8s.io", ""),
    ),
    _ENDPOINTS,
)


def _container(image: str, *words: str) -> tuple[Container, ...]:
    ports = (ContainerPort("http", 80, "TCP"), ContainerPort("https", 443, "TCP"))
    return (Container("controller", image, words, ports, ("httpGet",)),)


_CONTROLLER = "registry.test/ingress-nginx/controller:v1"
_CONTAINERS = (
    (),
    _container("web"),
    _container(_CONTROLLER),
    _container(_CONTROLLER, "--publish-service=default/pub", "--ingress-class=nginx"),
    _container(_CONTROLLER, "--publish-service=kube-system/web", "--watch-ingress-without-class=true"),
    _container("apiserver", "--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112", "--cluster-cidr=10.244.0.0/16"),
    _container("apiserver", "--service-cluster-ip-range", "fd00:96::/112"),
)

PODS = st.builds(
    Pod,
    name=_some(*POD_NAMES),
    namespace=NAMESPACES,
    uid=_some("", "u1", "u2"),
    labels=_some(
        *_LABELS,
        {"component": "kube-apiserver"},
        {"component": "kube-controller-manager"},
        {"k8s-app": "cilium"},
        {"k8s-app": "kube-proxy"},
        {"app": "istiod"},
        {"app": "ingress", "gateway.istio.io/managed": "x", "gateway.networking.k8s.io/gateway-name": "web"},
        {"app": "web", "app.kubernetes.io/managed-by": "ngf-nginx", "gateway.networking.k8s.io/gateway-name": "pub"},
        {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller", "app": "ingress"},
    ),
    deleted=_some(0, 0, 0, START),
    owner=_some(None, OwnerRef("ReplicaSet", "web-a"), OwnerRef("DaemonSet", "ingress")),
    node_name=_some("", *NODE_NAMES),
    host_network=_some(False, False, False, True),
    dns_policy=_some("ClusterFirst", "ClusterFirst", "Default", "ClusterFirstWithHostNet"),
    phase=_some("Running", "Running", "Running", "Running", "Pending", "Succeeded"),
    ready=_some(True, True, False),
    ready_since=TIMES,
    pod_ip=_some("", "10.244.1.1", "fd00:1::1"),
    pod_ips=_addresses(),
    host_ip=_some("", "192.0.2.1"),
    host_ips=_some((), ("192.0.2.1",), ("2001:db8::1", "192.0.2.1")),
    start_time=TIMES,
    containers=_some(*_CONTAINERS),
    ipam=_some((), (), (), (IPAM_ANNOTATIONS[0],)),
    stopped=_some((), (), ("web",)),
)

NODES = st.builds(
    Node,
    name=_some(*NODE_NAMES),
    created=TIMES,
    labels=_some(
        {},
        {},
        {"node-role.kubernetes.io/control-plane": ""},
        {"type": "virtual-kubelet"},
        {"kubernetes.io/os": "windows"},
    ),
    pod_cidr=_some("", "10.244.1.0/24"),
    pod_cidrs=_cidrs(),
    taints=_some((), (("node.cloudprovider.kubernetes.io/uninitialized", "NoSchedule"),)),
    addresses=st.lists(
        st.builds(
            NodeAddress, _some("InternalIP", "InternalIP", "ExternalIP"), _some("192.0.2.1", "2001:db8::1", "fe80::1")
        ),
        max_size=3,
    ).map(tuple),
    ready=_some(True, True, True, False),
    kubelet_version=_some("", "v1.36.0", "v1.19.0"),
    provider_id=_some("", "aws:///x", "kind://x"),
    annotations=_some(
        (),
        (("alpha.kubernetes.io/provided-node-ip", "192.0.2.1"),),
        (("io.cilium.network.ipv6-pod-cidr", "fd00:1::/64"),),
    ),
)

SERVICE_CIDRS = st.builds(
    ServiceCIDR,
    name=_some("kubernetes", "more"),
    deleted=_some(0, START),
    cidrs=_some(
        ("10.96.0.0/16",), ("10.96.0.0/16", "fd00:96::/112"), ("fd00:96::/112", "10.96.0.0/16"), ("fd00:96::/127",)
    ),
    conditions=_some((), (Condition("Ready", "False", "Terminating", START),)),
)

IP_ADDRESSES = st.builds(
    IPAddress,
    name=_some("10.96.0.1", "10.96.0.10", "fd00:96::1", "fd00:96::"),
    created=TIMES,
    parent_resource=_some("services", "services", "", "gateways"),
    parent_namespace=NAMESPACES,
    parent_name=_some(*SERVICE_NAMES),
)

INGRESSES = st.builds(
    Ingress,
    name=_some("i1", "i2"),
    namespace=NAMESPACES,
    created=TIMES,
    class_name=_some("", "nginx", "nginx", "other"),
    backends=st.lists(st.builds(IngressBackend, host=st.just(""), service=_some(*SERVICE_NAMES)), max_size=2).map(
        tuple
    ),
    load_balancer_ingress=_ENTRIES,
)

INGRESS_CLASSES = st.builds(
    IngressClass,
    name=_some("nginx", "other"),
    controller=_some("k8s.io/ingress-nginx", "example.test/other"),
    is_default=st.booleans(),
)

_RULES = st.lists(
    st.builds(
        PolicyRule,
        blocks=st.lists(st.builds(IPBlock, cidr=_some(*CIDRS), excepts=_some((), ("10.0.0.0/8",))), max_size=2).map(
            tuple
        ),
        has_selectors=_some(False, False, True),
        has_peers=_some(True, True, False),
    ),
    max_size=2,
).map(tuple)

NETWORK_POLICIES = st.builds(
    NetworkPolicy,
    name=_some("np1", "np2"),
    namespace=NAMESPACES,
    pod_selector=st.builds(LabelSelector, match_labels=_some({}, {"app": "web"})),
    policy_types=_some(("Ingress",), ("Ingress", "Egress")),
    ingress=_RULES,
    egress=_RULES,
)


def _webhooks(kind: Kind) -> st.SearchStrategy[WebhookConfiguration]:
    called = st.lists(st.tuples(NAMESPACES, _some(*SERVICE_NAMES)), max_size=2, unique=True).map(tuple)
    return st.builds(WebhookConfiguration, name=_some("w1", "w2"), kind=st.just(kind.value), services=called)


_PROXY = (
    "nodePortAddresses: [192.0.2.0/24]\nclusterCIDR: 10.244.0.0/16\n",
    "detectLocalMode: NodeCIDR\n",
    "clusterCIDR: fd00::/48\n",
    "][",
)
_CONTROLLER_DATA: tuple[dict[str, str], ...] = (
    {},
    {"disable-ipv6": "true"},
    {"bind-address": "192.0.2.1"},
    {"use-proxy-protocol": "true", "denylist-source-range": "10.0.0.0/8"},
)

CONFIG_MAPS = st.one_of(
    st.builds(lambda t: ConfigMap(name="kube-proxy", namespace="kube-system", data={"config.conf": t}), _some(*_PROXY)),
    st.builds(
        lambda t: ConfigMap(name="coredns", namespace="kube-system", data={"Corefile": t}),
        _some(
            ".:53 {\n kubernetes cluster.local in-addr.arpa {\n }\n}\n",
            ".:53 {\n kubernetes cluster.local ip6.arpa\n forward . 2001:db8:53::1\n}\n",
        ),
    ),
    st.builds(
        lambda ns, data: ConfigMap(name="ingress-nginx-controller", namespace=ns, data=data),
        NAMESPACES,
        _some(*_CONTROLLER_DATA),
    ),
)

PROBED = tuple(f"dial tcp {text}: connect: connection refused" for text in ("10.244.1.1:80", "[fd00:1::1]:80"))

EVENTS = st.builds(
    Event,
    name=_some("e1", "e2", "e3"),
    namespace=NAMESPACES,
    reason=_some(
        "KubernetesDefaultServiceCIDRInconsistent",
        "KubernetesDefaultServiceCIDRError",
        "ClusterIPOutOfRange",
        "HostIPsIPFamilyMismatch",
        "CIDRNotAvailable",
        "AllocationFailed",
        "Unhealthy",
        "Unhealthy",
    ),
    message=_some(*PROBED, "it failed", "10.96.0.1 is out of range", "no pool"),
    involved_kind=_some("Service", "Pod", "Node", ""),
    involved_namespace=_some("default", "kube-system", ""),
    involved_name=_some("web", "pub", "kubernetes", "p1", "p2", "n1", ""),
    involved_container=_some("", "web"),
    last_seen=TIMES,
)

ENDPOINTS = st.builds(Endpoints, name=_some(*SERVICE_NAMES), namespace=NAMESPACES, addresses=_addresses())

_LISTENERS = st.lists(
    st.builds(
        Listener,
        transport=st.just("tcp"),
        address=_some("*", "[::]"),
        port=_some(80, 443),
        families=_some(("IPv4",), ("IPv6",), ("IPv4", "IPv6")),
        server_names=_some(("_",), ("a.test", "b.test")),
        internal=_some(False, False, True),
    ),
    max_size=4,
).map(tuple)

NGINX_CONFS = st.builds(
    ProxyListeners,
    namespace=NAMESPACES,
    name=_some(*POD_NAMES),
    source=_some(ListenSource.READ, ListenSource.READ, ListenSource.UNREAD),
    listeners=_LISTENERS,
)

PARAMETER_KINDS = (Kind.ENVOY_PROXY, Kind.NGINX_PROXY, Kind.CILIUM_GATEWAY_CLASS_CONFIG)
_REFERENCES = (None, *(ParametersRef("any.test", kind.value, "p", "default") for kind in PARAMETER_KINDS))

GATEWAY_CLASSES = st.builds(
    GatewayClass,
    name=_some("istio", "traefik", "envoy"),
    controller=_some(
        "istio.io/gateway-controller",
        "traefik.io/gateway-controller",
        "gateway.envoyproxy.io/gatewayclass-controller",
        "io.cilium/gateway-controller",
        "example.test/other",
    ),
    parameters=_some(*_REFERENCES),
)

GATEWAYS = st.builds(
    Gateway,
    name=_some("web", "pub"),
    namespace=NAMESPACES,
    created=TIMES,
    class_name=_some("istio", "traefik", "envoy", "none"),
    requested=_some((), (GatewayAddress("IPAddress", "2001:db8::1"),)),
    addresses=_some((), (GatewayAddress("IPAddress", "192.0.2.1"),), (GatewayAddress("Hostname", "a.test"),)),
    programmed=_some("True", "True", "False", ""),
    programmed_since=TIMES,
    parameters=_some(*_REFERENCES),
)

HTTP_ROUTES = st.builds(
    HTTPRoute,
    name=_some("r1", "r2"),
    namespace=NAMESPACES,
    accepted=_some((), (("default", "web"),), (("default", "web"), ("kube-system", "pub"))),
    backends=st.lists(st.builds(RouteBackend, namespace=NAMESPACES, name=_some(*SERVICE_NAMES)), max_size=2).map(
        lambda found: tuple(dict.fromkeys(found))
    ),
)


def _parameters(kind: Kind) -> st.SearchStrategy[GatewayParameters]:
    return st.builds(
        GatewayParameters,
        name=_some("p", "q"),
        namespace=NAMESPACES,
        kind=st.just(kind.value),
        ip_family=_some("", "IPv4", "IPv6", "DualStack", "dual", "odd"),
        ip_family_policy=_some("", "RequireDualStack"),
        routing_type=_some("", "Service"),
    )


ISTIO_GATEWAYS = st.builds(
    IstioGateway,
    name=_some("p", "q"),
    namespace=NAMESPACES,
    selector=_some({}, {"app": "a"}),
    binds=st.booleans(),
)

OBJECTS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.SERVICE: SERVICES,
    Kind.ENDPOINT_SLICE: SLICES,
    Kind.POD: PODS,
    Kind.NODE: NODES,
    Kind.SERVICE_CIDR: SERVICE_CIDRS,
    Kind.IP_ADDRESS: IP_ADDRESSES,
    Kind.INGRESS: INGRESSES,
    Kind.INGRESS_CLASS: INGRESS_CLASSES,
    Kind.NETWORK_POLICY: NETWORK_POLICIES,
    Kind.VALIDATING_WEBHOOK: _webhooks(Kind.VALIDATING_WEBHOOK),
    Kind.MUTATING_WEBHOOK: _webhooks(Kind.MUTATING_WEBHOOK),
    Kind.API_SERVICE: _webhooks(Kind.API_SERVICE),
    Kind.CONFIG_MAP: CONFIG_MAPS,
    Kind.EVENT: EVENTS,
    Kind.ENDPOINTS: ENDPOINTS,
    Kind.GATEWAY_CLASS: GATEWAY_CLASSES,
    Kind.GATEWAY: GATEWAYS,
    Kind.HTTP_ROUTE: HTTP_ROUTES,
    **{kind: _parameters(kind) for kind in PARAMETER_KINDS},
    Kind.ISTIO_GATEWAY: ISTIO_GATEWAYS,
    Kind.PROXY_LISTENERS: NGINX_CONFS,
}

COMMON = (Kind.POD, Kind.POD, Kind.POD, Kind.SERVICE, Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.ENDPOINT_SLICE, Kind.NODE)


def some_objects(largest: int = 6) -> st.SearchStrategy[list[tuple[Kind, Item]]]:
    """Objects of any kinds, each with its kind; pods, Services, slices and nodes are more frequent."""

    def of_kind(kind: Kind) -> st.SearchStrategy[tuple[Kind, Item]]:
        return st.tuples(st.just(kind), OBJECTS[kind])

    return st.lists(st.sampled_from((*COMMON, *OBJECTS)).flatmap(of_kind), min_size=1, max_size=largest)
