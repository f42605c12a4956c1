"""Gateway shares no family with a backend of a route.

## Condition

A route is accepted by a Gateway, and the ready endpoints of a backend Service have no family in common with the
Gateway's ready proxy pods.

## Why it matters

Every request to the backend fails: the proxy cannot connect to it.

## Fix

Give the proxy pods or the backend the missing family.

## When it is a false alarm

The controller sends to the backend's cluster IP instead of its endpoints because of a setting that dsview does not
know. It knows Traefik's nativeLB, Kong's service-upstream and Envoy Gateway's routingType. Controllers that connect
from the node or from outside the cluster are not checked, nor are ExternalName backends.

## Source

https://gateway-api.sigs.k8s.io/reference/spec/, HTTPBackendRef: a route sends to the endpoints of the Services that
it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsview.checks.engine.address_fields import POD_IPS
from dsview.checks.engine.check import Check, HopName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, give_family, ref
from dsview.checks.listener.shared import PODS
from dsview.core.address import Family, are_addresses
from dsview.core.finding import Severity
from dsview.kinds.gateway import Gateway, HTTPRoute
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.front_doors import proxies_of_gateway
from dsview.listeners.proxy_controller import pod_families
from dsview.listeners.registry import controller_of_gateway

check = Check(
    code="DS-GW-002",
    slug="gateway-backend-disjoint",
    severity=Severity.ERROR,
    subjects=(Kind.HTTP_ROUTE,),
    needs=(Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD),
    absence_of=(Kind.ENDPOINT_SLICE, Kind.POD),
    uses=(Kind.GATEWAY, Kind.GATEWAY_CLASS, Kind.ENVOY_PROXY),
    of_pods=PODS,
    addresses=(POD_IPS,),
    hop=HopName.BACKEND,
)


def decide(route: HTTPRoute, ctx: Context) -> Iterator[Problem]:
    """Reports a Gateway and a backend without a common family."""
    for key in route.accepted:
        proxies = _proxies(ctx, key)
        if proxies is None:
            continue
        gateway, ready, has = proxies
        for backend in dict.fromkeys(b.key for b in route.backends):
            service = ctx.state.services.get(backend)
            live = ctx.endpoints(backend).live_families if service is not None else ()
            if service is None or service.is_external_name or not live or set(live) & set(has):
                continue
            controller = controller_of_gateway(ctx.state, gateway)
            if controller is not None and controller.sends_to_cluster_ip(ctx.state, gateway, service):
                continue
            yield Problem(
                message=f"Backend {service.name} has only {families(live)} endpoints, but the proxies of Gateway "
                f"{gateway.name} have only {families(has)} addresses: every request to it fails.",
                field=f"spec.rules[{service.namespace}/{service.name}]",
                observed=f"backend {families(live)}, proxies {families(has)}",
                expected="a family in common",
                fix=_fix(ctx, ready, has, service, live),
                related=(
                    ref("Service", service),
                    ref("Gateway", gateway),
                    *(ref("Pod", pod) for pod in ready[:20]),
                ),
                grace=60,
            )


def _fix(ctx: Context, proxies: Sequence[Pod], has: Sequence[Family], backend: Service, live: Sequence[Family]) -> str:
    """How the proxies get a family of the backend, or the backend one of theirs.

    New proxy pods do not have it if their annotations ask the CNI for other addresses.
    """
    given = "" if any(pod.ipam for pod in proxies) else give_family(ctx, proxies, live[0])
    proxies_first = given or f"# give the proxy pods an {live[0]} address"
    return f"{proxies_first}\n# or give {backend.namespace}/{backend.name} endpoints of {families(has)}"


_Proxies = tuple[Gateway, tuple[Pod, ...], tuple[Family, ...]]


def _proxies(ctx: Context, key: Key) -> _Proxies | None:
    """A Gateway, its ready proxies and their families, computed once for all of its routes.

    None if its backends cannot be judged, or if the proxies have both families and therefore reach every backend.
    """
    state = ctx.state
    versions = (state.proxies_version, state.epochs[Kind.GATEWAY], state.epochs[Kind.GATEWAY_CLASS])
    cached: dict[Key, _Proxies | None] = state.cached("Gateways with proxies of one family", versions, dict)
    if key not in cached:
        cached[key] = _find_proxies(ctx, key)
    return cached[key]


def _find_proxies(ctx: Context, key: Key) -> _Proxies | None:
    gateway = ctx.state.gateways.get(key)
    controller, pods = proxies_of_gateway(ctx.state, gateway) if gateway is not None else (None, ())
    if gateway is None or controller is None or not controller.reaches_backends_from_pods:
        return None
    ready = tuple(pod for pod in pods if pod.ready)
    # A hidden address may be of the other family.
    if not all(are_addresses(pod.ips) for pod in ready):
        return None
    has: tuple[Family, ...] = ()
    for pod in ready:
        has = tuple(dict.fromkeys((*has, *pod_families(pod))))
        if len(has) > 1:
            return None
    return (gateway, ready, has) if has else None
