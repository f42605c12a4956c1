"""Ingress status lacks a family of its load balancer.

## Condition

For two minutes, the Service that the controller publishes has a load-balancer IP of a family that is missing from the
status of the Ingress. ingress-nginx has a flag with the name of that Service. For other controllers, it is the Service
that has every address in the status.

## Why it matters

DNS records that are made from the Ingress status have only one family.

## Fix

Restart the controller, and look for status updates in its log. If its settings contain a single address, use the
Service instead.

## When it is a false alarm

The controller is configured to publish other addresses (--publish-status-address) or none (--update-status=false), or
to watch only another namespace (--watch-namespace). Manifests are exempt, because they have no status. For controllers
other than ingress-nginx, the check does not fire if the status names a host.

## Source

kubernetes/ingress-nginx internal/ingress/status/status.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names, recreate_pods, ref
from dsview.core.address import FAMILIES, are_addresses, canonical, families_of
from dsview.core.finding import Severity
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.front_doors import front_doors
from dsview.listeners.proxies import proxies_of, status_service

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
    """Reports addresses of the Service that are missing in the Ingress."""
    if ingress.is_manifest or not are_addresses(entry.ip for entry in ingress.load_balancer_ingress if entry.ip):
        return
    writers: dict[Key, list[Pod]] = {}
    for pod in proxies_of(ingress, ctx.state):
        key = status_service(pod)
        if key is not None:
            writers.setdefault(key, []).append(pod)
    has = families_of(tuple(entry.ip for entry in ingress.load_balancer_ingress if entry.ip))
    published = {key: recreate_pods(pods) for key, pods in writers.items()} or _copied(ingress, ctx)
    for key, fix in published.items():
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
                fix=fix,
                related=(ref("Service", service),),
                grace=120,
            )


def _addresses(item: Ingress | Service) -> set[str]:
    return {canonical(entry.ip) or entry.ip for entry in item.load_balancer_ingress}


def _copied(ingress: Ingress, ctx: Context) -> dict[Key, str]:
    """The Service of another controller from which the status was copied, and what to do if the copy is incomplete."""
    shown = _addresses(ingress)
    if not shown or "" in shown:
        return {}
    serving = {pod.key for pod in proxies_of(ingress, ctx.state)}
    return {
        door.service.key: door.controller.ingress_status_fix
        for door in front_doors(ctx.state)
        if shown <= _addresses(door.service) and any(pod.key in serving for pod in door.pods)
    }
