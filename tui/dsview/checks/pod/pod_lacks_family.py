"""Pod lacks a family that its node gives to pods.

## Condition

A running pod on the pod network has no address of a family that other pods on its node have. An error if a Service with
that family selects the pod; a note if an annotation of the pod requests specific addresses from the CNI plug-in, or if
its node runs Windows or is a virtual node.

## Why it matters

The pod was created before its node had the family. It gets an address only when it is recreated, and until then it is
missing from every Service in that family.

## Fix

Recreate the pod.

## When it is a false alarm

The pod is pending, finished, terminating, younger than 60 s, or on the host's network.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/: a pod keeps its addresses for its lifetime.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import POD_IPS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, names, recreate_pods
from dsview.checks.pod.shared import node_ref
from dsview.core.address import families_of
from dsview.core.finding import CLUSTER, Cause, ObjectRef, Severity
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod

check = Check(
    code="DS-POD-001",
    slug="pod-lacks-family",
    severity=Severity.WARNING,
    subjects=(Kind.POD,),
    needs=(Kind.NODE, Kind.SERVICE),
    absence_of=(Kind.POD,),
    addresses=(POD_IPS,),
    cells=("pod_ip",),
    layer=LayerName.PODS,
    hop=HopName.PODS,
)


def decide(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """Reports a family of P(node) of which the pod has no address."""
    node = ctx.node(pod.node_name)
    if node is None or pod.host_network:
        return
    has = families_of(pod.ips)
    missing = [family for family in node.pod_families if family not in has]
    if not missing or not ctx.is_eligible(pod) or any_redacted(pod.ips):
        return
    selecting = ctx.state.selectors.selecting(pod)
    for family in missing:
        wanting = sorted(s.name for s in selecting if family in s.families)
        is_unused = family in ctx.profile.unused_families
        is_determined_elsewhere = bool(pod.ipam) or node.families_from_pods
        severity = Severity.NOTE if is_determined_elsewhere else Severity.ERROR if wanting else None
        of_services = f"Service{'' if len(wanting) == 1 else 's'} {names(wanting)}"
        effect = f" {of_services} cannot reach the pod over {family}." if wanting else ""
        requested = f" Its annotations request specific addresses ({names(pod.ipam)})." if pod.ipam else ""
        yield Problem(
            message=f"No {family} address, although node {pod.node_name} gives its pods "
            f"{families(node.pod_families)}.{effect}{requested}",
            severity=severity,
            family=family,
            field="status.podIPs",
            observed=", ".join(pod.ips),
            expected=f"addresses of {families(node.pod_families)}",
            # A restart helps only if the node provides the family and the CNI plug-in assigns it.
            fix=None if is_determined_elsewhere or is_unused else recreate_pods([pod]),
            related=(node_ref(pod), *(ObjectRef("Service", pod.namespace, name) for name in wanting)),
            causes=(Cause("DS-POD-006", CLUSTER, family), Cause("DS-NODE-002", node_ref(pod), family)),
        )
