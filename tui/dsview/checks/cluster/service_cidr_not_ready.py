"""ServiceCIDR is not ready.

## Condition

The condition Ready of a ServiceCIDR is False; a note while it is being deleted. An error if an event says that the
default ServiceCIDR contradicts the API server's flags.

## Why it matters

No address of the range is allocated. With contradicting flags, API servers allocate differently.

## Fix

Make --service-cluster-ip-range the same on every API server; wait for Services that still hold addresses.

## When it is a false alarm

The range is being deleted; this is a note.

## Source

KEP-1880; kubernetes/kubernetes pkg/controlplane/controller/defaultservicecidr/default_servicecidr_controller.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, quoted, ref
from dsview.cluster.relations import in_order
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

_CIDR_EVENTS = {"KubernetesDefaultServiceCIDRInconsistent", "KubernetesDefaultServiceCIDRError"}


check = Check(
    code="DS-CLU-004",
    slug="service-cidr-not-ready",
    severity=Severity.WARNING,
    needs=(Kind.SERVICE_CIDR,),
    uses=(Kind.EVENT,),
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a range that is not in use, or that is contradictory."""
    events = {e.involved_name or "kubernetes": e for e in in_order(ctx.state.events) if e.reason in _CIDR_EVENTS}
    for item in sorted(ctx.state.service_cidrs, key=lambda c: c.name):
        event = events.get(item.name)
        if event is not None:
            yield Problem(
                message=quoted(event),
                severity=Severity.ERROR,
                object=ref("ServiceCIDR", item),
                field="spec.cidrs",
                observed=", ".join(item.cidrs),
                fix="Start every API server with the same --service-cluster-ip-range.",
                related=(ref("Event", event),),
            )
            continue
        ready = next((c for c in item.conditions if c.type == "Ready"), None)
        if ready is None or ready.status != "False":
            continue
        yield Problem(
            message=f"Not ready{f' ({ready.reason})' if ready.reason else ''}"
            f"{': it is being deleted' if item.deleted else ': no addresses are allocated from it'}.",
            severity=Severity.NOTE if item.deleted else None,
            object=ref("ServiceCIDR", item),
            field="status.conditions",
            observed=f"Ready={ready.status}",
            expected="Ready=True",
            fix=kubectl("", "describe", "servicecidr", item.name),
        )
