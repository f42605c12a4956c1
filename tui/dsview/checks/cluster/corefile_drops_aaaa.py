"""CoreDNS does not answer AAAA queries.

## Condition

In a cluster with IPv6, the Corefile returns empty answers to AAAA queries (a `template` for AAAA without an answer, or
an `acl` that filters them) or rewrites them to A (a `rewrite` of type AAAA).

## Why it matters

Names never resolve to IPv6 addresses. Clients use only IPv4, and clients without IPv4 cannot connect to any name.

## Fix

Remove the plug-in's lines from the Corefile.

## When it is a false alarm

AAAA answers are suppressed on purpose while IPv6 is being rolled out.

## Source

https://coredns.io/plugins/template/, https://coredns.io/plugins/acl/ and https://coredns.io/plugins/rewrite/
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, ref
from dsview.cluster.component_settings import COREDNS
from dsview.core.address import V6
from dsview.core.corefile import drops_aaaa
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-012",
    slug="corefile-drops-aaaa",
    severity=Severity.WARNING,
    needs=(Kind.CONFIG_MAP, Kind.NODE),
    substitutes=(Kind.CONFIG_MAP,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    config_map=COREDNS,
    of_service_families=True,
    without_families="from the families of pods",
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports AAAA queries that are not answered."""
    config_map = ctx.state.config_maps.get(COREDNS)
    line = drops_aaaa(config_map.data.get("Corefile", "")) if config_map is not None else ""
    has_v6 = ctx.serves(V6) or any(V6 in facts.pod_families for facts in ctx.nodes.values())
    if config_map is not None and line and has_v6:
        yield Problem(
            message=f"The Corefile suppresses AAAA answers ({line}): names do not resolve to IPv6 addresses.",
            object=ref("ConfigMap", config_map),
            family=V6,
            field="data.Corefile",
            observed=line,
            expected="answers to AAAA queries",
            fix=kubectl("kube-system", "edit", "configmap", "coredns"),
        )
