"""Flags of API servers and controller managers disagree.

## Condition

--service-cluster-ip-range differs in value or order between API servers, or between them and kube-controller-manager;
or --cluster-cidr lacks a Service family. An error if the families of --cluster-cidr do not match those of the nodes'
podCIDRs by position.

## Why it matters

API servers that differ serve different families. The controller manager creates slices, or allocates ranges to nodes,
for the wrong families. It matches podCIDRs with --cluster-cidr by position, and exits if they do not match.

## Fix

Set the intended value on every API server and controller manager.

## When it is a false alarm

The control plane is being reconfigured, and one of its pods has not restarted yet. A node with fewer podCIDRs than
--cluster-cidr has ranges is not a mismatch: it registered before the second range was added. If a cloud provider
allocates the nodes' ranges, --cluster-cidr is not used. With a CNI plug-in that manages addresses itself, such as
Calico, pods have the family anyway.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#configure-ipv4-ipv6-dual-stack;
kubernetes/kubernetes pkg/controller/nodeipam/ipam/range_allocator.go, occupyCIDRs
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.cluster.shared import allocated_pod_ranges
from dsview.checks.engine.check import Check, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names
from dsview.checks.node.shared import node_ref
from dsview.cluster.profile import control_plane_flags
from dsview.cluster.relations import PodFacet
from dsview.core.address import Family
from dsview.core.cidr import cidr_families, parse_cidrs
from dsview.core.command_flags import split_list
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted
from dsview.core.text import safe
from dsview.kinds.kind import Kind

_COMPONENTS = ("kube-apiserver", "kube-controller-manager")
_SERVICE_RANGES = "--service-cluster-ip-range"
_POD_RANGES = "--cluster-cidr"

check = Check(
    code="DS-CLU-010",
    slug="control-plane-flags-disagree",
    severity=Severity.WARNING,
    needs=(Kind.POD, Kind.NODE),
    substitutes=(Kind.POD,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    of_pods=(PodFacet.CONTROL_PLANE,),
    of_service_families=True,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports flags that must be equal but are not, or that do not match the nodes."""
    yield from _service_ranges(ctx)
    ranges = allocated_pod_ranges(ctx)
    if not ranges:
        return
    fatal = list(_against_nodes(ctx, ranges))
    yield from fatal
    reported = {problem.family for problem in fatal}
    has = cidr_families(ranges)
    for family in ctx.profile.service_families:
        if family not in has and family not in reported:
            yield _lacking(ctx, ranges, family)


def _service_ranges(ctx: Context) -> Iterator[Problem]:
    by_value: dict[tuple[str, ...], list[str]] = {}
    values: dict[tuple[str, ...], str] = {}
    for component in _COMPONENTS:
        for pod, value in control_plane_flags(ctx.state, component, _SERVICE_RANGES.lstrip("-")).items():
            found = tuple(cidr.canonical for cidr in parse_cidrs(split_list(value)))
            if found and not any_redacted(split_list(value)):
                by_value.setdefault(found, []).append(pod)
                values.setdefault(found, ",".join(split_list(value)))
    if len(by_value) < 2:
        return
    sets = [cidr_families(found) for found in by_value]
    differing = {family for each in sets for family in each if any(family not in other for other in sets)}
    parts = [f"{values[found]} ({names(pods)})" for found, pods in by_value.items()]
    yield Problem(
        message=f"{_SERVICE_RANGES} is not the same everywhere: {'; '.join(parts)}.",
        family=next(iter(differing)) if len(differing) == 1 else None,
        field=_SERVICE_RANGES,
        observed="; ".join(values.values()),
        expected="one value, in one order",
        fix=safe(
            f"Decide which {_SERVICE_RANGES} is meant, {' or '.join(values.values())}, and start every "
            "kube-apiserver and kube-controller-manager with it."
        ),
    )


def _against_nodes(ctx: Context, ranges: tuple[str, ...]) -> Iterator[Problem]:
    """Nodes whose podCIDRs stop the controller manager.

    If at least half of the dual-stack nodes match, DS-NODE-005 reports the others.
    """
    flag = cidr_families(ranges)
    by_order: dict[tuple[Family, ...], list[str]] = {}
    for name, facts in sorted(ctx.nodes.items()):
        by_order.setdefault(facts.cidrs, []).append(name)
    matching = by_order.get(flag, [])
    by_order = {
        order: found
        for order, found in by_order.items()
        if order != flag[: len(order)] and not (len(order) == len(flag) == 2 and len(found) <= len(matching))
    }
    if not by_order:
        return
    nodes = [name for found in by_order.values() for name in found]
    extra = {family for order in by_order for family in order if family not in flag}
    theirs = " or ".join(_order(order) for order in by_order)
    value = ",".join(ranges)
    yield Problem(
        message=f"{_POD_RANGES} is {value}, but the podCIDRs of {names(nodes)} are {theirs}: kube-controller-manager "
        "matches them by position, and stops.",
        severity=Severity.ERROR,
        family=next(iter(extra)) if len(extra) == 1 else None,
        field=_POD_RANGES,
        observed=value,
        expected=f"{theirs}, as the podCIDRs of the nodes",
        fix=safe(
            f"Decide which is meant, {_POD_RANGES}={value} or {theirs} as the nodes have it; then start every "
            "kube-controller-manager with it, or register those nodes again."
        ),
        related=tuple(node_ref(name) for name in nodes[:20]),
    )


def _order(order: tuple[Family, ...]) -> str:
    return " before ".join(order) if len(order) > 1 else f"{order[0]} only"


def _lacking(ctx: Context, ranges: tuple[str, ...], family: Family) -> Problem:
    value = ",".join(ranges)
    served = ",".join(ctx.profile.service_cidrs) or families(ctx.profile.service_families)
    return Problem(
        message=f"{_POD_RANGES} is {value}, without {family}, which Services have.",
        family=family,
        field=_POD_RANGES,
        observed=value,
        expected=f"a range of {families(ctx.profile.service_families)}",
        fix=safe(
            f"{_POD_RANGES} is {value}, the Service ranges are {served}. Decide which families are meant: add a range "
            f"of {family} to {_POD_RANGES}, or take that of {family} from {_SERVICE_RANGES}."
        ),
    )
