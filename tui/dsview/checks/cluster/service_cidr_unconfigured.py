"""ServiceCIDR of a family that the cluster does not have.

## Condition

A ServiceCIDR has a range of a family that the ServiceCIDR kubernetes does not have.

## Why it matters

The API server has no allocator for that family, so no Service gets an address of the range.

## Fix

Start the API servers with a --service-cluster-ip-range of both families.

## When it is a false alarm

None is known: the API server never allocates from such a range.

## Source

KEP-1880; kubernetes/kubernetes pkg/registry/core/rest/storage_core.go: an allocator for each family of
--service-cluster-ip-range.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import SERVICE_CIDRS
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, kubectl, ref
from dsview.core.cidr import cidr_families, parse_cidrs
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service_cidr import ServiceCIDR

check = Check(
    code="DS-CLU-003",
    slug="service-cidr-unconfigured",
    severity=Severity.WARNING,
    needs=(Kind.SERVICE_CIDR,),
    addresses=(SERVICE_CIDRS,),
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a range from which no addresses are allocated."""
    default = _default_cidr(ctx)
    if default is None:
        return
    served = cidr_families(default.cidrs)
    for item in sorted(ctx.state.service_cidrs, key=lambda c: c.name):
        for i, cidr in enumerate(parse_cidrs(item.cidrs)):
            if item is not default and served and cidr.family not in served:
                yield Problem(
                    message=f"{cidr.text} is {cidr.family}, but ServiceCIDR kubernetes has {families(served)} only; no "
                    "address is ever allocated from it.",
                    object=ref("ServiceCIDR", item),
                    family=cidr.family,
                    field=f"spec.cidrs[{i}]",
                    observed=cidr.text,
                    expected=f"a range of {families(served)}",
                    fix=kubectl("", "delete", "servicecidr", item.name),
                )


def _default_cidr(ctx: Context) -> ServiceCIDR | None:
    return ctx.state.service_cidrs.get(("", "kubernetes"))
