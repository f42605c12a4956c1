"""NodePorts are limited in one family only.

## Condition

kube-proxy's nodePortAddresses names ranges of one family in a dual-stack cluster.

## Why it matters

In the other family, every address of the node accepts NodePort traffic, although a limit was intended.

## Fix

Add ranges of the other family to nodePortAddresses, or set it to primary.

## When it is a false alarm

The other family is open on purpose, or a firewall that the API does not show closes it.

## Source

KEP-3178
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, ref
from dsview.cluster.component_settings import KUBE_PROXY, kube_proxy_settings
from dsview.core.address import other
from dsview.core.cidr import cidr_families
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-007",
    slug="node-port-addresses",
    severity=Severity.WARNING,
    needs=(Kind.CONFIG_MAP,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    config_map=KUBE_PROXY,
    of_service_families=True,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a limit for one of two families."""
    config_map = ctx.state.config_maps.get(KUBE_PROXY)
    settings = kube_proxy_settings(config_map) if config_map is not None else None
    if config_map is None or settings is None or not ctx.is_dual():
        return
    named = cidr_families(settings.node_port_addresses)
    if len(named) == 1 and not any_redacted(settings.node_port_addresses):
        yield Problem(
            message=f"nodePortAddresses names {', '.join(settings.node_port_addresses)} only: NodePorts are "
            f"open on every {other(named[0])} address.",
            object=ref("ConfigMap", config_map),
            family=other(named[0]),
            field="data.config.conf.nodePortAddresses",
            observed=", ".join(settings.node_port_addresses),
            expected="ranges of both families",
            fix=kubectl("kube-system", "edit", "configmap", "kube-proxy"),
        )
