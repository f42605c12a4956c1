"""Requested load-balancer addresses do not match the families.

## Condition

loadBalancerIP or a provider's annotation requests addresses that do not cover the Service's families, or that belong to
another one, and the load balancer has not assigned both families anyway.

## Why it matters

The load balancer assigns what was requested, so a family has no address, or none that works.

## Fix

Request one address of each family, in the provider's annotation.

## When it is a false alarm

The provider interprets its annotation differently than documented. Terminating load balancers are exempt: their
addresses may have any family.

## Source

https://metallb.io/usage/ and the documentation of the providers whose annotations are read.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import LOAD_BALANCER_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families
from dsview.checks.load_balancer.shared import (
    TYPE,
    has_unread_ip,
    is_provider_known,
    terminates_connections,
    vip_families,
)
from dsview.core.address import AddressClass, are_addresses, classify, families_of
from dsview.core.command_flags import split_list
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

_REQUESTED = (
    "metallb.universe.tf/loadBalancerIPs",
    "metallb.io/loadBalancerIPs",
    "lbipam.cilium.io/ips",
    "io.cilium/lb-ipam-ips",
    "kube-vip.io/loadbalancerIPs",
    "purelb.io/addresses",
    "service.beta.kubernetes.io/azure-load-balancer-ipv4",
    "service.beta.kubernetes.io/azure-load-balancer-ipv6",
)


check = Check(
    code="DS-LB-006",
    slug="requested-ip-family",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    needs=(Kind.NODE,),
    substitutes=(Kind.SERVICE,),
    absence_of=(Kind.NODE,),
    addresses=(LOAD_BALANCER_IPS,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports requested addresses that do not cover exactly F."""
    has = service.families
    if service.type != TYPE or not has or len(vip_families(service)) == 2:
        return
    if service.is_manifest and service.ip_family_policy in {"PreferDualStack", "RequireDualStack"}:
        # The API server adds the other family when the Service is created.
        return
    if terminates_connections(service, ctx.profile) or not is_provider_known(service, ctx):
        return
    requested = {name: split_list(value) for name, value in service.annotations if name in _REQUESTED}
    texts = tuple(text for values in requested.values() for text in values)
    field = next((f"metadata.annotations[{name}]" for name in requested), "spec.loadBalancerIP")
    if service.load_balancer_ip and classify(service.load_balancer_ip) is not AddressClass.UNSPECIFIED:
        # 0.0.0.0 makes kube-vip request an address from a DHCP server.
        texts = (*texts, service.load_balancer_ip)
    if has_unread_ip(service) or not are_addresses(texts):
        return
    named = families_of(texts)
    wrong = [f for f in has if f not in named] + [f for f in named if f not in has]
    if named and wrong:
        verb = "is not requested" if wrong[0] in has else "is requested, but the Service does not have it"
        yield Problem(
            message=f"{', '.join(texts)} is requested for a Service with {families(has)}: {wrong[0]} {verb}.",
            family=wrong[0],
            field=field,
            observed=", ".join(texts),
            expected=f"one address of {families(has)} each",
            fix="Request an address of each family in the annotation of the load-balancer controller, and none in "
            "spec.loadBalancerIP, which can contain only one."
            if len(has) == 2
            else f"Request an {has[0]} address.",
        )
