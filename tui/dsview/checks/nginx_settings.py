"""DS-NGX-002, 006, 010 and 011: what the ConfigMap of ingress-nginx says of families. Asked once for the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import enable_ipv6, families, kubectl, names, patch, ref
from dsview.cluster.controllers import (
    is_truthy,
    live_controllers,
)
from dsview.cluster.listeners import DISABLE_IPV6, config_map, nginx_conf, predict
from dsview.cluster.profile import split_list
from dsview.cluster.relations import PodFacet
from dsview.core.address import V4, V6, families_of, other
from dsview.core.cidr import cidr_families
from dsview.core.finding import Severity
from dsview.core.listen import Likelihood, Listener, ListenSource
from dsview.kinds.kind import Kind
from dsview.kinds.objects import ConfigMap, Key, Pod


def _by_config_map(ctx: Context) -> dict[Key, tuple[ConfigMap, list[Pod]]]:
    """The controllers' ConfigMaps that were read, each with its running pods."""
    found: dict[Key, tuple[ConfigMap, list[Pod]]] = {}
    for pod in live_controllers(ctx.state):
        settings = config_map(ctx.state, pod)
        if settings is not None:
            found.setdefault(settings.key, (settings, []))[1].append(pod)
    return found


def _has_v6_clients(ctx: Context, pods: list[Pod], *, needs_conf: bool) -> bool:
    """Whether some pod has an IPv6 listener that somebody can reach; predicted where its file was not understood."""
    for pod in pods:
        conf = nginx_conf(ctx.state, pod)
        if conf.source is ListenSource.UNREAD and not needs_conf:
            conf = predict(ctx.state, pod, conf.reason)
        reachable = V6 in families_of(pod.ips)
        if reachable and any(V6 in x.families and not x.internal for x in conf.listeners if _is_sure(x)):
            return True
    return False


def _is_sure(listener: Listener) -> bool:
    return listener.likelihood is Likelihood.YES


@check(
    "DS-NGX-002",
    "disabled-but-published",
    Severity.NOTE,
    title="IPv6 is disabled in the controller's ConfigMap",
    condition="disable-ipv6 is true. An error where the controller's Service has IPv6.",
    why="The Service takes IPv6 connections that nginx does not listen for.",
    fix="Set disable-ipv6 to false and restart the controller, or make the Service SingleStack.",
    not_when="IPv6 is switched off on purpose and the Service has none, which is a note.",
    source="checks.md §4",
    needs=(Kind.POD, Kind.CONFIG_MAP),
    uses=(Kind.SERVICE,),
    of_pods=(PodFacet.CONTROLLERS,),
)
def disabled_but_published(ctx: Context) -> Iterator[Problem]:
    """Switched off in nginx, published by a Service."""
    for settings, pods in _by_config_map(ctx).values():
        if not is_truthy(settings.data.get(DISABLE_IPV6, "")):
            continue
        keys = {pod.key for pod in pods}
        published = [
            service
            for service, behind in ctx.controller_services.values()
            if V6 in service.families and any(pod.key in keys for pod in behind)
        ]
        yield Problem(
            message="disable-ipv6 is true"
            + (
                f", but Service {names(f'{s.namespace}/{s.name}' for s in published)} has IPv6: its connections "
                "are refused."
                if published
                else ": nginx listens on IPv4 only."
            ),
            severity=Severity.ERROR if published else None,
            object=ref("ConfigMap", settings),
            family=V6,
            field=f"data.{DISABLE_IPV6}",
            observed="true",
            expected="false, or no IPv6 in the Service",
            fix=enable_ipv6(settings, pods),
            related=(*(ref("Service", s) for s in published), *(ref("Pod", pod) for pod in pods[:20])),
        )


@check(
    "DS-NGX-006",
    "bind-address-one-family",
    Severity.WARNING,
    title="bind-address limits one family only",
    condition="bind-address names addresses of one family.",
    why="In the other family nginx goes on listening on every address.",
    fix="Name an address of each family, or set disable-ipv6.",
    not_when="No controller pod has an address of the other family.",
    source="checks.md §4",
    needs=(Kind.POD, Kind.CONFIG_MAP),
    of_pods=(PodFacet.CONTROLLERS,),
)
def bind_address_one_family(ctx: Context) -> Iterator[Problem]:
    """A limit for one family of two."""
    for settings, pods in _by_config_map(ctx).values():
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


_REAL_IP = ("use-proxy-protocol", "use-forwarded-headers", "enable-real-ip")
_DEFAULT_REAL_IP_CIDR = "0.0.0.0/0"


@check(
    "DS-NGX-010",
    "real-ip-v4-only",
    Severity.WARNING,
    title="Client addresses are trusted from IPv4 proxies only",
    condition="use-proxy-protocol, use-forwarded-headers or enable-real-ip is on, nginx has an IPv6 listener, and "
    "proxy-real-ip-cidr (0.0.0.0/0 unless set) holds no IPv6 range.",
    why="Over IPv6 logs, limits and allow lists see the proxy's address instead of the client's.",
    fix="Add the proxies' IPv6 ranges to proxy-real-ip-cidr.",
    not_when="No proxy in front of the controller uses IPv6.",
    source="checks.md §4; I:internal/ingress/controller/config/config.go",
    needs=(Kind.POD, Kind.CONFIG_MAP),
    uses=(Kind.NGINX_CONF,),
    of_pods=(PodFacet.CONTROLLERS,),
    of_listeners=True,
)
def real_ip_v4_only(ctx: Context) -> Iterator[Problem]:
    """Real client addresses in one family only."""
    for settings, pods in _by_config_map(ctx).values():
        switched = [name for name in _REAL_IP if is_truthy(settings.data.get(name, ""))]
        trusted = settings.data.get("proxy-real-ip-cidr", "") or _DEFAULT_REAL_IP_CIDR
        if not switched or V6 in cidr_families(split_list(trusted)) or not _has_v6_clients(ctx, pods, needs_conf=True):
            continue
        both = ",".join(dict.fromkeys((*split_list(trusted), "::/0")))
        yield Problem(
            message=f"{switched[0]} is on, but proxy-real-ip-cidr is {trusted}: over IPv6 no proxy is trusted.",
            object=ref("ConfigMap", settings),
            family=V6,
            field="data.proxy-real-ip-cidr",
            observed=trusted,
            expected="ranges of both families",
            fix=patch("configmap", settings.namespace, settings.name, {"data": {"proxy-real-ip-cidr": both}}),
        )


_LISTS: tuple[tuple[str, Literal["deny", "allow"]], ...] = (
    ("denylist-source-range", "deny"),
    ("block-cidrs", "deny"),
    ("allowlist-source-range", "allow"),
    ("whitelist-source-range", "allow"),
)


@check(
    "DS-NGX-011",
    "acl-one-family",
    Severity.WARNING,
    title="Source ranges of the controller name IPv4 only",
    condition="A deny list of the controller's ConfigMap names IPv4 ranges only; for an allow list it is a note.",
    why="Over IPv6 a deny list lets everybody pass, and an allow list answers 403 to everybody.",
    fix="Add IPv6 ranges to the list.",
    not_when="The list is meant for one family, as an allow list that is to keep IPv6 out.",
    source="checks.md §4",
    needs=(Kind.POD, Kind.CONFIG_MAP),
    uses=(Kind.NGINX_CONF,),
    of_pods=(PodFacet.CONTROLLERS,),
)
def acl_one_family(ctx: Context) -> Iterator[Problem]:
    """A list that forgets IPv6."""
    for settings, pods in _by_config_map(ctx).values():
        for name, kind in _LISTS:
            value = settings.data.get(name, "")
            if cidr_families(split_list(value)) != (V4,) or not _has_v6_clients(ctx, pods, needs_conf=False):
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
