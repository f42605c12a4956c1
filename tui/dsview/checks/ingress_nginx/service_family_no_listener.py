"""Controller Service has a family that nginx does not listen on.

## Condition

A family of the controller's Service has ready endpoints, but nginx does not listen on it at the Service's target port.

## Why it matters

The pod refuses connections over that family.

## Fix

If IPv6 is disabled in the controller's ConfigMap, enable it. If nginx listens on IPv6 on no port, restart the
controller, which tests for IPv6 only when it starts. If other ports have the family, correct the template or snippet.

## When it is a false alarm

The port uses ssl-passthrough: then the controller itself, not nginx, listens on it for both families.

## Source

kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import make_listen, names, ref
from dsview.checks.listener.shared import port_words
from dsview.cluster.relations import PodFacet
from dsview.core.address import families_of
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.core.plurals import count
from dsview.kinds.kind import Kind
from dsview.listeners.ingress_nginx.pods import (
    config_map_key,
    controller_services,
)
from dsview.listeners.ingress_nginx.sockets import closed_nginx_ports

check = Check(
    code="DS-NGX-003",
    slug="service-family-no-listener",
    severity=Severity.ERROR,
    needs=(Kind.SERVICE, Kind.POD, Kind.ENDPOINT_SLICE),
    uses=(Kind.PROXY_LISTENERS, Kind.CONFIG_MAP),
    of_pods=(PodFacet.CONTROLLERS,),
    of_listeners=True,
    cells=("listen", "ready"),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
    harm=Harm.OF_RELATED,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a Service that leads to a port without a listener in one family."""
    for service, pods in controller_services(ctx.state).values():
        endpoints = ctx.endpoints(service.key)
        for family in service.families:
            if not endpoints.live(family):
                continue
            # A replica without an address of the family gets no connections over it, which DS-POD-001 and DS-EPS-002
            # report.
            reachable = [pod for pod in pods if pod.ready and family in families_of(pod.ips)]
            not_listening = [
                (pod, ports) for pod in reachable if (ports := closed_nginx_ports(ctx.state, service, pod, family))
            ]
            if not not_listening:
                continue
            pod, ports = not_listening[0]
            yield Problem(
                message=f"The Service has {family} and {count(endpoints.live(family), f'ready {family} endpoint')}, "
                f"but {pod.name} does not listen on {family} {port_words(ports)}.",
                family=family,
                object=ref("Service", service),
                field=f"spec.ports[{ports[0]}]",
                observed=f"no {family} listener on {names(map(str, ports))}",
                expected=f"an {family} listener on each port that the Service leads to",
                fix=make_listen(ctx.state, [p for p, _ in not_listening], ports, family),
                related=tuple(ref("Pod", p) for p, _ in not_listening[:20]),
                grace=60,
                causes=(
                    *(
                        Cause("DS-NGX-002", ObjectRef("ConfigMap", *config_map_key(p)), family)
                        for p, _ in not_listening
                    ),
                    *(Cause("DS-NGX-001", ref("Pod", p), family) for p, _ in not_listening),
                ),
            )
