"""EndpointSlice that nothing uses.

## Condition

The endpoint slice controller keeps a slice of a family that its Service does not have, an address does not match the
slice's addressType (an error), or a Service with a cluster IP has a slice of type FQDN.

## Why it matters

kube-proxy ignores such a slice, or uses addresses of the wrong family.

## Fix

Delete a slice of the endpoint slice controller, which creates it again where it is needed. Correct any other slice
where it is written.

## When it is a false alarm

The Service lost the family less than 60 s ago.

## Source

kubernetes/kubernetes staging/src/k8s.io/endpointslice/reconciler.go: slices of a family that the Service does not
have are deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import CONTROLLER, GRACE, correct_slice
from dsview.checks.engine.address_fields import ENDPOINTS
from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import (
    families,
    names,
    ref,
)
from dsview.core.address import FAMILIES, family_of
from dsview.core.finding import Severity
from dsview.kinds.endpoint_slice import EndpointSlice, unpack_addresses
from dsview.kinds.kind import Kind

check = Check(
    code="DS-EPS-004",
    slug="useless-slice",
    severity=Severity.WARNING,
    subjects=(Kind.ENDPOINT_SLICE,),
    needs=(Kind.SERVICE,),
    addresses=(ENDPOINTS,),
    cells=("ready",),
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
)


def decide(item: EndpointSlice, ctx: Context) -> Iterator[Problem]:
    """Reports a slice of a family that its Service does not have, or with addresses of another family."""
    if item.address_type in FAMILIES and not ctx.has_ordinary_addresses(item):
        for i, row in enumerate(item.packed()):
            wrong = [a for a in unpack_addresses(row) if family_of(a) not in (None, item.address_type)]
            if wrong:
                yield Problem(
                    message=f"endpoints[{i}] has {names(wrong)}, which is not {item.address_type}.",
                    severity=Severity.ERROR,
                    family=family_of(wrong[0]),
                    field=f"endpoints[{i}].addresses",
                    observed=names(wrong),
                    expected=f"an {item.address_type} address",
                    fix=correct_slice(item),
                )
    service = ctx.state.services.get((item.namespace, item.service_name)) if item.service_name else None
    if service is None or service.is_external_name:
        return
    related = (ref("Service", service),)
    if item.address_type == "FQDN" and service.real_cluster_ips:
        yield Problem(
            message=f"addressType is FQDN: kube-proxy cannot serve the cluster IP of Service {service.name} from it.",
            field="addressType",
            observed="FQDN",
            expected=families(service.families),
            fix=correct_slice(item),
            related=related,
        )
    elif item.managed_by == CONTROLLER and service.families and item.address_type not in service.families:
        yield Problem(
            message=f"addressType is {item.address_type}, but Service {service.name} has "
            f"{families(service.families)} only.",
            family=next((f for f in FAMILIES if f == item.address_type), None),
            field="addressType",
            observed=item.address_type,
            expected=families(service.families),
            fix=correct_slice(item),
            related=related,
            grace=GRACE,
        )
