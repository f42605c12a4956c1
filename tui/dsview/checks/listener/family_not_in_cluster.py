"""A controller's setting requires a family that the cluster does not have.

## Condition

An EnvoyProxy or CiliumGatewayClassConfig makes the Service of a Gateway require a family that is not among the
cluster's declared Service families.

## Why it matters

The API server rejects the Service, so the Gateway has none.

## Fix

Request a family that the cluster has, or remove the setting.

## When it is a false alarm

The cluster's Service families are being extended.

## Source

kubernetes/kubernetes pkg/registry/core/service/storage/alloc.go: a Service that requires a family that is not
configured is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsview.checks.engine.check import Check, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, ref
from dsview.checks.listener.shared import PODS
from dsview.cluster.profile import Confidence
from dsview.core.address import FAMILIES, V4, Family
from dsview.core.finding import Severity
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.kind import Kind
from dsview.kinds.registry import GATEWAY_KINDS
from dsview.listeners.gateway_api import class_of, settings_of

_KINDS = (Kind.ENVOY_PROXY, Kind.CILIUM_GATEWAY_CLASS_CONFIG)

check = Check(
    code="DS-LSN-005",
    slug="family-not-in-cluster",
    severity=Severity.ERROR,
    needs=(Kind.SERVICE,),
    uses=GATEWAY_KINDS,
    of_pods=PODS,
    of_service_families=True,
    layer=LayerName.LISTENERS,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a Service that cannot be created."""
    if ctx.profile.confidence is not Confidence.DECLARED:
        return
    for item in _in_use(ctx):
        for family in _required(item):
            if ctx.serves(family):
                continue
            has = families(ctx.profile.service_families)
            field = "spec.ipFamily" if item.ip_family else "spec.service.ipFamilyPolicy"
            fixed = (
                f"# set spec.ipFamily of {item.kind} {item.name} to {ctx.profile.service_families[0]}, or unset it"
                if item.ip_family
                else f"# remove {family} from spec.service of {item.kind} {item.name}"
            )
            yield Problem(
                message=f"{field} requests {family}, but the cluster's Services have {has} only: the API server "
                "rejects the Gateway's Service.",
                object=ref(item.kind, item),
                family=family,
                field=field,
                observed=item.ip_family or item.ip_family_policy,
                expected=has,
                fix=fixed,
            )


def _in_use(ctx: Context) -> Iterable[GatewayParameters]:
    found: dict[tuple[str, str, str], GatewayParameters] = {}
    for gateway in ctx.state.gateways:
        for kind in _KINDS:
            for item in settings_of(ctx.state, gateway, class_of(ctx.state, gateway), kind).found:
                found[(item.kind, *item.key)] = item
    return found.values()


def _required(item: GatewayParameters) -> tuple[Family, ...]:
    if item.ip_family == "DualStack" or item.ip_family_policy == "RequireDualStack":
        return FAMILIES
    if item.ip_family:
        # Envoy Gateway leaves the Service to the API server's default where IPv4 is asked for (resource_provider.go).
        return tuple(family for family in FAMILIES if family == item.ip_family and family != V4)
    return tuple(family for family in FAMILIES if family in item.ip_families)
