"""nginx does not listen on IPv6 although its pod has it.

## Condition

A controller pod has an IPv6 address, IPv6 is not disabled in its ConfigMap, and a public port listens on IPv4 only. A
warning if the ConfigMap was not read and no port listens on IPv6, because it may be disabled there. The check requires
the actual nginx.conf.

## Why it matters

IPv6 connections to the controller are refused. ingress-nginx tests for IPv6 only when its process starts.

## Fix

Restart the controller. If other ports have IPv6, correct the template or snippet for this port.

## When it is a false alarm

A template limits the port to IPv4 on purpose. The check never fires on a predicted configuration.

## Source

kubernetes/ingress-nginx internal/net/net.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, open_listeners, recreate_pods, ref
from dsview.checks.ingress_nginx.shared import read
from dsview.cluster.relations import PodFacet
from dsview.core.address import V4, V6, families_of, family_of
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.core.listen import ports_of_host_names, sockets
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.listeners.config_maps import is_config_map_unread
from dsview.listeners.ingress_nginx.pods import (
    config_map_key,
)
from dsview.listeners.ingress_nginx.sockets import DISABLE_IPV6, is_ipv6_disabled, missing_listen

check = Check(
    code="DS-NGX-001",
    slug="no-v6-listen",
    severity=Severity.ERROR,
    needs=(Kind.POD, Kind.PROXY_LISTENERS),
    uses=(Kind.CONFIG_MAP,),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


_IPV6_CAME_LATE = "it probably got IPv6 after nginx started"


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a dual-stack pod with only IPv4 listeners."""
    for pod, conf in read(ctx):
        settings = config_map_key(pod)
        if V6 not in families_of(pod.ips) or is_ipv6_disabled(ctx.state, pod):
            continue
        unknown = ports_of_host_names(conf)
        found = sorted(
            (item for item in sockets(conf).items() if item[0] not in unknown),
            key=lambda item: (item[0][1] or 0, item[0]),
        )
        ports = [f"{port}/{transport}" for (transport, port), has in found if has == {V4}]
        if ports:
            # The process decides for all ports at once, so if some have IPv6, a template or a snippet causes the
            # difference.
            is_limited = any(V6 in has for _, has in found)
            is_unsure = not is_limited and is_config_map_unread(ctx.state, settings)
            name = "/".join(settings)
            if is_limited:
                why = "other ports have IPv6, so a template or a snippet limits this one to IPv4"
            elif is_unsure:
                why = f"{_IPV6_CAME_LATE}, or {DISABLE_IPV6} is true in ConfigMap {name}, which was not read"
            else:
                why = _IPV6_CAME_LATE
            yield Problem(
                message=f"nginx listens on {names(ports)} over IPv4 only, while the pod has "
                f"{names(ip for ip in pod.ips if family_of(ip) == V6)}: {why}.",
                severity=Severity.WARNING if is_unsure else None,
                object=ref("Pod", pod),
                family=V6,
                field="listen",
                observed=f"IPv4 on {names(ports)}",
                expected=f"IPv4 and IPv6 on {names(ports)}",
                fix=open_listeners(missing_listen(settings, ports, V6), [pod])
                if is_limited
                else f"{recreate_pods([pod])}\n# unless {DISABLE_IPV6} is true in ConfigMap {safe(name)} on purpose"
                if is_unsure
                else recreate_pods([pod]),
                causes=(Cause("DS-NGX-002", ObjectRef("ConfigMap", *settings), V6),),
            )
