"""Why a family of a Service is short of endpoints."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import (
    kubectl,
    names,
    patch_service,
    recreate_pods,
    ref,
)
from dsview.core.address import Family, families_of, other
from dsview.core.finding import Cause, ObjectRef
from dsview.kinds.endpoint_slices import Endpoint
from dsview.kinds.objects import Pod, Service

GRACE = 60.0
"""Seconds that a condition must hold before it is a finding."""

OF_CONTROLLER_MANAGER = ("-l", "component=kube-controller-manager", "--tail=100")


def lacking(ctx: Context, service: Service, family: Family) -> dict[str, Endpoint]:
    """The ready endpoints that the other family has and this one has not, by identity."""
    found = ctx.endpoints(service.key)
    ready = found.of(family).ready
    return {identity: e for identity, e in found.of(other(family)).ready.items() if identity not in ready}


def causes(ctx: Context, service: Service, endpoints: dict[str, Endpoint], family: Family) -> tuple[Cause, ...]:
    """What would explain that these endpoints lack a family: their pods, or the nodes of their pods."""
    found: dict[Cause, None] = {}
    nodes: dict[Cause, None] = {}
    for endpoint in endpoints.values():
        namespace, name = endpoint.target
        if name:
            found[Cause("DS-POD-001", ObjectRef("Pod", namespace, name), family)] = None
        pod = ctx.pod_behind(service, endpoint)
        node = endpoint.node_name or (pod.node_name if pod is not None else "")
        if node:
            nodes[Cause("DS-NODE-002", ObjectRef("Node", None, node), family)] = None
    return (*found, *nodes)


def endpoint_pods(ctx: Context, service: Service, endpoints: dict[str, Endpoint]) -> list[Pod]:
    """The pods behind endpoints, by namespace and name."""
    return sorted(ctx.pods_behind(service, endpoints.values()), key=lambda pod: pod.key)


def pods_without(pods: list[Pod], family: Family) -> list[Pod]:
    """The pods that have no address of a family."""
    return [pod for pod in pods if family not in families_of(pod.ips)]


def explain(
    ctx: Context, service: Service, endpoints: dict[str, Endpoint], family: Family
) -> tuple[str, str | None, tuple[ObjectRef, ...]]:
    """Why a family is short of endpoints: a sentence, a fix, the objects it is about."""
    pods = endpoint_pods(ctx, service, endpoints)
    without = pods_without(pods, family)
    if without:
        have = names(ip for pod in without for ip in pod.ips)
        listed = names(pod.name for pod in without)
        verb = "has" if len(without) == 1 else "have"
        related = tuple(ref("Pod", pod) for pod in without[:20])
        return f"{listed} {verb} {have} only", recreate_pods(without), related
    if pods:
        look = kubectl("kube-system", "logs", options=OF_CONTROLLER_MANAGER)
        text = f"the pods have {family} addresses, so the endpoint slice controller lags behind"
        return text, look, tuple(ref("Pod", pod) for pod in pods[:20])
    addresses = names(a for e in endpoints.values() for a in e.addresses)
    has_targets = any(endpoint.target[1] for endpoint in endpoints.values())
    why = "the pods could not be read" if has_targets else "the slices do not say of which pods"
    return f"only {addresses} {'is' if len(endpoints) == 1 else 'are'} there, and {why}", None, ()


def settling_for(service: Service, family: Family) -> str | None:
    """A patch that leaves the Service that family only; None where the API server would refuse it."""
    if len(service.families) != 2 or service.families[0] != family:
        return None
    return patch_service(service, ipFamilyPolicy="SingleStack")
