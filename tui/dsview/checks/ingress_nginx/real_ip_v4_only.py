"""Client addresses are trusted from IPv4 proxies only.

## Condition

use-proxy-protocol, use-forwarded-headers or enable-real-ip is on, nginx has an IPv6 listener, and proxy-real-ip-cidr
(0.0.0.0/0 by default) has no IPv6 range.

## Why it matters

Over IPv6, logs, limits and allow lists use the proxy's address instead of the client's.

## Fix

Add the IPv6 ranges of the load balancers or proxies in front to proxy-real-ip-cidr, and only these: a trusted peer can
claim any client address.

## When it is a false alarm

No proxy in front of the controller uses IPv6.

## Source

kubernetes/ingress-nginx internal/ingress/controller/config/config.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, ref
from dsview.checks.ingress_nginx.shared import by_config_map, has_v6_clients
from dsview.cluster.relations import PodFacet
from dsview.core.address import V6
from dsview.core.cidr import are_ranges, cidr_families
from dsview.core.command_flags import split_list
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.listeners.ingress_nginx.pods import (
    is_truthy,
)

_REAL_IP = ("use-proxy-protocol", "use-forwarded-headers", "enable-real-ip")


_DEFAULT_REAL_IP_CIDR = "0.0.0.0/0"


check = Check(
    code="DS-NGX-010",
    slug="real-ip-v4-only",
    severity=Severity.WARNING,
    needs=(Kind.POD, Kind.CONFIG_MAP),
    uses=(Kind.PROXY_LISTENERS,),
    of_pods=(PodFacet.CONTROLLERS,),
    of_listeners=True,
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports real client addresses in only one family."""
    for settings, pods in by_config_map(ctx).values():
        enabled = [name for name in _REAL_IP if is_truthy(settings.data.get(name, ""))]
        trusted = settings.data.get("proxy-real-ip-cidr", "") or _DEFAULT_REAL_IP_CIDR
        ranges = split_list(trusted)
        if not enabled or not are_ranges(ranges) or V6 in cidr_families(ranges):
            continue
        if not has_v6_clients(ctx, pods, needs_conf=True):
            continue
        yield Problem(
            message=f"{enabled[0]} is on, but proxy-real-ip-cidr is {trusted}: over IPv6 no proxy is trusted.",
            object=ref("ConfigMap", settings),
            family=V6,
            field="data.proxy-real-ip-cidr",
            observed=trusted,
            expected="ranges of both families",
            fix=f"{kubectl(settings.namespace, 'edit', 'configmap', settings.name)}\n"
            "# add the IPv6 ranges of the load balancers or proxies in front to proxy-real-ip-cidr, and only these",
        )
