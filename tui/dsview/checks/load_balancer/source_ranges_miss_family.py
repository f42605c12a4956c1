"""Source ranges do not limit one family.

## Condition

loadBalancerSourceRanges limits one of the Service's families and has no range of the other. An error if the load
balancer has an address of that family and passes packets to the nodes unchanged.

## Why it matters

kube-proxy applies the ranges per family: a family without a range is open to all clients.

## Fix

Add ranges of that family; ::1/128 or 127.0.0.1/32 closes it.

## When it is a false alarm

The load balancer, a firewall or a dataplane other than kube-proxy applies the ranges. Ranges with 0.0.0.0/0 or ::/0
limit nobody, so the other family is not reported.

## Source

kubernetes/kubernetes pkg/proxy/serviceport.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import SOURCE_RANGES
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.load_balancer.shared import (
    TYPE,
    close_family,
    limits_nobody,
    source_ranges,
    terminates_connections,
)
from dsview.core.address import family_of
from dsview.core.cidr import are_ranges, cidr_families
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-LB-005",
    slug="source-ranges-miss-family",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    uses=(Kind.NODE,),
    addresses=(SOURCE_RANGES,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a limit in one family without one in the other."""
    ranges = source_ranges(service)
    named = cidr_families(ranges)
    if service.type != TYPE or not named or not are_ranges(ranges) or limits_nobody(ranges):
        return
    for family in service.families:
        if family in named:
            continue
        is_open = any(
            entry.ip
            and family_of(entry.ip) == family
            and not terminates_connections(service, ctx.profile, entry.ip_mode)
            for entry in service.load_balancer_ingress
        )
        yield Problem(
            message=f"Source ranges name {', '.join(ranges)} only: over {family}, all clients are admitted.",
            severity=Severity.ERROR if is_open else None,
            family=family,
            field="spec.loadBalancerSourceRanges",
            observed=", ".join(ranges),
            expected=f"ranges of {family} too",
            fix=close_family(service, family),
        )
