"""Service addresses of a family are running out.

## Condition

IPAddress objects use at least 80 % of the available addresses of a family; an error from 95 %.

## Why it matters

A dual-stack Service needs an address of each family. Once one range is exhausted, no such Service can be created.

## Fix

Add a ServiceCIDR with another range of the family.

## When it is a false alarm

No more Services will be created. Ranges that are not ready or are being deleted allocate nothing and are not counted.

## Source

KEP-1880: an IPAddress object for each cluster IP. The limits of 80 % and 95 % are dsview's choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import SERVICE_CIDRS
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import ref
from dsview.cluster.service_ranges import service_range_uses
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-005",
    slug="service-cidr-full",
    severity=Severity.WARNING,
    needs=(Kind.SERVICE_CIDR, Kind.IP_ADDRESS),
    absence_of=(Kind.SERVICE_CIDR,),
    addresses=(SERVICE_CIDRS,),
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports ranges that are nearly exhausted."""
    for use in service_range_uses(ctx.state):
        if use.share < 0.8:
            continue
        yield Problem(
            message=f"{use.family}: {use.used} of {use.total} Service addresses are in use ({use.share:.0%}).",
            severity=Severity.ERROR if use.share >= 0.95 else None,
            object=ref("ServiceCIDR", use.item),
            family=use.family,
            field=f"spec.cidrs[{use.index}]",
            observed=f"{use.used} of {use.total}",
            expected="below 80 %",
            fix=f"Create one more ServiceCIDR with an {use.family} range that nothing else uses.",
        )
