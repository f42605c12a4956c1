"""The second family is never probed.

## Condition

The pods of a dual-stack Service have network probes, which test only status.podIP.

## Why it matters

Ready says nothing about the second family: a process that binds only one family looks healthy.

## Fix

Bind `::` in the container, and probe both families, for example with an exec probe.

## When it is a false alarm

The process binds ::, or an address of each family. The API cannot show this, so the finding appears only in the detail
view.

## Source

kubernetes/kubernetes#101324
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import (
    ref,
)
from dsview.core.address import families_of, other
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

_NETWORK_PROBES = {"httpGet", "tcpSocket", "grpc"}


check = Check(
    code="DS-EPS-007",
    slug="secondary-unproved",
    severity=Severity.NOTE,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE, Kind.POD),
    detail_only=True,
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports probes that only test the first address of a pod."""
    if len(service.families) != 2 or not service.selector:
        return
    probed = [
        pod
        for pod in ctx.endpoint_pods(service)
        if len(families_of(pod.ips)) == 2 and any(p in _NETWORK_PROBES for c in pod.containers for p in c.probes)
    ]
    if probed:
        first = families_of(probed[0].ips)[0]
        yield Problem(
            message=f"Probes test only the pods' first address ({first}); whether {other(first)} works is not known.",
            family=other(first),
            related=tuple(ref("Pod", pod) for pod in probed[:20]),
        )
