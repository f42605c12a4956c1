"""Flags of API server and controller manager disagree.

## Condition

--service-cluster-ip-range differs between the two in value or order, or --cluster-cidr lacks a Service family.

## Why it matters

The controller manager gives nodes ranges, or makes slices, for other families than the API server serves.

## Fix

Give both components the same flags, in the same order.

## When it is a false alarm

The control plane is being reconfigured, and one of the two has not restarted yet.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#configure-ipv4-ipv6-dual-stack;
kubernetes/kubernetes pkg/controller/nodeipam/ipam/range_allocator.go, occupyCIDRs: podCIDRs and --cluster-cidr are
matched by position.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families
from dsview.cluster.profile import control_plane_flag, split_list
from dsview.cluster.relations import PodFacet
from dsview.core.cidr import cidr_families, parse_cidrs
from dsview.core.finding import Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-010",
    slug="control-plane-flags-disagree",
    severity=Severity.WARNING,
    needs=(Kind.POD,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    of_pods=(PodFacet.CONTROL_PLANE,),
    of_service_families=True,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Two flags that must be the same are not."""
    api = split_list(control_plane_flag(ctx.state, "kube-apiserver", "service-cluster-ip-range"))
    manager = split_list(control_plane_flag(ctx.state, "kube-controller-manager", "service-cluster-ip-range"))
    flag = "--service-cluster-ip-range"
    if api and manager and [c.canonical for c in parse_cidrs(api)] != [c.canonical for c in parse_cidrs(manager)]:
        differing = set(cidr_families(api)) ^ set(cidr_families(manager))
        yield Problem(
            message=f"{flag} is {','.join(api)} for kube-apiserver, but {','.join(manager)} for "
            "kube-controller-manager.",
            family=next(iter(differing)) if len(differing) == 1 else None,
            field=flag,
            observed=",".join(manager),
            expected=",".join(api),
            fix=safe(f"Start kube-controller-manager with {flag}={','.join(api)}."),
        )
    pods = split_list(control_plane_flag(ctx.state, "kube-controller-manager", "cluster-cidr"))
    allocates = control_plane_flag(ctx.state, "kube-controller-manager", "allocate-node-cidrs") != "false"
    missing = [f for f in ctx.profile.service_families if pods and allocates and f not in cidr_families(pods)]
    for family in missing:
        yield Problem(
            message=f"--cluster-cidr is {','.join(pods)}, without {family}, which Services have.",
            family=family,
            field="--cluster-cidr",
            observed=",".join(pods),
            expected=f"a range of {families(ctx.profile.service_families)}",
            fix=safe(f"Start kube-controller-manager with --cluster-cidr={','.join(pods)} and one of {family} too."),
        )
