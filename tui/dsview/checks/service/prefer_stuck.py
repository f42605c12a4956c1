"""PreferDualStack Service has only one family.

## Condition

ipFamilyPolicy is PreferDualStack and the Service has one family, but the cluster is dual-stack.

## Why it matters

The Service was created while the cluster had one family. Nothing adds the second one automatically, so clients of the
other family never reach it.

## Fix

Set both families in ipFamilies, the current one first. The cluster IP stays, and a second one is added. If the pods
lack the family, give it to them first.

## When it is a false alarm

One family is intended; set SingleStack then. default/kubernetes is exempt, because the API servers write its endpoints
in one family, so a second cluster IP would lead nowhere. Manifests are exempt, because the API server adds the other
family when it creates the Service.

## Source

kubernetes/kubernetes#101681, and for default/kubernetes
pkg/controlplane/controller/kubernetesservice/controller.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.service.shared import add_family
from dsview.cluster.profile import KUBERNETES
from dsview.core.address import other
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service

check = Check(
    code="DS-SVC-001",
    slug="prefer-stuck",
    severity=Severity.WARNING,
    subjects=(Kind.SERVICE,),
    uses=(Kind.ENDPOINT_SLICE, Kind.POD),
    of_service_families=True,
    cells=("policy", "cluster_ip"),
    layer=LayerName.SERVICES,
    hop=HopName.SERVICE,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a Service that prefers both families and has one, in a cluster with two."""
    has = service.families
    if service.ip_family_policy != "PreferDualStack" or len(has) != 1 or not ctx.is_dual():
        return
    if service.key == KUBERNETES or service.is_manifest:
        return
    missing = other(has[0])
    yield Problem(
        message=f"PreferDualStack, but only {has[0]}: the Service is older than the cluster's {missing} and keeps one "
        "family until ipFamilies names both.",
        family=missing,
        field="spec.ipFamilies",
        observed=has[0],
        expected=f"{has[0]}, {missing}",
        fix=add_family(ctx, service),
    )
