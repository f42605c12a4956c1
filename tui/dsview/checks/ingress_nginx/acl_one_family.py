"""Source ranges of ingress-nginx name IPv4 only.

## Condition

A deny list in the controller's ConfigMap or in an annotation of an Ingress has only IPv4 ranges, and nginx listens on
IPv6. A note for an allow list. Annotations use the prefix that is set for the controller.

## Why it matters

Over IPv6, a deny list admits all clients, and an allow list returns 403 to all clients.

## Fix

Add IPv6 ranges to the list.

## When it is a false alarm

The list is intended for one family, such as an allow list that blocks IPv6.

## Source

https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#denylist-source-range and
#whitelist-source-range
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import kubectl, names, ref
from dsview.checks.ingress_nginx.shared import by_config_map, has_v6_clients
from dsview.cluster.relations import PodFacet
from dsview.core.address import V4, V6
from dsview.core.cidr import are_ranges, cidr_families
from dsview.core.command_flags import split_list
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.listeners.ingress_nginx.pods import argument, controllers_of

_Kind = Literal["deny", "allow"]

_LISTS: tuple[tuple[str, _Kind], ...] = (
    ("denylist-source-range", "deny"),
    ("block-cidrs", "deny"),
    ("allowlist-source-range", "allow"),
    ("whitelist-source-range", "allow"),
)
"""The lists of the ConfigMap. An Ingress has all except `block-cidrs` as annotations."""

_PREFIX = "nginx.ingress.kubernetes.io"
"""The prefix of an Ingress's annotations, unless `--annotations-prefix` sets another one."""


check = Check(
    code="DS-NGX-011",
    slug="acl-one-family",
    severity=Severity.WARNING,
    needs=(Kind.POD, Kind.CONFIG_MAP, Kind.INGRESS),
    substitutes=(Kind.CONFIG_MAP, Kind.INGRESS),
    uses=(Kind.PROXY_LISTENERS, Kind.INGRESS_CLASS),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a list without IPv6."""
    for settings, pods in by_config_map(ctx).values():
        for name, kind in _LISTS:
            value = settings.data.get(name, "")
            if _is_one_family(value) and has_v6_clients(ctx, pods, needs_conf=False):
                edit = kubectl(settings.namespace, "edit", "configmap", settings.name)
                yield _problem(
                    ref("ConfigMap", settings), kind, name=name, field=f"data.{name}", value=value, edit=edit
                )
    for ingress in ctx.state.ingresses:
        if ingress.annotations:
            yield from _in_annotations(ingress, ctx)


def _in_annotations(ingress: Ingress, ctx: Context) -> Iterator[Problem]:
    annotations = dict(ingress.annotations)
    if not any(map(_is_one_family, annotations.values())):
        return
    by_prefix: dict[str, list[Pod]] = {}
    for pod in controllers_of(ingress, ctx.state):
        by_prefix.setdefault(argument(pod, "annotations-prefix") or _PREFIX, []).append(pod)
    for prefix, pods in sorted(by_prefix.items()):
        for name, kind in _LISTS:
            value = annotations.get(f"{prefix}/{name}", "")
            if _is_one_family(value) and has_v6_clients(ctx, pods, needs_conf=False):
                edit = kubectl(ingress.namespace, "edit", "ingress", ingress.name)
                field = f"metadata.annotations[{prefix}/{name}]"
                yield _problem(ref("Ingress", ingress), kind, name=name, field=field, value=value, edit=edit)


def _is_one_family(value: str) -> bool:
    ranges = split_list(value)
    return are_ranges(ranges) and cidr_families(ranges) == (V4,)


def _problem(about: ObjectRef, kind: _Kind, *, name: str, field: str, value: str, edit: str) -> Problem:
    effect = "all clients are admitted" if kind == "deny" else "all clients get 403"
    return Problem(
        message=f"{name} has IPv4 ranges only ({names(split_list(value))}): over IPv6 {effect}.",
        severity=Severity.NOTE if kind == "allow" else None,
        object=about,
        family=V6,
        field=field,
        observed=value,
        expected="ranges of both families",
        fix=f"{edit}\n# add the IPv6 ranges that are meant to {name}",
    )
