"""status.loadBalancer of Services and Ingresses."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dsview.kinds.wire import Json, Wire, without_empty


class LoadBalancerIngress(msgspec.Struct, frozen=True, gc=False):
    """One entry of status.loadBalancer.ingress; `ip_mode` is `VIP`, `Proxy` or empty (which means VIP)."""

    ip: str = ""
    hostname: str = ""
    ip_mode: str = ""


class IngressEntry(Wire):
    """status.loadBalancer.ingress[] of a Service or an Ingress."""

    ip: str | None = None
    hostname: str | None = None
    ip_mode: str | None = None


class LoadBalancerStatus(Wire):
    """status.loadBalancer."""

    ingress: list[IngressEntry] | None = None


class ServiceStatus(Wire):
    """status of a Service or an Ingress."""

    load_balancer: LoadBalancerStatus | None = None


def ingress_entries(status: ServiceStatus | None) -> tuple[LoadBalancerIngress, ...]:
    """status.loadBalancer.ingress[]."""
    if status is None or status.load_balancer is None or not status.load_balancer.ingress:
        return ()
    return tuple(
        LoadBalancerIngress(e.ip or "", e.hostname or "", e.ip_mode or "") for e in status.load_balancer.ingress
    )


def encode_load_balancer(entries: Iterable[LoadBalancerIngress]) -> Json:
    """A status with loadBalancer.ingress[]."""
    return {
        "loadBalancer": without_empty(
            ingress=[without_empty(ip=e.ip, hostname=e.hostname, ipMode=e.ip_mode) for e in entries]
        )
    }
