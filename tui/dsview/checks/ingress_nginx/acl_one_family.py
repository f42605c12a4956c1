"""Source ranges of the controller name IPv4 only.

## Condition

A deny list of the controller's ConfigMap names IPv4 ranges only; for an allow list it is a note.

## Why it matters

Over IPv6 a deny list lets everybody pass, and an allow list answers 403 to everybody.

## Fix

Add IPv6 ranges to the list.

## When it is a false alarm

The list is meant for one family, as an allow list that is to keep IPv6 out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, kubectl, names, ref
from dsview.checks.ingress_nginx.shared import by_config_map, has_v6_clients
from dsview.cluster.profile import split_list
from dsview.cluster.relations import PodFacet
from dsview.core.address import V4, V6
from dsview.core.cidr import cidr_families
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind

_LISTS: tuple[tuple[str, Literal["deny", "allow"]], ...] = (
    ("denylist-source-range", "deny"),
    ("block-cidrs", "deny"),
    ("allowlist-source-range", "allow"),
    ("whitelist-source-range", "allow"),
)


check = Check(
    code="DS-NGX-011",
    slug="acl-one-family",
    severity=Severity.WARNING,
    needs=(Kind.POD, Kind.CONFIG_MAP),
    uses=(Kind.NGINX_CONF,),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """A list that forgets IPv6."""
    for settings, pods in by_config_map(ctx).values():
        for name, kind in _LISTS:
            value = settings.data.get(name, "")
            if cidr_families(split_list(value)) != (V4,) or not has_v6_clients(ctx, pods, needs_conf=False):
                continue
            effect = "everybody passes" if kind == "deny" else "everybody gets 403"
            yield Problem(
                message=f"{name} holds {families((V4,))} ranges only ({names(split_list(value))}): over IPv6 {effect}.",
                severity=Severity.NOTE if kind == "allow" else None,
                object=ref("ConfigMap", settings),
                family=V6,
                field=f"data.{name}",
                observed=value,
                expected="ranges of both families",
                fix=kubectl(settings.namespace, "edit", "configmap", settings.name),
            )
