"""Families of the load balancer are not visible.

## Condition

A dual-stack Service has a load balancer with only a host name, and no annotation says that it is dual-stack.

## Why it matters

The API does not show whether the name resolves to both families.

## Fix

Look up the A and AAAA records of the name. On AWS, set the annotation aws-load-balancer-ip-address-type to dualstack.

## When it is a false alarm

The name has records of both families. The check does not use DNS; `dsview probe` does.

## Source

https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/#ip-address-type
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.load_balancer.shared import TYPE, has_hostname, vip_families
from dsview.core.finding import Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

_AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-ip-address-type"


check = Check(
    code="DS-LB-007",
    slug="hostname-only",
    severity=Severity.NOTE,
    subjects=(Kind.SERVICE,),
    cells=("vip",),
    layer=LayerName.LOAD_BALANCERS,
    hop=HopName.LOAD_BALANCER,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a host name instead of addresses."""
    if service.type != TYPE or len(service.families) != 2 or vip_families(service) or not has_hostname(service):
        return
    if dict(service.annotations).get(_AWS_TYPE, "").lower().startswith("dualstack"):
        return
    name = next(entry.hostname for entry in service.load_balancer_ingress if entry.hostname)
    yield Problem(
        message=f"The load balancer is {name}: the API does not show which families it has.",
        field="status.loadBalancer.ingress[0].hostname",
        observed=name,
        expected="a name with A and AAAA records",
        fix=safe(f"Look up the A and AAAA records of {name}."),
    )
