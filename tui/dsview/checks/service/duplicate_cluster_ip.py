"""Cluster IP held by two Services.

## Condition

Two Services have the same cluster IP, compared as addresses, for 60 s. A warning if the IPAddress object of the cluster
IP belongs to another Service or to something else.

## Why it matters

A node can send the address to only one of them, and which one differs from node to node.

## Fix

Recreate one of the two: the one that the IPAddress object does not name, or otherwise the younger one.

## When it is a false alarm

One of the two is being recreated, which may take 60 s. Manifests are not compared, because their addresses are not
allocated.

## Source

kubernetes/kubernetes pkg/registry/core/service/ipallocator/controller/repairip.go, event ClusterIPAlreadyAllocated
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import CLUSTER_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import recreate_service, ref
from dsview.core.address import are_addresses, canonical, family_of
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

_RECREATION = 60.0
"""Seconds that recreating a Service, or its IPAddress object, may take."""


check = Check(
    code="DS-SVC-005",
    slug="duplicate-cluster-ip",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE,),
    uses=(Kind.IP_ADDRESS,),
    addresses=(CLUSTER_IPS,),
    cells=("cluster_ip",),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports two Services with the same address."""
    if service.is_external_name or service.is_manifest:
        return
    for i, text in enumerate(service.real_cluster_ips):
        if not are_addresses((text,)):
            continue
        field = f"spec.clusterIPs[{i}]"
        others = [
            holder
            for key in ctx.state.cluster_ips.holders(text)
            if key != service.key
            and (holder := ctx.state.services.get(key))
            and not (holder.is_external_name or holder.is_manifest)
        ]
        address = ctx.state.ip_addresses.get(("", canonical(text) or text))
        parent = (address.parent_namespace, address.parent_name) if address is not None else None
        if others:
            if not ctx.older_than(max(each.created for each in (service, *others)), _RECREATION):
                continue
            holders = ", ".join("/".join(each.key) for each in others)
            # The command is the same for all of them, and never recreates the one that the address belongs to.
            both = (service, *others)
            recreated = max([each for each in both if each.key != parent] or both, key=lambda s: (s.created, s.key))
            yield Problem(
                message=f"Cluster IP {text} is also that of Service {holders}: traffic reaches only one of them.",
                family=family_of(text),
                field=field,
                observed=text,
                expected="an address that no other Service has",
                fix=recreate_service(recreated, ()),
                related=tuple(ref("Service", each) for each in others),
                grace=_RECREATION,
            )
            continue
        if address is None or parent is None or not address.parent_name:
            continue
        is_service = address.parent_resource in {"services", ""}
        if is_service and parent == service.key:
            continue
        if ctx.older_than(max(service.created, address.created), _RECREATION):
            whose = "/".join(part for part in parent if part)
            owner = f"Service {whose}" if is_service else f"{whose} ({address.parent_resource})"
            yield Problem(
                message=f"The IPAddress object {address.name} belongs to {owner}, not to this Service.",
                severity=Severity.WARNING,
                family=family_of(text),
                field=field,
                observed=whose if is_service else f"{address.parent_resource} {whose}",
                expected="/".join(service.key),
                fix=recreate_service(service, ()),
                related=(ref("IPAddress", address), *((ObjectRef("Service", *parent),) if is_service else ())),
                grace=_RECREATION,
            )
