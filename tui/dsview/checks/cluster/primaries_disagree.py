"""First families of nodes and Services differ.

## Condition

The family of the first InternalIP differs between Ready nodes, or from the first Service family. An error if all
podCIDRs and pods of a node have only the family that its first InternalIP does not have.

## Why it matters

podIP, hostIP and clusterIP have different families on different nodes, which breaks software that reads only the first
address.

## Fix

Use the order of the API server's --service-cluster-ip-range for --node-ip of the kubelets.

## When it is a false alarm

The order is intended, and all software uses every address of a node.

## Source

kubernetes/kubernetes pkg/kubelet/kubelet_pods.go, sortPodIPs: the order of podIPs follows the node's first address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsview.checks.engine.address_fields import NODE_ADDRESSES
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names
from dsview.cluster.profile import KUBERNETES, Confidence
from dsview.core.address import Family
from dsview.core.finding import ObjectRef, Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind

check = Check(
    code="DS-CLU-002",
    slug="primaries-disagree",
    severity=Severity.WARNING,
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR, Kind.POD),
    of_pods=(),
    absence_of=(Kind.POD,),
    of_service_families=True,
    without_families="between nodes",
    addresses=(NODE_ADDRESSES,),
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports that the first family is not the same everywhere."""
    hidden = {node.name for node in ctx.state.nodes if any_redacted(node.addresses_of("InternalIP"))}
    known_first = (f for f in ctx.nodes.values() if f.ready and f.internal and not f.virtual and f.name not in hidden)
    nodes = sorted(known_first, key=lambda f: f.name)
    firsts: dict[Family, list[str]] = {}
    for facts in nodes:
        firsts.setdefault(facts.internal[0], []).append(facts.name)
    # If pods have the first family anyway, the CNI plug-in ignores podCIDRs.
    mismatched = [f for f in nodes if f.cidrs and f.internal[0] not in (*f.cidrs, *f.pod_families)]
    profile = ctx.profile
    # Even if S is only assumed, its first family is known: it is that of default/kubernetes.
    known = profile.confidence in {Confidence.DECLARED, Confidence.OBSERVED} or KUBERNETES in ctx.state.services
    served = profile.service_families[0] if known and profile.service_families else None
    from_services = [name for family, found in firsts.items() for name in found if served and family != served]
    if mismatched:
        yield Problem(
            message=f"{names(f.name for f in mismatched)}: the first InternalIP is {mismatched[0].internal[0]}, but "
            f"all podCIDRs are {families(mismatched[0].cidrs)}.",
            severity=Severity.ERROR,
            observed=f"{mismatched[0].internal[0]} first, podCIDRs {families(mismatched[0].cidrs)}",
            expected="a podCIDR of the node's first family",
            fix=_node_ip_fix((f.name for f in mismatched), mismatched[0].cidrs[0]),
            related=tuple(ObjectRef("Node", None, f.name) for f in mismatched[:20]),
        )
    elif len(firsts) > 1:
        wanted = served if served in firsts else max(firsts, key=lambda family: len(firsts[family]))
        differing = [name for family, found in firsts.items() if family != wanted for name in found]
        parts = [f"{family} on {names(found)}" for family, found in sorted(firsts.items())]
        yield Problem(
            message=f"The first InternalIP is {' and '.join(parts)}.",
            observed="; ".join(parts),
            expected="the same first family on every node",
            fix=_node_ip_fix(differing, wanted),
            related=tuple(ObjectRef("Node", None, name) for name in differing[:20]),
        )
    elif from_services:
        yield Problem(
            message=f"The first family is {next(iter(firsts))} for nodes, but {served} for Services.",
            observed=next(iter(firsts)),
            expected=served,
            fix=_node_ip_fix(from_services, served) if served is not None else None,
            related=tuple(ObjectRef("Node", None, name) for name in from_services[:20]),
        )


def _node_ip_fix(nodes: Iterable[str], first: Family) -> str:
    return (
        f"Start the kubelets of {names(nodes)} with a --node-ip that names {first} first. If a cloud provider reports "
        "the addresses, change the order in its configuration."
    )
