"""What a load balancer was given, and whom it lets in."""

from __future__ import annotations

from dsview.checks.engine.remediation import patch_service
from dsview.cluster.profile import Profile, split_list
from dsview.core.address import V6, Family, are_addresses, families_of
from dsview.core.cidr import parse_cidrs
from dsview.kinds.service import BALANCER_PREFIXES, Service

SETTLES = 300.0
"""Seconds that a load balancer may take."""


_AWS_TARGETS = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"

_OF_OTHER_CONTROLLERS = frozenset(
    {
        "metallb.universe.tf/loadBalancerIPs",
        "metallb.io/loadBalancerIPs",
        "metallb.universe.tf/ip-allocated-from-pool",
        "metallb.io/ip-allocated-from-pool",
        "lbipam.cilium.io/ips",
        "io.cilium/lb-ipam-ips",
        "kube-vip.io/loadbalancerIPs",
        "purelb.io/addresses",
    }
)
"""Annotations of load-balancer controllers that run in the cluster and hand packets to the nodes as they are."""

_PROXYING_CLASSES = frozenset({"tailscale"})
"""Values of spec.loadBalancerClass whose controllers put a proxy of their own at addresses of both families."""

SLICES_SETTLE = 60.0
"""Seconds that the endpoints of the two families may lag behind each other."""


TYPE = "LoadBalancer"


RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def vip_families(service: Service) -> tuple[Family, ...]:
    """The families of the load-balancer IPs, in order of first occurrence."""
    return families_of(tuple(entry.ip for entry in service.load_balancer_ingress if entry.ip))


def has_unread_ip(service: Service) -> bool:
    """Whether an address of the load balancer is none, as where it was masked: then its family is not known."""
    return not are_addresses(entry.ip for entry in service.load_balancer_ingress if entry.ip)


def has_hostname(service: Service) -> bool:
    """Whether a load balancer is known by a host name."""
    return any(entry.hostname for entry in service.load_balancer_ingress)


def source_ranges(service: Service) -> tuple[str, ...]:
    """The ranges that limit who may use the load balancer: the field, else the annotation that it replaced."""
    return service.load_balancer_source_ranges or split_list(dict(service.annotations).get(RANGES, ""))


def closing_ranges(service: Service, family: Family) -> list[str]:
    """The source ranges of a Service with one that lets nobody in over a family."""
    closed = "::1/128" if family == V6 else "127.0.0.1/32"
    return [*source_ranges(service), closed]


def close_family(service: Service, family: Family) -> str:
    """A patch that lets nobody in over a family, for as long as no range of it is known."""
    return patch_service(service, loadBalancerSourceRanges=closing_ranges(service, family))


def limits_nobody(ranges: tuple[str, ...]) -> bool:
    """Whether source ranges let in everybody of some family: then they were not written to limit anyone."""
    return any(cidr.prefix_length == 0 for cidr in parse_cidrs(ranges))


def ends_connections(service: Service, profile: Profile, ip_mode: str = "") -> bool:
    """Whether the load balancer ends each connection and opens one of its own, of whichever family the Service has.

    ipMode Proxy says so, the annotations of some providers do, and so does AWS' with IP targets. The default of
    ipMode is VIP, so that VIP says nothing. Where all nodes are of such a provider its balancer is taken for granted,
    unless an annotation tells of another one.
    """
    if ip_mode == "Proxy" or service.load_balancer_class in _PROXYING_CLASSES:
        return True
    names = {name for name, _ in service.annotations}
    if any(name.startswith(BALANCER_PREFIXES) for name in names):
        return True
    if dict(service.annotations).get(_AWS_TARGETS) == "ip":
        return True
    return profile.balancers_end_connections and names.isdisjoint(_OF_OTHER_CONTROLLERS)
