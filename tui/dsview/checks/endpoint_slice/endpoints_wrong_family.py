"""Endpoints object has the wrong family.

## Condition

The Service has a selector, and its Endpoints object has an address that is not of the Service's first family.

## Why it matters

Software that still reads Endpoints expects addresses of the first family.

## Fix

Restart the controller that writes it: kube-controller-manager, or a custom controller.

## When it is a false alarm

None is known. An Endpoints object with only the first family is correct, even for a dual-stack Service.

## Source

kubernetes/kubernetes pkg/controller/endpoint/endpoints_controller.go: an Endpoints object has addresses of the first
family.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import (
    names,
)
from dsview.core.address import family_of, other
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-EPS-006",
    slug="endpoints-wrong-family",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINTS,),
    opt_in=True,
    cells=("ready",),
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports addresses of the second family in Endpoints."""
    item = ctx.state.endpoints.get(service.key)
    if item is None or not service.selector or not service.families:
        return
    first = service.families[0]
    wrong = [a for a in item.addresses if (family := family_of(a)) is not None and family != first]
    if wrong:
        yield Problem(
            message=f"The Endpoints object has {names(wrong)}, but the Service's first family is {first}.",
            family=other(first),
            observed=names(wrong),
            expected=f"{first} addresses only",
            fix="Restart the controller that writes the Endpoints object: kube-controller-manager or a custom one.",
            related=(ObjectRef("Endpoints", *service.key),),
        )
