"""Endpoint with an address that its pod no longer has.

## Condition

An endpoint names a pod by name and uid, the pod exists with that uid, and the endpoint's address is none of its podIPs,
for 60 s.

## Why it matters

Traffic to the old address is lost, or reaches the pod that has it now.

## Fix

Delete the slice; the endpoint slice controller creates it again. If something else wrote it, correct it there.

## When it is a false alarm

The pod's sandbox was recreated less than 60 s ago. Slices of other controllers are not checked, because they may have
addresses of a second network, which are not in podIPs.

## Source

kubernetes/kubernetes staging/src/k8s.io/endpointslice/util/controller_utils.go, podEndpointsChanged: the slices follow
a change of podIPs.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import GRACE, OF_KUBERNETES, correct_slice
from dsview.checks.engine.address_fields import ENDPOINTS
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, ref
from dsview.core.address import FAMILIES, family_of, same_address
from dsview.core.finding import Severity
from dsview.core.plurals import count
from dsview.kinds.endpoint_slice import EndpointSlice, unpack
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

check = Check(
    code="DS-EPS-009",
    slug="stale-address",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE, Kind.POD),
    addresses=(ENDPOINTS,),
    cells=("ready",),
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
    harm=Harm.PART,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports outdated addresses."""
    if service.is_external_name:
        return
    for family in FAMILIES:
        slices: dict[str, EndpointSlice] = {}
        stale: dict[str, Pod] = {}
        for item in ctx.state.slices.of(service.key):
            for address, pod in _stale(item, service, ctx) if item.address_type == family else ():
                slices[item.name] = item
                stale[address] = pod
        if not stale:
            continue
        pods = list({pod.key: pod for pod in stale.values()}.values())
        has = names(ip for pod in pods for ip in pod.ips)
        is_one = len(stale) == 1
        yield Problem(
            message=f"{count(len(stale), f'{family} endpoint')} ({names(stale)}) {'names' if is_one else 'name'} "
            f"{names(pod.name for pod in pods)}, but the {'pod has' if len(pods) == 1 else 'pods have'} {has}.",
            family=family,
            observed=names(stale),
            expected=has,
            fix="\n".join(correct_slice(item) for item in slices.values()),
            related=(
                *(ref("EndpointSlice", item) for item in slices.values()),
                *(ref("Pod", pod) for pod in pods[:20]),
            ),
            grace=GRACE,
        )


def _stale(item: EndpointSlice, service: Service, ctx: Context) -> Iterator[tuple[str, Pod]]:
    """The addresses in a slice that its pod does not have."""
    if item.managed_by not in OF_KUBERNETES:
        return
    for row in item.packed():
        _, addresses, namespace, name, uid, _ = row.split("\t")
        pod = ctx.addressed_pod(service, (namespace, name)) if name and uid else None
        if pod is None or addresses in pod.pod_ips or pod.uid != uid or pod.phase != "Running" or pod.deleted:
            continue
        if not pod.ips or not ctx.older_than(pod.ready_since, GRACE):
            continue
        if any(family_of(ip) is None for ip in pod.ips):
            continue
        for address in unpack(row).addresses:
            # Text that is not an address cannot be compared.
            if family_of(address) is not None and not any(same_address(address, ip) for ip in pod.ips):
                yield address, pod
