"""Why a Service lacks endpoints in a family."""

from __future__ import annotations

from collections.abc import Iterable

from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import (
    give_family,
    keep_first_family,
    kubectl,
    look_at,
    names,
    ref,
)
from dsview.core.address import Family, families_of, other
from dsview.core.finding import CLUSTER, Cause, ObjectRef
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, unpack_identity
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

CONTROLLER = "endpointslice-controller.k8s.io"
OF_KUBERNETES = frozenset({CONTROLLER, "endpointslicemirroring-controller.k8s.io", ""})
"""The managers of slices with addresses of pods. The empty string is that of a manually written slice."""

GRACE = 60.0
"""Seconds for which a condition must be true before it is reported."""

RESTART_CONTROLLER_MANAGER = (
    "Restart kube-controller-manager: its endpointslice controller creates the slices.\n"
    + look_at(kubectl("kube-system", "logs", options=("-l", "component=kube-controller-manager", "--tail=100")))
)


def correct_slice(item: EndpointSlice) -> str:
    """How to correct a slice: the endpoint slice controller creates its own anew, but nothing restores any other."""
    if item.managed_by == CONTROLLER:
        return kubectl(item.namespace, "delete", "endpointslice", item.name)
    source = f"in its controller ({item.managed_by})" if item.managed_by else "where it is written"
    return f"Correct EndpointSlice {item.name} {source}."


def lacking(ctx: Context, service: Service, family: Family) -> dict[str, Endpoint]:
    """The ready endpoints that the other family has and this one does not, by identity."""
    endpoints = ctx.endpoints(service.key)
    ready = endpoints.of(family).ready
    return {identity: e for identity, e in endpoints.of(other(family)).ready.items() if identity not in ready}


def of_other_controllers(ctx: Context, service: Service) -> set[str]:
    """The identities of endpoints in slices that Kubernetes does not manage, such as those of a multi-cluster mesh."""
    return {
        unpack_identity(row)[0]
        for item in ctx.state.slices.of(service.key)
        if item.managed_by not in OF_KUBERNETES
        for row in item.packed()
    }


def causes(ctx: Context, service: Service, endpoints: dict[str, Endpoint], family: Family) -> tuple[Cause, ...]:
    """The possible causes for a missing family of these endpoints: their pods, or the nodes of their pods.

    A pod on the host network lacks what the addresses of its node lack. Any other pod lacks a family for which the node
    has no range, or that the whole pod network does not use.
    """
    pods = [pod for endpoint in endpoints.values() if (pod := ctx.pod_behind(service, endpoint)) is not None]
    known = {pod.key for pod in pods}
    unknown = [e for e in endpoints.values() if e.target not in known]
    named = [Cause("DS-POD-001", ObjectRef("Pod", *e.target), family) for e in unknown if e.target[1]]
    nodes = [Cause("DS-NODE-002", ObjectRef("Node", None, e.node_name), family) for e in unknown if e.node_name]
    return tuple(dict.fromkeys((*causes_in_pods(pods, family), *named, *nodes)))


def causes_in_pods(pods: Iterable[Pod], family: Family) -> tuple[Cause, ...]:
    """The possible causes for a missing family of pods, the nearest first."""
    without = [pod for pod in pods if family not in families_of(pod.ips)]
    causes = [Cause("DS-POD-001", ref("Pod", pod), family) for pod in without]
    for pod in without:
        code = "DS-NODE-001" if pod.host_network else "DS-NODE-002"
        causes.append(Cause(code, ObjectRef("Node", None, pod.node_name), family))
    if any(not pod.host_network for pod in without):
        causes.append(Cause("DS-POD-006", CLUSTER, family))
    return tuple(dict.fromkeys(causes))


def endpoint_pods(ctx: Context, service: Service, endpoints: dict[str, Endpoint]) -> list[Pod]:
    """The pods behind endpoints, by namespace and name."""
    return sorted(ctx.pods_behind(service, endpoints.values()), key=lambda pod: pod.key)


def pods_without(pods: list[Pod], family: Family) -> list[Pod]:
    """The pods without an address of a family."""
    return [pod for pod in pods if family not in families_of(pod.ips)]


def explain(
    ctx: Context, service: Service, endpoints: dict[str, Endpoint], family: Family
) -> tuple[str, str | None, tuple[ObjectRef, ...]]:
    """Why a family lacks endpoints: a sentence, a fix, and the related objects."""
    pods = endpoint_pods(ctx, service, endpoints)
    without = pods_without(pods, family)
    if without:
        verb = "has" if len(without) == 1 else "have"
        text = f"{names(pod.name for pod in without)} {verb} no {family} address"
        return text, give_family(ctx, without, family), tuple(ref("Pod", pod) for pod in without[:20])
    if pods:
        text = f"the pods have {family} addresses, so the endpoint slice controller lags behind"
        return text, RESTART_CONTROLLER_MANAGER, tuple(ref("Pod", pod) for pod in pods[:20])
    addresses = names(a for e in endpoints.values() for a in e.addresses)
    has_targets = any(endpoint.target[1] for endpoint in endpoints.values())
    why = "the pods could not be read" if has_targets else "the slices do not name their pods"
    return f"only {addresses} {'exists' if len(endpoints) == 1 else 'exist'}, and {why}", None, ()


def make_single_stack(service: Service, family: Family) -> str | None:
    """A patch that leaves the Service only that family; None if the API server would reject it."""
    if len(service.families) != 2 or service.families[0] != family:
        return None
    return keep_first_family(service)
