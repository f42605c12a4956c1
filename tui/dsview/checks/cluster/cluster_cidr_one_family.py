"""kube-proxy is configured with the pod range of only one family.

## Condition

detectLocalMode is ClusterCIDR, and clusterCIDR has one family while pods have both.

## Why it matters

In the other family, kube-proxy cannot distinguish pod traffic from other traffic, and masquerades the wrong packets.

## Fix

Set clusterCIDR to the ranges of both families, or detectLocalMode to NodeCIDR.

## When it is a false alarm

The CNI plug-in does the masquerading itself.

## Source

kubernetes/kubernetes cmd/kube-proxy/app/server_linux.go, getLocalDetectors: a family without a clusterCIDR gets a
detector that matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, ref
from dsview.cluster.component_settings import KUBE_PROXY, kube_proxy_settings
from dsview.cluster.indexes import holds_address
from dsview.cluster.relations import PodFacet
from dsview.core.address import families_of, other
from dsview.core.cidr import cidr_families
from dsview.core.command_flags import split_list
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-008",
    slug="cluster-cidr-one-family",
    severity=Severity.WARNING,
    needs=(Kind.CONFIG_MAP, Kind.POD),
    uses=(Kind.NODE,),
    of_pods=(PodFacet.PATTERNS,),
    config_map=KUBE_PROXY,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a clusterCIDR of one family for dual-stack pods."""
    config_map = ctx.state.config_maps.get(KUBE_PROXY)
    settings = kube_proxy_settings(config_map) if config_map is not None else None
    if config_map is None or settings is None or settings.detect_local_mode != "ClusterCIDR":
        return
    ranges = split_list(settings.cluster_cidr)
    named = cidr_families(ranges)
    if len(named) == 1 and not any_redacted(ranges) and _has_dual_pods(ctx):
        yield Problem(
            message=f"clusterCIDR is {settings.cluster_cidr}, but pods have {other(named[0])} addresses as well.",
            object=ref("ConfigMap", config_map),
            family=other(named[0]),
            field="data.config.conf.clusterCIDR",
            observed=settings.cluster_cidr,
            expected="a range of each family",
            fix=kubectl("kube-system", "edit", "configmap", "kube-proxy"),
        )


def _has_dual_pods(ctx: Context) -> bool:
    """Whether a pod on the pod network has both families. Pods on the host network have those of their node."""
    if not ctx.knows(Kind.NODE):
        if not any(len(has) == 2 for has, _ in ctx.state.pod_patterns.counts):
            return False
        return any(holds_address(pod) and len(families_of(pod.ips)) == 2 for pod in ctx.state.pods)
    counts = (ctx.state.pod_counts.of(name) for name in ctx.nodes)
    return any(v4 + v6 > pods for pods, v4, v6 in counts)
