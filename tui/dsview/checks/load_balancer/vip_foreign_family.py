"""Load-balancer address of a family that the Service does not have.

## Condition

A load-balancer IP has none of the Service's families. A note if the load balancer terminates connections, as shown by
ipMode Proxy, the provider of the nodes, the class tailscale, or an annotation of Hetzner, Linode, DigitalOcean,
Scaleway, Vultr, Alibaba or AWS with IP targets.

## Why it matters

kube-proxy ignores the address, so the nodes drop packets to it.

## Fix

Make the Service dual-stack, or remove the address from the load balancer.

## When it is a false alarm

The load balancer terminates connections, and neither ipMode, providerID nor an annotation shows it.

## Source

kubernetes/kubernetes pkg/proxy/serviceport.go: addresses of other families are ignored. KEP-1860 for ipMode.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import LOAD_BALANCER_IPS
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families
from dsview.checks.load_balancer.shared import TYPE, is_provider_known, terminates_connections
from dsview.checks.service.shared import add_family
from dsview.core.address import family_of
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-LB-003",
    slug="vip-foreign-family",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    needs=(Kind.NODE,),
    substitutes=(Kind.SERVICE,),
    uses=(Kind.ENDPOINT_SLICE, Kind.POD),
    absence_of=(Kind.NODE,),
    addresses=(LOAD_BALANCER_IPS,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
    harm=Harm.WHOLE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a VIP that no node accepts."""
    has = service.families
    if service.type != TYPE or not has:
        return
    for i, entry in enumerate(service.load_balancer_ingress):
        family = family_of(entry.ip) if entry.ip else None
        if family is None or family in has:
            continue
        is_proxy = terminates_connections(service, ctx.profile, entry.ip_mode)
        if not is_proxy and not is_provider_known(service, ctx):
            continue
        yield Problem(
            message=f"{entry.ip} is {family}, but the Service has {families(has)} only"
            + (
                f": the load balancer terminates the connections and opens {has[0]} ones."
                if is_proxy
                else ": kube-proxy ignores it."
            ),
            severity=Severity.NOTE if is_proxy else None,
            family=family,
            field=f"status.loadBalancer.ingress[{i}].ip",
            observed=entry.ip,
            expected=f"an {has[0]} address",
            fix=None
            if is_proxy
            else add_family(ctx, service)
            if ctx.is_dual()
            else f"Remove the {family} address from the load balancer: the cluster has no {family} Services.",
        )
