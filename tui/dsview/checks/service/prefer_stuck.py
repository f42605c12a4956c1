"""PreferDualStack Service stayed at one family.

## Condition

ipFamilyPolicy is PreferDualStack and the Service has one family, but the cluster is dual-stack.

## Why it matters

The Service was created while the cluster had one family. Nothing adds the second one by itself, so clients of the
other family never reach it.

## Fix

Name both families, the present one first; the cluster IP stays and a second one is added.

## When it is a false alarm

One family is intended; then SingleStack says so.

## Source

kubernetes/kubernetes#101681
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import patch_service
from dsview.core.address import other
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Service

check = Check(
    code="DS-SVC-001",
    slug="prefer-stuck",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    of_service_families=True,
    cells=("policy", "cluster_ip"),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Prefers both families, has one, could have two."""
    has = service.families
    if service.ip_family_policy != "PreferDualStack" or len(has) != 1 or not ctx.is_dual():
        return
    missing = other(has[0])
    yield Problem(
        message=f"PreferDualStack, but only {has[0]}: the Service is older than the cluster's {missing} and keeps one "
        f"family until someone names both.",
        family=missing,
        field="spec.ipFamilies",
        observed=has[0],
        expected=f"{has[0]}, {missing}",
        fix=patch_service(service, ipFamilies=[has[0], missing]),
    )
