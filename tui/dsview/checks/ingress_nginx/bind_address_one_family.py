"""bind-address limits one family only.

## Condition

bind-address names addresses of one family.

## Why it matters

In the other family, nginx still listens on every address.

## Fix

Set an address of each family, or set disable-ipv6.

## When it is a false alarm

No controller pod has an address of the other family.

## Source

https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#bind-address
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, ref
from dsview.checks.ingress_nginx.shared import by_config_map
from dsview.cluster.relations import PodFacet
from dsview.core.address import V4, families_of, other
from dsview.core.command_flags import split_list
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.listeners.ingress_nginx.pods import (
    is_truthy,
)
from dsview.listeners.ingress_nginx.sockets import DISABLE_IPV6

check = Check(
    code="DS-NGX-006",
    slug="bind-address-one-family",
    severity=Severity.WARNING,
    needs=(Kind.POD, Kind.CONFIG_MAP),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a limit for one of two families."""
    for settings, pods in by_config_map(ctx).values():
        named = families_of(tuple(text.strip("[]") for text in split_list(settings.data.get("bind-address", ""))))
        if len(named) != 1 or (named[0] == V4 and is_truthy(settings.data.get(DISABLE_IPV6, ""))):
            continue
        if not any(other(named[0]) in families_of(pod.ips) for pod in pods):
            continue
        yield Problem(
            message=f"bind-address is {settings.data['bind-address']}: over {other(named[0])} nginx listens on every "
            "address.",
            object=ref("ConfigMap", settings),
            family=other(named[0]),
            field="data.bind-address",
            observed=settings.data["bind-address"],
            expected="an address of each family",
            fix=kubectl(settings.namespace, "edit", "configmap", settings.name),
            related=tuple(ref("Pod", pod) for pod in pods[:20]),
        )
