"""IPv6 listener that no client can reach.

## Condition

nginx listens on [::], but its pod has no IPv6 address and is not on the host's network.

## Why it matters

This is harmless: ingress-nginx found an IPv6 address, such as ::1, when it started.

## Fix

None is needed.

## When it is a false alarm

Nothing is wrong here. The note says that the listener does not prove that IPv6 works.

## Source

kubernetes/ingress-nginx internal/net/net.go: any IPv6 address of the pod, also ::1, counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, ref
from dsview.checks.ingress_nginx.shared import read
from dsview.cluster.relations import PodFacet
from dsview.core.address import V6, families_of
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-NGX-004",
    slug="inert-v6-listen",
    severity=Severity.NOTE,
    needs=(Kind.POD, Kind.PROXY_LISTENERS),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports [::] without an IPv6 address."""
    for pod, conf in read(ctx):
        inert = [f"[::]:{x.port}" for x in conf.listeners if x.address == "[::]" and not x.internal]
        if inert and not pod.host_network and pod.ips and V6 not in families_of(pod.ips):
            yield Problem(
                message=f"nginx listens on {names(dict.fromkeys(inert))}, but the pod has no IPv6 address. "
                "This is harmless.",
                object=ref("Pod", pod),
                family=V6,
                field="listen",
                observed=names(dict.fromkeys(inert)),
            )
