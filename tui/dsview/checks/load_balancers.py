"""DS-LB: what a LoadBalancer Service was given, against what it asked for."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoints import causes as endpoint_causes
from dsview.checks.endpoints import lacking
from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import count, families, kubectl, names, patch_service, quoted, recreate_pods, ref
from dsview.cluster.profile import split_list
from dsview.core.address import V6, Family, families_of, family_of, other
from dsview.core.cidr import cidr_families
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Pod, Service

SETTLES = 300.0
"""Seconds that a load balancer may take (checks.md §4, DS-LB-001 and 004)."""

SLICES_SETTLE = 60.0
"""Seconds that the endpoints of the two families may lag behind each other (checks.md §3, grace)."""

_TYPE = "LoadBalancer"
_AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-ip-address-type"
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_REQUESTED = (
    "metallb.universe.tf/loadBalancerIPs",
    "metallb.io/loadBalancerIPs",
    "lbipam.cilium.io/ips",
    "io.cilium/lb-ipam-ips",
    "kube-vip.io/loadbalancerIPs",
    "service.beta.kubernetes.io/azure-load-balancer-ipv4",
    "service.beta.kubernetes.io/azure-load-balancer-ipv6",
)


def vip_families(service: Service) -> tuple[Family, ...]:
    """The families of the load-balancer IPs, in order of first occurrence."""
    return families_of(tuple(entry.ip for entry in service.load_balancer_ingress if entry.ip))


def _has_hostname(service: Service) -> bool:
    return any(entry.hostname for entry in service.load_balancer_ingress)


@check(
    "DS-LB-001",
    "vip-family-missing",
    Severity.WARNING,
    title="Load balancer gave one family of two",
    condition="The Service has two families, its load-balancer IPs are of one, and it is at least five minutes old. An "
    "error for RequireDualStack.",
    why="Clients of the missing family cannot reach the load balancer.",
    fix="Give the load balancer a pool or a subnet of the missing family.",
    not_when="The load balancer is known by a host name.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
)
def vip_family_missing(service: Service, ctx: Context) -> Iterator[Problem]:
    """One VIP family for two Service families."""
    has, vips = service.families, vip_families(service)
    if service.type != _TYPE or len(has) != 2 or len(vips) != 1 or _has_hostname(service):
        return
    if not ctx.older_than(service.created, SETTLES):
        return
    missing = other(vips[0])
    given = names(entry.ip for entry in service.load_balancer_ingress if entry.ip)
    yield Problem(
        message=f"No {missing} address: the load balancer gave {given} only.",
        severity=Severity.ERROR if service.ip_family_policy == "RequireDualStack" else None,
        family=missing,
        field="status.loadBalancer.ingress",
        observed=given,
        expected="an address of each family",
        fix=kubectl(service.namespace, "describe", "service", service.name),
        grace=60,
    )


@check(
    "DS-LB-002",
    "vip-order",
    Severity.NOTE,
    title="Load-balancer addresses in another order than the families",
    condition="The families of the load-balancer IPs first occur in another order than in ipFamilies.",
    why="Software that takes the first address gets the other family. kubectl get sorts them, so it hides this.",
    fix="None is needed: Kubernetes does not promise an order.",
    not_when="Nothing takes the first address only.",
    source="checks.md §4 and §1.4",
    subjects=(Kind.SERVICE,),
)
def vip_order(service: Service, ctx: Context) -> Iterator[Problem]:
    """Both families there, the other way round."""
    has, vips = service.families, vip_families(service)
    if service.type == _TYPE and len(has) == 2 and len(vips) == 2 and vips != has:
        first = next(entry.ip for entry in service.load_balancer_ingress if family_of(entry.ip))
        yield Problem(
            message=f"{vips[0]} comes first ({first}), while ipFamilies names {has[0]} first.",
            family=has[0],
            field="status.loadBalancer.ingress",
            observed=", ".join(vips),
            expected=", ".join(has),
        )


@check(
    "DS-LB-003",
    "vip-foreign-family",
    Severity.WARNING,
    title="Load-balancer address of a family that the Service has not",
    condition="A load-balancer IP is of none of the Service's families. A note where ipMode is Proxy.",
    why="kube-proxy programs nothing for the address: packets to it are dropped at the nodes.",
    fix="Make the Service dual-stack, or take the address out of the load balancer.",
    not_when="The load balancer translates between the families before packets reach a node; ipMode Proxy says so.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
)
def vip_foreign_family(service: Service, ctx: Context) -> Iterator[Problem]:
    """A VIP that no node accepts."""
    has = service.families
    if service.type != _TYPE or not has:
        return
    for i, entry in enumerate(service.load_balancer_ingress):
        family = family_of(entry.ip) if entry.ip else None
        if family is None or family in has:
            continue
        is_proxy = entry.ip_mode == "Proxy"
        yield Problem(
            message=f"{entry.ip} is {family}, but the Service has {families(has)} only"
            + ("; the load balancer proxies, so it may work." if is_proxy else ": kube-proxy programs nothing for it."),
            severity=Severity.NOTE if is_proxy else None,
            family=family,
            field=f"status.loadBalancer.ingress[{i}].ip",
            observed=entry.ip,
            expected=f"an {has[0]} address",
            fix=patch_service(service, ipFamilyPolicy="RequireDualStack", ipFamilies=[has[0], family])
            if ctx.is_dual()
            else None,
        )


_LB_EVENTS = {"AllocationFailed", "SyncLoadBalancerFailed"}


@check(
    "DS-LB-004",
    "pending",
    Severity.WARNING,
    title="Load balancer is pending",
    condition="A LoadBalancer Service has no entry in its status for five minutes.",
    why="The Service is not reachable from outside, in neither family.",
    fix="Look at the events of the Service and at the load-balancer controller; its pools may lack a family.",
    not_when="The cluster has no load balancers on purpose; the message says so where no Service has an entry.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
    uses=(Kind.EVENT,),
)
def pending(service: Service, ctx: Context) -> Iterator[Problem]:
    """No VIP and no host name."""
    if service.type != _TYPE or service.load_balancer_ingress or not ctx.older_than(service.created, SETTLES):
        return
    about = ctx.state.events_about.about(service.key)
    events = [e for e in about if e.reason in _LB_EVENTS and e.involved_kind in {"Service", ""}]
    nobody = "" if ctx.profile.serves_load_balancers else " Nothing seems to serve load balancers in this cluster."
    said = f" {quoted(events[-1])}" if events else ""
    yield Problem(
        message=f"No load-balancer address for more than five minutes.{said}{nobody}",
        field="status.loadBalancer",
        observed="no ingress",
        expected=f"an address of {families(service.families)}",
        fix=kubectl(service.namespace, "describe", "service", service.name),
        related=(ref("Event", events[-1]),) if events else (),
        grace=SETTLES,
    )


def source_ranges(service: Service) -> tuple[str, ...]:
    """The ranges that limit who may use the load balancer: the field, else the annotation that it replaced."""
    return service.load_balancer_source_ranges or split_list(dict(service.annotations).get(_RANGES, ""))


def close_family(service: Service, family: Family) -> str:
    """A patch that lets nobody in over a family, for as long as no range of it is known."""
    closed = "::1/128" if family == V6 else "127.0.0.1/32"
    return patch_service(service, loadBalancerSourceRanges=[*source_ranges(service), closed])


@check(
    "DS-LB-005",
    "source-ranges-miss-family",
    Severity.WARNING,
    title="Source ranges do not limit one family",
    condition="loadBalancerSourceRanges is not empty and names no range of one of the Service's families. An error "
    "where the load balancer has an address of that family whose traffic reaches the nodes unproxied.",
    why="kube-proxy applies the ranges by family: without any of a family, everybody is let in over it.",
    fix="Add ranges of that family; ::1/128 or 127.0.0.1/32 closes it.",
    not_when="The load balancer, a firewall or another dataplane than kube-proxy applies the ranges.",
    source="checks.md §4; K:pkg/proxy/serviceport.go",
    subjects=(Kind.SERVICE,),
)
def source_ranges_miss_family(service: Service, ctx: Context) -> Iterator[Problem]:
    """A limit in one family, none in the other."""
    ranges = source_ranges(service)
    named = cidr_families(ranges)
    if service.type != _TYPE or not named:
        return
    for family in service.families:
        if family in named:
            continue
        is_open = any(
            entry.ip and family_of(entry.ip) == family and entry.ip_mode != "Proxy"
            for entry in service.load_balancer_ingress
        )
        yield Problem(
            message=f"Source ranges name {', '.join(ranges)} only: over {family} everybody is let in.",
            severity=Severity.ERROR if is_open else None,
            family=family,
            field="spec.loadBalancerSourceRanges",
            observed=", ".join(ranges),
            expected=f"ranges of {family} too",
            fix=close_family(service, family),
        )


@check(
    "DS-LB-006",
    "requested-ip-family",
    Severity.WARNING,
    title="Requested load-balancer addresses do not fit the families",
    condition="loadBalancerIP or a provider's annotation asks for addresses that do not cover the Service's "
    "families, or are of another one.",
    why="The load balancer gives what was asked for, so a family stays without address, or gets none that works.",
    fix="Request one address of each family, in the provider's annotation.",
    not_when="The provider reads its annotation in another way than its documentation says.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
)
def requested_ip_family(service: Service, ctx: Context) -> Iterator[Problem]:
    """What was requested covers not all of F, or more."""
    has = service.families
    if service.type != _TYPE or not has:
        return
    asked = {name: split_list(value) for name, value in service.annotations if name in _REQUESTED}
    texts = tuple(text for values in asked.values() for text in values)
    field = next((f"metadata.annotations[{name}]" for name in asked), "spec.loadBalancerIP")
    if service.load_balancer_ip:
        texts = (*texts, service.load_balancer_ip)
    named = families_of(texts)
    wrong = [f for f in has if f not in named] + [f for f in named if f not in has]
    if named and wrong:
        verb = "is not requested" if wrong[0] in has else "is requested, but the Service has it not"
        yield Problem(
            message=f"{', '.join(texts)} requested for a Service with {families(has)}: {wrong[0]} {verb}.",
            family=wrong[0],
            field=field,
            observed=", ".join(texts),
            expected=f"one address of {families(has)} each",
            fix="Request the addresses of all families in the annotation of the load-balancer controller, and none in "
            "spec.loadBalancerIP, which holds one only."
            if len(has) == 2
            else f"Request an {has[0]} address.",
        )


@check(
    "DS-LB-007",
    "hostname-only",
    Severity.NOTE,
    title="Families of the load balancer cannot be seen",
    condition="A dual-stack Service has a load balancer with a host name only, and no annotation says that it is "
    "dual-stack.",
    why="Whether the name resolves to both families is not in the API.",
    fix="Resolve the name for A and AAAA; on AWS set the annotation aws-load-balancer-ip-address-type to dualstack.",
    not_when="The name has records of both families. dsview asks no DNS.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
)
def hostname_only(service: Service, ctx: Context) -> Iterator[Problem]:
    """A name in place of addresses."""
    if service.type != _TYPE or len(service.families) != 2 or vip_families(service) or not _has_hostname(service):
        return
    if dict(service.annotations).get(_AWS_TYPE, "").lower().startswith("dualstack"):
        return
    name = next(entry.hostname for entry in service.load_balancer_ingress if entry.hostname)
    yield Problem(
        message=f"The load balancer is {name}: which families it has is not in the API.",
        field="status.loadBalancer.ingress[0].hostname",
        observed=name,
        expected="a name with A and AAAA records",
        fix=safe(f"Resolve {name} for A and for AAAA records."),
    )


def _look_at_slices(service: Service) -> str:
    options = ("-l", f"kubernetes.io/service-name={service.name}")
    return kubectl(service.namespace, "get", "endpointslices", options=options)


def _has_held(ctx: Context, service: Service, pods: list[Pod], *, of: int) -> bool:
    """Whether the objects' own times allow that a gap is a minute old; a controller may still be at it before."""
    if not ctx.older_than(service.created, SLICES_SETTLE):
        return False
    return not pods or len(pods) < of or any(ctx.older_than(pod.ready_since, SLICES_SETTLE) for pod in pods)


@check(
    "DS-LB-008",
    "local-policy-gap",
    Severity.WARNING,
    title="Node serves the load balancer in one family only",
    condition="externalTrafficPolicy is Local, and a node has ready endpoints in one family but none in the other, for "
    "60 s.",
    why="The health check of the load balancer is one for both families, so the node gets traffic that it drops.",
    fix="Recreate the pods on that node that lack the family.",
    not_when="The load balancer checks the health of each family by itself.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
    uses=(Kind.POD,),
)
def local_policy_gap(service: Service, ctx: Context) -> Iterator[Problem]:
    """Endpoints of one family only on some node."""
    if service.type != _TYPE or service.external_traffic_policy != "Local" or len(service.families) != 2:
        return
    found = ctx.endpoints(service.key)
    nodes = {f: {e.node_name for e in found.of(f).ready.values() if e.node_name} for f in service.families}
    for family in service.families:
        rest = other(family)
        gaps = sorted(nodes[rest] - nodes[family])
        if not gaps:
            continue
        missing = {i: e for i, e in lacking(ctx, service, family).items() if e.node_name in gaps}
        pods = ctx.pods_behind(service, missing.values())
        if not _has_held(ctx, service, pods, of=len(missing)):
            continue
        without: list[Pod] = [pod for pod in pods if family not in families_of(pod.ips)]
        yield Problem(
            message=f"{count(len(gaps), 'node')} ({names(gaps)}) with {rest} endpoints but no {family} one: with "
            f"policy Local {family} is dropped there.",
            family=family,
            field="spec.externalTrafficPolicy",
            observed=names(gaps),
            expected=f"{family} endpoints on every node that has {rest} ones",
            fix=recreate_pods(sorted(without, key=lambda p: p.key)) or _look_at_slices(service),
            related=tuple(ObjectRef("Node", None, name) for name in gaps[:20]),
            grace=60,
            causes=(
                Cause("DS-EPS-001", ref("Service", service), family),
                Cause("DS-EPS-002", ref("Service", service), family),
                *endpoint_causes(ctx, service, missing, family),
            ),
        )
