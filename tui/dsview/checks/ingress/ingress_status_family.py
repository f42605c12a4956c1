"""Ingress status lacks a family of its load balancer.

## Condition

The controller's publish Service has a load-balancer IP of a family, and the status of the Ingress has none of it,
for two minutes.

## Why it matters

DNS that follows the Ingress status publishes one family only.

## Fix

Restart the controller; look at its log for status updates.

## When it is a false alarm

The controller is told other addresses (--publish-status-address), to write none (--update-status=false), or to
watch another namespace only (--watch-namespace). Nobody writes the status of a manifest.

## Source

kubernetes/ingress-nginx internal/ingress/status/status.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names, recreate_pods, ref
from dsview.core.address import FAMILIES, are_addresses, families_of
from dsview.core.finding import Severity
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.listeners.ingress_nginx.pods import argument, controllers_of, publish_service_key

_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


check = Check(
    code="DS-NET-003",
    slug="ingress-status-family",
    severity=Severity.WARNING,
    subjects=(Kind.INGRESS,),
    needs=(Kind.SERVICE, Kind.POD),
    uses=(Kind.INGRESS_CLASS,),
    hop=HopName.INGRESS,
)


def decide(ingress: Ingress, ctx: Context) -> Iterator[Problem]:
    """What the Service got did not reach the Ingress."""
    if ingress.is_manifest or not are_addresses(entry.ip for entry in ingress.load_balancer_ingress if entry.ip):
        return
    writers: dict[Key, list[Pod]] = {}
    for pod in controllers_of(ingress, ctx.state):
        key = publish_service_key(pod)
        if key is not None and _copies_status(pod):
            writers.setdefault(key, []).append(pod)
    has = families_of(tuple(entry.ip for entry in ingress.load_balancer_ingress if entry.ip))
    for key, pods in writers.items():
        service = ctx.state.services.get(key)
        if service is None:
            continue
        for family in FAMILIES:
            texts = [e.ip for e in service.load_balancer_ingress if e.ip and families_of((e.ip,)) == (family,)]
            if not texts or family in has:
                continue
            if not ctx.older_than(max(ingress.created, service.created), 120):
                continue
            yield Problem(
                message=f"No {family} in the status, while Service {'/'.join(key)} has {names(texts)}.",
                family=family,
                field="status.loadBalancer.ingress",
                observed=families(has),
                expected=names(texts),
                fix=recreate_pods(pods),
                related=(ref("Service", service),),
                grace=120,
            )


def _copies_status(pod: Pod) -> bool:
    """Whether a controller writes its Service's addresses into Ingresses (I:internal/ingress/status/status.go)."""
    return not argument(pod, "publish-status-address") and argument(pod, "update-status") not in _FALSE
