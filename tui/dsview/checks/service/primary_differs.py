"""First family differs from the cluster's.

## Condition

The first family of the Service is not the first Service family of the cluster.

## Why it matters

spec.clusterIP, the Endpoints object and webhooks use the first family, which differs from that of other Services.

## Fix

None is needed if this is intended. Otherwise recreate the Service; its first family cannot be changed.

## When it is a false alarm

The order is intended.

## Source

kubernetes/kubernetes pkg/apis/core/validation/validation.go: the first entry of ipFamilies cannot be changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-SVC-006",
    slug="primary-differs",
    severity=Severity.NOTE,
    subjects=(Kind.SERVICE,),
    of_service_families=True,
    cells=("families",),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports an order that differs from that of the cluster."""
    has, served = service.families, ctx.profile.service_families
    if has and served and has[0] != served[0]:
        yield Problem(
            message=f"{has[0]} comes first here, but {served[0]} in the cluster: clusterIP and Endpoints are {has[0]}.",
            family=has[0],
            field="spec.ipFamilies[0]",
            observed=", ".join(has),
            expected=f"{served[0]} first, unless {has[0]} is intended",
        )
