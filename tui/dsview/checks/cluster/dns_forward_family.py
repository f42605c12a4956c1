"""CoreDNS forwards to addresses that its pods cannot reach.

## Condition

A `forward` line of the Corefile names resolvers of only one family, and no running DNS pod has an address of that
family.

## Why it matters

Names inside the cluster resolve. Queries for names outside it time out.

## Fix

Set resolvers of the pods' family in the Corefile, or give the DNS pods the other family.

## When it is a false alarm

The pods reach the other family through an address that the API does not show. On AWS, IPv6 pods have an IPv4 address
for outgoing connections, so the check does not fire there.

## Source

https://coredns.io/plugins/forward/; https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, kubectl, names, ref
from dsview.checks.service.shared import cluster_dns
from dsview.cluster.component_settings import COREDNS
from dsview.core.address import V4, Family, families_of
from dsview.core.corefile import forwards
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod

check = Check(
    code="DS-CLU-011",
    slug="dns-forward-family",
    severity=Severity.WARNING,
    needs=(Kind.CONFIG_MAP, Kind.SERVICE, Kind.POD),
    absence_of=(Kind.POD,),
    uses=(Kind.NODE,),
    config_map=COREDNS,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports resolvers that no DNS pod can reach."""
    config_map = ctx.state.config_maps.get(COREDNS)
    lines = forwards(config_map.data.get("Corefile", "")) if config_map is not None else []
    reported: set[Family] = set()
    for line, addresses in lines:
        family = _only_family(addresses)
        # In most clusters every pod has the family. Then there is no need to search for the DNS pods.
        if (
            family is None
            or family in reported
            or not any(family not in has for has, _ in ctx.state.pod_patterns.counts)
        ):
            continue
        pods = _dns_pods(ctx)
        if config_map is None or not pods or any(_reaches(ctx, pod, family) for pod in pods):
            continue
        reported.add(family)
        has = families_of(tuple(ip for pod in pods for ip in pod.ips))
        yield Problem(
            message=f"The Corefile forwards to {names(addresses)} only, but the DNS pods have {families(has)} only.",
            object=ref("ConfigMap", config_map),
            family=family,
            field="data.Corefile",
            observed=line,
            expected=f"resolvers with an {has[0]} address",
            fix=kubectl("kube-system", "edit", "configmap", "coredns"),
            related=tuple(ref("Pod", pod) for pod in pods[:20]),
        )


def _only_family(addresses: tuple[str, ...]) -> Family | None:
    address_families = families_of(addresses)
    return address_families[0] if len(address_families) == 1 else None


def _dns_pods(ctx: Context) -> list[Pod]:
    # One pod may be behind several Services, for example behind that of a cache on each node.
    pods = {pod.key: pod for service in cluster_dns(ctx) for pod in ctx.selected_pods(service)}
    return [pod for pod in pods.values() if ctx.is_eligible(pod) and families_of(pod.ips)]


def _reaches(ctx: Context, pod: Pod, family: Family) -> bool:
    if family in families_of(pod.ips):
        return True
    node = ctx.state.nodes.get(("", pod.node_name))
    return family == V4 and node is not None and node.provider_id.startswith("aws:")
