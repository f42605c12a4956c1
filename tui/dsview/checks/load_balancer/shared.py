"""The addresses of a load balancer, and the clients that it admits."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import patch_service
from dsview.cluster.profile import Profile
from dsview.core.address import V6, Family, are_addresses, families_of
from dsview.core.cidr import cidr_families, parse_cidrs
from dsview.core.command_flags import split_list
from dsview.kinds.kind import Kind
from dsview.kinds.service import BALANCER_PREFIXES, Service

SETTLES = 300.0
"""The time limit for a load balancer in seconds."""


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
"""Annotations of load-balancer controllers in the cluster that forward packets to the nodes unchanged."""

_AZURE_PREFIX = "service.beta.kubernetes.io/azure-load-balancer-"

_PROXYING_CLASSES = frozenset({"tailscale"})
"""Values of spec.loadBalancerClass whose controllers run their own proxy at addresses of both families."""

SLICES_SETTLE = 60.0
"""Seconds by which the endpoints of one family may lag behind those of the other."""


TYPE = "LoadBalancer"


RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def vip_families(service: Service) -> tuple[Family, ...]:
    """The families of the load-balancer IPs, in order of first occurrence."""
    return families_of(tuple(entry.ip for entry in service.load_balancer_ingress if entry.ip))


def has_unread_ip(service: Service) -> bool:
    """Whether a load-balancer address is not an IP address, for example because it is redacted."""
    return not are_addresses(entry.ip for entry in service.load_balancer_ingress if entry.ip)


def has_hostname(service: Service) -> bool:
    """Whether a load balancer has a host name."""
    return any(entry.hostname for entry in service.load_balancer_ingress)


def source_ranges(service: Service) -> tuple[str, ...]:
    """The ranges that limit access to the load balancer: the field, otherwise the annotation that it replaced."""
    return service.load_balancer_source_ranges or split_list(dict(service.annotations).get(RANGES, ""))


def closing_ranges(service: Service, family: Family) -> list[str]:
    """The source ranges of a Service, plus one that admits no clients over a family."""
    closed = "::1/128" if family == V6 else "127.0.0.1/32"
    return [*source_ranges(service), closed]


def close_family(service: Service, family: Family) -> str:
    """A patch that admits no clients over a family until its ranges are added."""
    return patch_service(service, loadBalancerSourceRanges=closing_ranges(service, family))


def ranges_to_add(service: Service, family: Family) -> str:
    """The source ranges that a Service needs beside an added family, as a comment; empty if it limits nobody.

    With ranges of the other family only, kube-proxy admits every client of the added one.
    """
    ranges = source_ranges(service) if service.type == TYPE else ()
    if not ranges or limits_nobody(ranges) or family in cidr_families(ranges):
        return ""
    closed = closing_ranges(service, family)[-1]
    return (
        f"# in the same step, add {family} ranges to loadBalancerSourceRanges ({closed} admits nobody): "
        f"without any, every {family} client is admitted"
    )


def limits_nobody(ranges: tuple[str, ...]) -> bool:
    """Whether source ranges admit all clients of a family, so they are not meant to limit access."""
    return any(cidr.prefix_length == 0 for cidr in parse_cidrs(ranges))


def is_provider_known(service: Service, ctx: Context) -> bool:
    """Whether the nodes, a class or an annotation show who provides the load balancer of a Service."""
    if ctx.knows(Kind.NODE) or service.load_balancer_class:
        return True
    return any(name in _OF_OTHER_CONTROLLERS or name.startswith(_AZURE_PREFIX) for name, _ in service.annotations)


def terminates_connections(service: Service, profile: Profile, ip_mode: str = "") -> bool:
    """Whether the load balancer terminates connections and opens new ones, in any family of the Service.

    ipMode Proxy means this, as do the annotations of some providers, and AWS with IP targets. VIP means nothing,
    because it is the default of ipMode. If all nodes are of such a provider, its load balancer is assumed, unless an
    annotation names a different one.
    """
    if ip_mode == "Proxy" or service.load_balancer_class in _PROXYING_CLASSES:
        return True
    names = {name for name, _ in service.annotations}
    if any(name.startswith(BALANCER_PREFIXES) for name in names):
        return True
    if dict(service.annotations).get(_AWS_TARGETS) == "ip":
        return True
    return profile.balancers_end_connections and names.isdisjoint(_OF_OTHER_CONTROLLERS)
