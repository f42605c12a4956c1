"""Servers of one controller listen on different families.

## Condition

In one replica, the families differ between server names, or between the http and the https port. The check requires the
actual nginx.conf.

## Why it matters

Some sites, or one of http and https, are unreachable over one family.

## Fix

Remove the listen directives for a single family from the snippet or the custom template.

## When it is a false alarm

A template limits a server to one family on purpose. Loopback and unix sockets are not compared.

## Source

kubernetes/ingress-nginx internal/ingress/controller/template/template.go: every server gets the same listen
directives.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, look_at, names, ref
from dsview.checks.ingress_nginx.shared import read
from dsview.cluster.relations import PodFacet
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.listeners.ingress_nginx.pods import (
    config_map_key,
    has_ssl_passthrough,
    public_ports,
)

check = Check(
    code="DS-NGX-007",
    slug="uneven-servers",
    severity=Severity.ERROR,
    needs=(Kind.POD, Kind.PROXY_LISTENERS),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports servers with different families."""
    for pod, conf in read(ctx):
        public = public_ports(pod)
        if has_ssl_passthrough(pod):
            public = {**public, "https": 442}
        by_port: dict[int, dict[str, set[Family]]] = {}
        for x in conf.listeners:
            if (
                x.context == "http"
                and not x.internal
                and x.transport == "tcp"
                and x.port in public.values()
                and x.families
            ):
                for name in x.server_names or ("",):
                    by_port.setdefault(x.port or 0, {}).setdefault(name, set()).update(x.families)
        uneven = _uneven(by_port)
        if uneven is not None:
            message, family = uneven
            settings = config_map_key(pod)
            yield Problem(
                message=message,
                object=ref("Pod", pod),
                family=family,
                field="listen",
                expected="the same families for every server and port",
                # The process decides for all servers at once, so a restart would write the same file.
                fix="Correct the listen directives in the snippets of the ConfigMap, or in the custom template.\n"
                + look_at(kubectl(settings[0], "get", "configmap", settings[1], options=("-o", "yaml"))),
            )


def _uneven(by_port: dict[int, dict[str, set[Family]]]) -> tuple[str, Family] | None:
    for port, servers in sorted(by_port.items()):
        for family in FAMILIES:
            without = sorted(name or "(no name)" for name, has in servers.items() if family not in has)
            if without and len(without) < len(servers):
                text = f"On port {port}, {names(without)} does not listen on {family}, but other servers do."
                return text, family
    whole = {port: set().union(*servers.values()) for port, servers in sorted(by_port.items())}
    for family in FAMILIES:
        without_port = [port for port, has in whole.items() if family not in has]
        if without_port and len(without_port) < len(whole):
            rest = next(port for port in whole if port not in without_port)
            return f"Port {without_port[0]} does not listen on {family}, but port {rest} does.", family
    return None
