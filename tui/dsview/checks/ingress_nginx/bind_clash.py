"""Two listen directives cannot both bind.

## Condition

A [::] listener with ipv6only=off also accepts IPv4, and an IPv4 listener has the same port.

## Why it matters

nginx cannot start or reload with this file. Running workers keep the old one.

## Fix

Remove ipv6only=off, or the IPv4 listener, from the custom template.

## When it is a false alarm

None is known: nginx refuses such a file.

## Source

https://nginx.org/en/docs/http/ngx_http_core_module.html#listen, ipv6only; tested with nginx 1.22.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, ref
from dsview.checks.ingress_nginx.shared import read
from dsview.cluster.relations import PodFacet
from dsview.core.address import V4
from dsview.core.finding import Severity
from dsview.core.listen import protocol_of
from dsview.kinds.kind import Kind

check = Check(
    code="DS-NGX-009",
    slug="bind-clash",
    severity=Severity.ERROR,
    needs=(Kind.POD, Kind.PROXY_LISTENERS),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a port that is bound twice."""
    for pod, conf in read(ctx):
        dual = {protocol_of(x) for x in conf.listeners if x.address == "[::]" and len(x.families) == 2}
        others = {protocol_of(x) for x in conf.listeners if x.families == (V4,) and not x.address.startswith("[")}
        clash = sorted(others & dual, key=str)
        if clash:
            ports = names(f"{port}/{transport}" for transport, port in clash)
            yield Problem(
                message=f"[::] with ipv6only=off and an IPv4 listener both bind port {ports}.",
                object=ref("Pod", pod),
                family=V4,
                field="listen",
                observed=ports,
                expected="one socket for each port and family",
                fix="Remove ipv6only=off, or the IPv4 listen directive, from the custom template or snippet.",
            )
