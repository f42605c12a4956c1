"""No pod has a family that the nodes have ranges for.

## Condition

The nodes' podCIDRs have a family (without podCIDRs: the Service families of a dual-stack cluster and the nodes'
InternalIPs), at least three running pods are on the pod network, and no pod in the whole cluster has an address of that
family.

## Why it matters

The CNI plug-in assigns addresses of one family only. Services have no endpoints in the other family, even after their
pods restart.

## Fix

Enable the family in the configuration of the CNI plug-in, then restart the pods.

## When it is a false alarm

The ranges of the family are reserved for later.

## Source

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#prerequisites: the network plug-in has to support
dual-stack networking.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dsview.checks.engine.address_fields import POD_IPS
from dsview.checks.engine.check import Check, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.core.finding import CLUSTER, Severity
from dsview.kinds.kind import Kind

check = Check(
    code="DS-POD-006",
    slug="family-unused",
    severity=Severity.WARNING,
    needs=(Kind.NODE, Kind.POD),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    absence_of=(Kind.POD,),
    of_all_namespaces=(Kind.POD,),
    addresses=(POD_IPS,),
    layer=LayerName.PODS,
)

_MIN_PODS = 3
"""The minimum number of pods on the pod network from which conclusions are drawn."""


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a family that nodes have but no pod has."""
    for family in ctx.profile.unused_families:
        nodes = [name for name, facts in ctx.nodes.items() if family in (facts.cidrs or facts.internal)]
        pods = list(islice((pod for pod in ctx.state.pods if not pod.host_network and ctx.is_eligible(pod)), _MIN_PODS))
        if len(pods) < _MIN_PODS:
            continue
        yield Problem(
            message=f"No pod has an {family} address, but {len(nodes)} of {len(ctx.nodes)} nodes have {family}: "
            "the CNI plug-in assigns none.",
            object=CLUSTER,
            family=family,
            field="status.podIPs",
            observed=f"no pod with {family}",
            expected=f"pods with {family}",
            fix=f"Enable {family} in the configuration of the CNI plug-in, then restart the pods.",
        )
