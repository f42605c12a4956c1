"""Reverse lookups of IPv6 addresses leave the cluster.

## Condition

The Corefile's kubernetes plug-in does not serve ip6.arpa in a cluster with IPv6.

## Why it matters

Reverse lookups of the IPv6 addresses of Services and pods go to the upstream resolver, which does not know them.

## Fix

Add ip6.arpa to the zones of the kubernetes plug-in.

## When it is a false alarm

Nothing looks up the reverse names of IPv6 addresses.

## Source

https://coredns.io/plugins/kubernetes/
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, ref
from dsview.cluster.component_settings import COREDNS
from dsview.core.address import V6
from dsview.core.corefile import kubernetes_zones
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-009",
    slug="corefile-no-ip6-arpa",
    severity=Severity.NOTE,
    needs=(Kind.CONFIG_MAP, Kind.NODE),
    substitutes=(Kind.CONFIG_MAP,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    config_map=COREDNS,
    of_service_families=True,
    without_families="from the families of pods",
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a missing reverse zone for IPv6."""
    config_map = ctx.state.config_maps.get(COREDNS)
    zones = kubernetes_zones(config_map.data.get("Corefile", "")) if config_map is not None else None
    has_v6 = ctx.serves(V6) or any(V6 in facts.pod_families for facts in ctx.nodes.values())
    if config_map is None or not zones or not has_v6:
        return
    # A value that CoreDNS reads from its environment ({$REVERSE_CIDRS}) may name it.
    if not any(zone.rstrip(".").endswith("ip6.arpa") or zone == "." or ":" in zone or "{" in zone for zone in zones):
        yield Problem(
            message=f"The kubernetes plug-in serves {' '.join(zones)}, but not ip6.arpa.",
            object=ref("ConfigMap", config_map),
            family=V6,
            field="data.Corefile",
            observed=" ".join(zones),
            expected=f"{' '.join(zones)} ip6.arpa",
            fix=kubectl("kube-system", "edit", "configmap", "coredns"),
        )
