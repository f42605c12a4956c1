"""IPv6 is disabled in the controller's ConfigMap.

## Condition

disable-ipv6 is true. An error if the controller's Service has IPv6.

## Why it matters

The Service accepts IPv6 connections, but nginx does not listen on IPv6.

## Fix

Set disable-ipv6 to false and restart the controller, or make the Service SingleStack.

## When it is a false alarm

IPv6 is disabled on purpose, and the Service does not have it. This is a note.

## Source

https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#disable-ipv6
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, ref, switch_on
from dsview.checks.ingress_nginx.shared import by_config_map
from dsview.cluster.relations import PodFacet
from dsview.core.address import V6
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.listeners.ingress_nginx.pods import (
    controller_services,
    is_truthy,
)
from dsview.listeners.ingress_nginx.sockets import DISABLE_IPV6, enable_ipv6

check = Check(
    code="DS-NGX-002",
    slug="disabled-but-published",
    severity=Severity.NOTE,
    needs=(Kind.POD, Kind.CONFIG_MAP, Kind.SERVICE),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a family that is disabled in nginx but published by a Service."""
    for settings, pods in by_config_map(ctx).values():
        if not is_truthy(settings.data.get(DISABLE_IPV6, "")):
            continue
        keys = {pod.key for pod in pods}
        published = [
            service
            for service, behind in controller_services(ctx.state).values()
            if V6 in service.families and any(pod.key in keys for pod in behind)
        ]
        yield Problem(
            message="disable-ipv6 is true"
            + (
                f", but Service {names(f'{s.namespace}/{s.name}' for s in published)} has IPv6: its connections "
                "are refused."
                if published
                else ": nginx listens on IPv4 only."
            ),
            severity=Severity.ERROR if published else None,
            object=ref("ConfigMap", settings),
            family=V6,
            field=f"data.{DISABLE_IPV6}",
            observed="true",
            expected="false, or no IPv6 in the Service",
            fix=switch_on(enable_ipv6(settings), pods),
            related=(*(ref("Service", s) for s in published), *(ref("Pod", pod) for pod in pods[:20])),
        )
