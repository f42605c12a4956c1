"""Nothing listens on the address that the kubelet probes.

## Condition

An event Unhealthy of the last ten minutes says `connection refused` for the first address of a running pod that has
both families, or IPv6 only; its container is running, the probe failed at least a minute after the pod started, and the
pod has not become ready since. For files, the ten minutes end at the newest time in them.

## Why it matters

Probes use the pod's first address only. A process that binds 0.0.0.0 refuses connections over IPv6, and one that binds
only an IPv6 address refuses those over IPv4. The pod never becomes ready, or restarts repeatedly.

## Fix

Make the process bind `::`, which accepts connections of both families on Linux.

## When it is a false alarm

The process takes minutes to start, or listens on a port other than the one that is probed.

## Source

kubernetes/kubernetes pkg/probe/http/http.go and pkg/kubelet/prober/prober.go: a probe connects to status.podIP;
kubernetes/kubernetes#101324
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import ELIGIBLE_AFTER, Context, workload_of
from dsview.core.address import V6, families_of, other, same_address
from dsview.core.finding import Severity
from dsview.core.text import safe
from dsview.kinds.event import REFUSED, Event, probed_addresses
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod

RECENT = 600.0
"""Seconds for which a failed probe describes the current state of the pod."""

_GRACE = 60.0

check = Check(
    code="DS-POD-007",
    slug="probe-refused",
    severity=Severity.WARNING,
    subjects=(Kind.POD,),
    needs=(Kind.EVENT,),
    cells=("pod_ip",),
    layer=LayerName.PODS,
    hop=HopName.PODS,
)


def decide(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """Reports a probe of the first address that is refused."""
    has = families_of(pod.ips)
    if V6 not in has or pod.phase != "Running":
        return
    refused = [event for event in ctx.state.events_about.about(pod.key) if _is_refusal(event, pod)]
    if not refused or not ctx.is_recent(refused[-1].last_seen, RECENT) or not ctx.is_eligible(pod):
        return
    event = refused[-1]
    container = f"container {event.involved_container}" if event.involved_container else "the container"
    rest = other(has[0])
    yield Problem(
        message=f"The probe of {container} is refused at {pod.ips[0]}, the pod's first address: nothing listens there. "
        f"The process may listen on {rest} only.",
        family=has[0],
        field="status.podIPs[0]",
        observed=" ".join(event.message.split())[:300],
        expected=f"a process that listens on {has[0]} too",
        # The fix is the same for all pods of an owner, because the owner must be changed.
        fix=safe(f"Make the process in {container} of {workload_of(pod)} bind `::` instead of one family."),
        grace=_GRACE,
    )


def _is_refusal(event: Event, pod: Pod) -> bool:
    """Whether a probe was refused at the pod's first address at a time when the process could have listened."""
    if event.reason != "Unhealthy" or event.involved_kind not in ("Pod", "") or REFUSED not in event.message:
        return False
    if event.involved_container in pod.stopped or (pod.ready and event.last_seen <= pod.ready_since):
        return False
    if event.last_seen < pod.start_time + ELIGIBLE_AFTER:
        return False
    return any(same_address(target, pod.ips[0]) for target in probed_addresses(event.message))
