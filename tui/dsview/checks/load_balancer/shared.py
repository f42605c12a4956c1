"""What a load balancer was given, and whom it lets in."""

from __future__ import annotations

from dsview.checks.engine.remediation import patch_service
from dsview.cluster.profile import split_list
from dsview.core.address import V6, Family, families_of
from dsview.kinds.objects import Service

SETTLES = 300.0
"""Seconds that a load balancer may take."""


SLICES_SETTLE = 60.0
"""Seconds that the endpoints of the two families may lag behind each other."""


TYPE = "LoadBalancer"


RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def vip_families(service: Service) -> tuple[Family, ...]:
    """The families of the load-balancer IPs, in order of first occurrence."""
    return families_of(tuple(entry.ip for entry in service.load_balancer_ingress if entry.ip))


def has_hostname(service: Service) -> bool:
    """Whether a load balancer is known by a host name."""
    return any(entry.hostname for entry in service.load_balancer_ingress)


def source_ranges(service: Service) -> tuple[str, ...]:
    """The ranges that limit who may use the load balancer: the field, else the annotation that it replaced."""
    return service.load_balancer_source_ranges or split_list(dict(service.annotations).get(RANGES, ""))


def close_family(service: Service, family: Family) -> str:
    """A patch that lets nobody in over a family, for as long as no range of it is known."""
    closed = "::1/128" if family == V6 else "127.0.0.1/32"
    return patch_service(service, loadBalancerSourceRanges=[*source_ranges(service), closed])
