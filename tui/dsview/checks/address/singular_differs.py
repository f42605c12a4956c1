"""Singular and plural field differ.

## Condition

clusterIP, podIP, hostIP or podCIDR is not the first entry of its plural field, compared as addresses.

## Why it matters

Old clients read the singular field and new ones the plural, so they use different addresses.

## Fix

Find the webhook or operator that writes only one of the two fields; the API server itself keeps them equal.

## When it is a false alarm

Both fields are empty, the server is older than the plural field, or the Service is a manifest, which may have only the
singular field because the API server adds the other one.

## Source

kubernetes/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.address_fields import CLUSTER_IPS, HOST_IPS, POD_CIDRS, POD_IPS
from dsview.checks.engine.check import Check, HopName, Problem
from dsview.checks.engine.context import Context
from dsview.core.address import (
    family_of,
    same_address,
)
from dsview.core.cidr import parse_cidr
from dsview.core.finding import Severity
from dsview.core.redacted import any_redacted, is_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

_ONE_WRITER = "Find the webhook or operator that writes only one of the two fields; the API server keeps them equal."


check = Check(
    code="DS-API-001",
    slug="singular-differs",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE, Kind.POD, Kind.NODE),
    addresses=(CLUSTER_IPS, POD_IPS, HOST_IPS, POD_CIDRS),
    cells=("cluster_ip", "pod_ip", "pod_cidr"),
    hop=HopName.SERVICE,
)


def decide(item: Service | Pod | Node, ctx: Context) -> Iterator[Problem]:
    """Reports a singular field that is not the first entry of the plural one."""
    match item:
        case Pod():
            if item.pod_ips and item.pod_ip is item.pod_ips[0] and item.host_ips[:1] == (item.host_ip,):
                return
            yield from _differing("status.podIP", item.pod_ip, item.pod_ips, (1, 20), ctx)
            if item.host_ips:
                yield from _differing("status.hostIP", item.host_ip, item.host_ips, (1, 30), ctx)
        case Node():
            yield from _differing("spec.podCIDR", item.pod_cidr, item.pod_cidrs, (1, 20), ctx)
        case Service():
            if not item.is_external_name and (item.cluster_ips or not item.is_manifest):
                yield from _differing("spec.clusterIP", item.cluster_ip, item.cluster_ips, (1, 20), ctx)


def _differing(
    field: str, singular: str, plural: tuple[str, ...], since: tuple[int, int], ctx: Context
) -> Iterator[Problem]:
    if not plural:
        # Servers older than the plural field have only the singular one, so its absence means nothing there.
        if not singular or is_redacted(singular) or ctx.profile.version is None or ctx.profile.version < since:
            return
    elif _is_same(singular, plural[0]) or any_redacted((singular, plural[0])):
        return
    first = plural[0] if plural else "nothing"
    begins = f"begins with {first}" if plural else "is empty"
    yield Problem(
        message=f"{field} is {singular or 'empty'}, but {field}s {begins}.",
        family=family_of(first.partition("/")[0]) or family_of(singular.partition("/")[0]),
        field=field,
        observed=singular or "(empty)",
        expected=first,
        fix=_ONE_WRITER,
    )


def _is_same(a: str, b: str) -> bool:
    first, second = (parse_cidr(a), parse_cidr(b)) if "/" in a and "/" in b else (None, None)
    return first.canonical == second.canonical if first and second else same_address(a, b)
