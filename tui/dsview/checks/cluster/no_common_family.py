"""Pods cannot reach the cluster's DNS or API.

## Condition

A running pod has no family in common with the cluster IPs of the cluster DNS (kube-system/kube-dns, another Service
there with its label, or openshift-dns/dns-default) or of default/kubernetes.

## Why it matters

Name resolution, or every API call, fails in these pods.

## Fix

Make the Service dual-stack, or recreate the pods with the missing family.

## When it is a false alarm

The pod does not use the cluster DNS: its dnsPolicy is None or Default, or it is on the host network without
ClusterFirstWithHostNet. Pods on the host network do not need default/kubernetes.

## Source

https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy: which pods use the cluster
DNS.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import CLUSTER_IPS, POD_IPS
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, give_family, names, patch_service, ref
from dsview.checks.service.shared import cluster_dns
from dsview.cluster.indexes import uses_cluster_dns
from dsview.cluster.profile import KUBERNETES
from dsview.cluster.relations import PodFacet
from dsview.core.address import Family, families_of
from dsview.core.finding import Severity
from dsview.core.plurals import count
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

check = Check(
    code="DS-CLU-006",
    slug="no-common-family",
    severity=Severity.ERROR,
    needs=(Kind.SERVICE, Kind.POD),
    absence_of=(Kind.SERVICE,),
    of_pods=(PodFacet.PATTERNS,),
    addresses=(
        CLUSTER_IPS,
        POD_IPS,
    ),
    cells=("cluster_ip",),
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports pods that have no family in common with what every pod needs."""
    dns = [service for service in cluster_dns(ctx) if service.real_cluster_ips]
    if dns:
        yield from _unreachable(ctx, dns, needs_dns=True)
    kubernetes = ctx.state.services.get(KUBERNETES)
    if kubernetes is not None:
        yield from _unreachable(ctx, [kubernetes], needs_dns=False)


def _unreachable(ctx: Context, services: list[Service], *, needs_dns: bool) -> Iterator[Problem]:
    """Pods that reach none of the Services. It is unknown which of them the kubelet configures."""
    service = services[0]
    ips = tuple(ip for each in services for ip in each.real_cluster_ips)
    served = families_of(ips)

    def lacks(has: tuple[Family, ...]) -> bool:
        return bool(has) and not set(has) & set(served)

    def needs(pod: Pod) -> bool:
        # A pod on the host network reaches the API server through the addresses of its node, too.
        return uses_cluster_dns(pod) if needs_dns else not pod.host_network

    if not served or any_redacted(ips) or not any(lacks(has) for has, _ in ctx.state.pod_patterns.counts):
        return
    pods: list[Pod] = sorted(
        (p for p in ctx.state.pods if needs(p) and lacks(families_of(p.ips)) and ctx.is_eligible(p)),
        key=lambda pod: pod.key,
    )
    if pods:
        has = families_of(pods[0].ips)
        yield Problem(
            message=f"{count(len(pods), 'pod')} with {families(has)} only cannot reach "
            f"{', '.join(ips)}: {names(f'{p.namespace}/{p.name}' for p in pods)}.",
            object=ref("Service", service),
            family=has[0],
            field="spec.clusterIPs",
            observed=families(served),
            expected=f"a cluster IP of {has[0]} too",
            fix=patch_service(service, ipFamilyPolicy="PreferDualStack", ipFamilies=[served[0], has[0]])
            if needs_dns and len(served) == 1 and ctx.is_dual()
            else give_family(ctx, pods[:20], served[0]),
            related=tuple(ref("Pod", pod) for pod in pods[:20]),
        )
