"""Cluster IP outside every ServiceCIDR.

## Condition

No ServiceCIDR of its family contains the cluster IP, or an event ClusterIPOutOfRange names the Service.

## Why it matters

The address is not reserved for the Service: another allocation or a route may use it.

## Fix

Recreate the Service, or add a ServiceCIDR that contains the address.

## When it is a false alarm

The cluster has no ServiceCIDR of that family at all; DS-SVC-003 reports this.

## Source

kubernetes/kubernetes pkg/registry/core/service/ipallocator/controller/repairip.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsview.checks.engine.address_fields import CLUSTER_IPS, SERVICE_CIDRS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import quoted, recreate_service, ref
from dsview.cluster.profile import service_cidr_texts
from dsview.core.address import family_of, packed, same_address
from dsview.core.cidr import parse_cidrs
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-SVC-004",
    slug="cluster-ip-out-of-range",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE,),
    needs=(Kind.SERVICE_CIDR,),
    absence_of=(Kind.SERVICE_CIDR,),
    substitutes=(Kind.EVENT,),
    addresses=(
        CLUSTER_IPS,
        SERVICE_CIDRS,
    ),
    cells=("cluster_ip",),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
)

_ADDRESSES = re.compile(r"[0-9a-fA-F.:]{2,45}")
"""The words of an event that may be addresses."""


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a cluster IP outside all ranges."""
    if service.is_external_name:
        return
    texts = service_cidr_texts(ctx.state)
    # A redacted range may contain any address.
    ranges = parse_cidrs(texts) if not any_redacted(texts) else ()
    events = [e for e in ctx.state.events_about.about(service.key) if e.reason == "ClusterIPOutOfRange"]
    is_hidden = any_redacted(service.real_cluster_ips)
    words = [word for event in events for word in _ADDRESSES.findall(event.message)]
    # A full stop or a colon may follow an address.
    words_of_event = {*words, *(word.rstrip(".:") for word in words)}
    named = {text for text in service.real_cluster_ips if any(same_address(text, word) for word in words_of_event)}
    for i, text in enumerate(service.real_cluster_ips):
        raw = packed(text)
        family = family_of(text)
        of_family = [cidr for cidr in ranges if cidr.family == family]
        is_outside = bool(of_family) and not any(cidr.contains(raw) for cidr in of_family)
        # An event that names no address of the Service is about all addresses whose range is unknown, or about a hidden
        # address.
        is_in_event = text in named or (bool(events) and not named and not of_family and not is_hidden)
        if is_outside or is_in_event:
            inside = ", ".join(cidr.text for cidr in of_family)
            yield Problem(
                message=f"Cluster IP {text} lies in none of the cluster's {family} ranges ({inside})."
                if is_outside
                else f"Cluster IP {text} lies outside the Service ranges. {quoted(events[-1])}",
                family=family,
                field=f"spec.clusterIPs[{i}]",
                observed=text,
                expected=f"an address of {inside}" if inside else f"an address of an {family} Service range",
                fix=recreate_service(service, ()),
                related=tuple(ref("Event", event) for event in events[-1:]),
            )
