"""The backends of an Ingress."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.core.address import Family
from dsview.kinds.ingress import SERVICE_UPSTREAM, Ingress
from dsview.kinds.service import Service


def sends_to_cluster_ips(ingress: Ingress) -> bool:
    """Whether the controller sends to the cluster IPs of the backends, and not to their endpoints."""
    return any(name.endswith(f"/{SERVICE_UPSTREAM}") and value == "true" for name, value in ingress.annotations)


def live_backends(ingress: Ingress, ctx: Context) -> list[tuple[Service, tuple[Family, ...]]]:
    """The backends with a ready endpoint, each with the families of its ready endpoints."""
    backends = []
    for name in dict.fromkeys(backend.service for backend in ingress.backends):
        service = ctx.state.services.get((ingress.namespace, name))
        if service is None or service.is_external_name:
            continue
        live = ctx.endpoints(service.key).live_families
        if live:
            backends.append((service, live))
    return backends
