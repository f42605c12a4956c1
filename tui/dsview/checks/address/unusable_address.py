"""Address that other machines cannot reach.

## Condition

A podIP, InternalIP, cluster IP, external IP or load-balancer IP is unspecified, loopback, link-local, multicast,
site-local (fec0::/10), v4-mapped, or no address at all. A warning for load-balancer IPs.

## Why it matters

No other machine can use such an address. The family seems to be present but does not work.

## Fix

Correct what assigns the address: kubelet --node-ip, the CNI plug-in, or the load balancer's pool.

## When it is a false alarm

None is known. A link-local load-balancer IP is treated as intended.

## Source

RFC 4291, RFC 3879
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.address.shared import addresses
from dsview.checks.engine.address_fields import CLUSTER_IPS, EXTERNAL_IPS, LOAD_BALANCER_IPS, NODE_ADDRESSES, POD_IPS
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.core.address import (
    UNUSABLE,
    AddressClass,
    classify,
    family_of,
)
from dsview.core.finding import Severity
from dsview.core.redacted import is_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

check = Check(
    code="DS-ADR-001",
    slug="unusable-address",
    severity=Severity.ERROR,
    subjects=(Kind.POD, Kind.NODE, Kind.SERVICE),
    addresses=(
        CLUSTER_IPS,
        EXTERNAL_IPS,
        LOAD_BALANCER_IPS,
        POD_IPS,
        NODE_ADDRESSES,
    ),
)


def decide(item: Pod | Node | Service, ctx: Context) -> Iterator[Problem]:
    """Reports an address of a class that other machines cannot reach."""
    for field, text in addresses(item):
        if is_redacted(text):
            continue
        cls = classify(text)
        if cls is not None and cls not in UNUSABLE:
            continue
        is_vip = field.startswith("status.loadBalancer")
        if is_vip and cls is AddressClass.LINK_LOCAL:
            continue
        yield Problem(
            message=f"{field} {text} is {_what(cls)}.",
            severity=Severity.WARNING if is_vip else None,
            family=family_of(text),
            field=field,
            observed=text,
            expected="a global or private unicast address",
        )


def _what(cls: AddressClass | None) -> str:
    if cls is None:
        return "not an IP address"
    if cls is AddressClass.V4_MAPPED:
        return "an IPv4 address written as IPv6: Kubernetes takes it as IPv4, most other software as IPv6"
    article = "an" if cls is AddressClass.UNSPECIFIED else "a"
    return f"{article} {cls} address: nothing beyond its own machine or link can reach it"
