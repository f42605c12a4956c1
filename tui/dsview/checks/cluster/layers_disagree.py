"""Pods and Services disagree on dual-stack.

## Condition

The cluster has two Service families, but no node gives pods both; or the reverse (a note).

## Why it matters

Half of the conversion to dual-stack is missing: the second Service family has no endpoints.

## Fix

Give kube-controller-manager and the CNI a pod range of the missing family, or finish with the API server's
--service-cluster-ip-range.

## When it is a false alarm

A conversion is in progress. Pods are converted first and Services later, so pods with both families are only a note.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#configure-ipv4-ipv6-dual-stack: the ranges of
Services and of pods are set by different flags.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.cluster.shared import allocated_pod_ranges
from dsview.checks.engine.address_fields import POD_CIDRS, POD_IPS
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names
from dsview.cluster.node_facts import has_hidden_ranges
from dsview.cluster.profile import Confidence
from dsview.cluster.relations import PodFacet
from dsview.core.address import FAMILIES, Family, other
from dsview.core.cidr import cidr_families
from dsview.core.finding import CLUSTER, Cause, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-001",
    slug="layers-disagree",
    severity=Severity.WARNING,
    needs=(Kind.NODE, Kind.POD),
    absence_of=(Kind.NODE, Kind.POD),
    of_all_namespaces=(Kind.POD,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    of_pods=(PodFacet.CONTROL_PLANE,),
    of_service_families=True,
    addresses=(POD_CIDRS, POD_IPS),
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports that S is dual-stack and no P(n) is, or the reverse."""
    profile = ctx.profile
    known = [facts for facts in ctx.nodes.values() if facts.pod_families]
    has_dual = [facts.name for facts in known if len(facts.pod_families) == 2]
    # A hidden range or address may have the family that seems to be missing.
    is_unsure = profile.has_unknown_pods or any(map(has_hidden_ranges, ctx.state.nodes))
    if profile.is_dual and known and not has_dual and not is_unsure:
        seen = tuple(f for f in FAMILIES if any(f in facts.pod_families for facts in known))
        yield Problem(
            message="Services are dual-stack "
            f"({', '.join(profile.service_cidrs) or families(profile.service_families)}), but every node gives its "
            f"pods {families(seen)} only.",
            family=other(seen[0]) if len(seen) == 1 else None,
            observed=f"pods: {families(seen)}",
            expected="pods: IPv4 and IPv6",
            fix=_pod_ranges_fix(seen),
            causes=_causes(ctx, seen),
        )
    elif len(profile.service_families) == 1 and profile.confidence is Confidence.DECLARED and has_dual:
        yield Problem(
            message=f"Pods get both families on {names(sorted(has_dual))}, but Services are "
            f"{profile.service_families[0]} only.",
            severity=Severity.NOTE,
            family=other(profile.service_families[0]),
            observed=f"Services: {profile.service_families[0]}",
            expected="Services: IPv4 and IPv6, if dual-stack is wanted",
            fix=safe(
                "Start every API server and controller manager with a --service-cluster-ip-range of "
                f"{', '.join(profile.service_cidrs)} and a range of {other(profile.service_families[0])}."
            ),
        )


def _causes(ctx: Context, seen: tuple[Family, ...]) -> tuple[Cause, ...]:
    """A --cluster-cidr without a range of the missing family. One with such a range does not explain the finding."""
    named = cidr_families(allocated_pod_ranges(ctx))
    return tuple(Cause("DS-CLU-010", CLUSTER, f) for f in FAMILIES if named and f not in named and f not in seen)


def _pod_ranges_fix(seen: tuple[Family, ...]) -> str:
    wanted = other(seen[0]) if len(seen) == 1 else "both families"
    return (
        f"Add a range of {wanted} to the --cluster-cidr of kube-controller-manager and to the configuration of the CNI "
        "plug-in. Then register the nodes again, because their podCIDRs are immutable."
    )
