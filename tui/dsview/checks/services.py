"""DS-SVC: families, policy and cluster IPs of Services."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import FAMILY_FIELDS, families, patch_service, quoted, recreate_service, ref
from dsview.cluster.profile import KUBERNETES, Confidence, service_cidr_texts
from dsview.core.address import canonical, family_of, other, packed
from dsview.core.cidr import parse_cidrs
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Service


def is_cluster_dns(service: Service) -> bool:
    """Whether the Service is the cluster's DNS: kubeadm's name, or the label that every distribution keeps."""
    return service.namespace == "kube-system" and (
        service.name == "kube-dns" or service.labels.get("k8s-app") == "kube-dns"
    )


@check(
    "DS-SVC-001",
    "prefer-stuck",
    Severity.WARNING,
    title="PreferDualStack Service stayed at one family",
    condition="ipFamilyPolicy is PreferDualStack and the Service has one family, but the cluster is dual-stack.",
    why="The Service was created while the cluster had one family. Nothing adds the second one by itself, so "
    "clients of the other family never reach it.",
    fix="Name both families, the present one first; the cluster IP stays and a second one is added.",
    not_when="One family is intended; then SingleStack says so.",
    source="checks.md §4 and §1.3; k/k#101681",
    subjects=(Kind.SERVICE,),
    of_service_families=True,
)
def prefer_stuck(service: Service, ctx: Context) -> Iterator[Problem]:
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


@check(
    "DS-SVC-002",
    "single-in-dual",
    Severity.NOTE,
    title="SingleStack Service in a dual-stack cluster",
    condition="ipFamilyPolicy is SingleStack and the cluster is dual-stack.",
    why="Clients of the other family cannot use the Service. SingleStack is the default, so often nobody chose it.",
    fix="Set ipFamilyPolicy to PreferDualStack.",
    not_when="One family is intended. default/kubernetes, the cluster's DNS and a controller Service that DS-NGX-005 "
    "names are exempt.",
    source="checks.md §4 and §1.10",
    subjects=(Kind.SERVICE,),
    uses=(Kind.POD,),
    of_service_families=True,
)
def single_in_dual(service: Service, ctx: Context) -> Iterator[Problem]:
    """One family by policy where two could be had."""
    has = service.families
    if service.ip_family_policy != "SingleStack" or len(has) != 1 or not ctx.is_dual():
        return
    if service.key == KUBERNETES or is_cluster_dns(service) or service.key in ctx.controller_services:
        return
    yield Problem(
        message=f"SingleStack with {has[0]}: clients that have only {other(has[0])} cannot reach it.",
        family=other(has[0]),
        field="spec.ipFamilyPolicy",
        observed="SingleStack",
        expected="PreferDualStack, unless one family is intended",
        fix=patch_service(service, ipFamilyPolicy="PreferDualStack"),
    )


@check(
    "DS-SVC-003",
    "family-not-configured",
    Severity.ERROR,
    title="Service has a family that the cluster does not serve",
    condition="A family of the Service is none of the cluster's Service families, and these are declared.",
    why="No component allocates or programs that family: its cluster IP leads nowhere.",
    fix="Set the policy to SingleStack where the first family is served; recreate the Service otherwise.",
    not_when="A headless Service without selector, which gets both families on any cluster.",
    source="checks.md §4 and §1.2",
    subjects=(Kind.SERVICE,),
    of_service_families=True,
)
def family_not_configured(service: Service, ctx: Context) -> Iterator[Problem]:
    """A family that is none of S."""
    profile = ctx.profile
    if profile.confidence is not Confidence.DECLARED or (service.is_headless and not service.selector):
        return
    has = service.families
    for family in has:
        if ctx.serves(family):
            continue
        is_secondary = ctx.serves(has[0])
        yield Problem(
            message=f"The Service has {family}, but the cluster serves {families(profile.service_families)} only "
            f"({profile.declared_by}).",
            family=family,
            field=f"spec.ipFamilies[{has.index(family)}]",
            observed=families(has),
            expected=families(profile.service_families),
            fix=patch_service(service, ipFamilyPolicy="SingleStack")
            if is_secondary
            # A policy that requires what the cluster has not would be refused, too.
            else recreate_service(service, FAMILY_FIELDS),
        )


@check(
    "DS-SVC-004",
    "cluster-ip-out-of-range",
    Severity.ERROR,
    title="Cluster IP outside every ServiceCIDR",
    condition="No ServiceCIDR of its family contains the cluster IP, or an event ClusterIPOutOfRange names the "
    "Service.",
    why="The address is not the Service's by right: another allocation or a route may own it.",
    fix="Recreate the Service, or add a ServiceCIDR that contains the address.",
    not_when="The cluster has no ServiceCIDR of that family at all: DS-SVC-003 says so.",
    source="checks.md §4; K:pkg/registry/core/service/ipallocator/controller/repairip.go",
    subjects=(Kind.SERVICE,),
    needs=(Kind.SERVICE_CIDR,),
    substitutes=(Kind.EVENT,),
)
def cluster_ip_out_of_range(service: Service, ctx: Context) -> Iterator[Problem]:
    """A cluster IP that no range holds."""
    if service.is_external_name:
        return
    ranges = parse_cidrs(service_cidr_texts(ctx.state))
    events = [e for e in ctx.state.events_about.about(service.key) if e.reason == "ClusterIPOutOfRange"]
    named = {text for text in service.real_cluster_ips if any(text in event.message for event in events)}
    for i, text in enumerate(service.real_cluster_ips):
        raw = packed(text)
        family = family_of(text)
        of_family = [cidr for cidr in ranges if cidr.family == family]
        is_outside = bool(of_family) and not any(cidr.contains(raw) for cidr in of_family)
        # An event that names no address of the Service is about all of them that no range is known for.
        is_said = text in named or (bool(events) and not named and not of_family)
        if is_outside or is_said:
            inside = ", ".join(cidr.text for cidr in of_family)
            yield Problem(
                message=f"Cluster IP {text} lies in none of the cluster's {family} ranges ({inside})."
                if is_outside
                else f"Cluster IP {text} lies outside the Service ranges. {quoted(events[-1])}",
                family=family,
                field=f"spec.clusterIPs[{i}]",
                observed=text,
                expected=f"an address of {inside}" if inside else f"an address of an {family} Service range",
                fix=recreate_service(service, ()),
                related=tuple(ref("Event", event) for event in events[-1:]),
            )


_RECREATION = 60.0
"""Seconds that are granted to a Service, or its IPAddress object, that is being recreated."""


@check(
    "DS-SVC-005",
    "duplicate-cluster-ip",
    Severity.ERROR,
    title="Cluster IP held by two Services",
    condition="Two Services have the same cluster IP, compared as addresses, for 60 s. A warning where the IPAddress "
    "object of the cluster IP belongs to another Service, or to something else.",
    why="The nodes can send the address to one of them only; which one differs from node to node.",
    fix="Recreate one of the two: the one that the IPAddress object does not name, else the younger.",
    not_when="One of the two is being recreated; 60 s are granted for that.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
    uses=(Kind.IP_ADDRESS,),
)
def duplicate_cluster_ip(service: Service, ctx: Context) -> Iterator[Problem]:
    """Two Services, one address."""
    if service.is_external_name:
        return
    for i, text in enumerate(service.real_cluster_ips):
        field = f"spec.clusterIPs[{i}]"
        others = [
            holder
            for key in ctx.state.cluster_ips.holders(text)
            if key != service.key and (holder := ctx.state.services.get(key)) and not holder.is_external_name
        ]
        address = ctx.state.ip_addresses.get(("", canonical(text) or text))
        parent = (address.parent_namespace, address.parent_name) if address is not None else None
        if others:
            if not ctx.older_than(max(each.created for each in (service, *others)), _RECREATION):
                continue
            held = ", ".join("/".join(each.key) for each in others)
            # The same command at each of them, and never for the one that holds the address by right.
            both = (service, *others)
            leaving = max([each for each in both if each.key != parent] or both, key=lambda s: (s.created, s.key))
            yield Problem(
                message=f"Cluster IP {text} is also that of Service {held}: traffic reaches one of them.",
                family=family_of(text),
                field=field,
                observed=text,
                expected="an address of its own",
                fix=recreate_service(leaving, ()),
                related=tuple(ref("Service", each) for each in others),
                grace=_RECREATION,
            )
            continue
        if address is None or parent is None or not address.parent_name:
            continue
        is_service = address.parent_resource in {"services", ""}
        if is_service and parent == service.key:
            continue
        if ctx.older_than(max(service.created, address.created), _RECREATION):
            whose = "/".join(part for part in parent if part)
            owner = f"Service {whose}" if is_service else f"{whose} ({address.parent_resource})"
            yield Problem(
                message=f"The IPAddress object {address.name} belongs to {owner}, not to this Service.",
                severity=Severity.WARNING,
                family=family_of(text),
                field=field,
                observed=whose if is_service else f"{address.parent_resource} {whose}",
                expected="/".join(service.key),
                fix=recreate_service(service, ()),
                related=(ref("IPAddress", address), *((ObjectRef("Service", *parent),) if is_service else ())),
                grace=_RECREATION,
            )


@check(
    "DS-SVC-006",
    "primary-differs",
    Severity.NOTE,
    title="First family differs from the cluster's",
    condition="The first family of the Service is not the first Service family of the cluster.",
    why="spec.clusterIP, the Endpoints object and webhooks use the first family, here the other one than elsewhere.",
    fix="None is needed where this is intended. The first family cannot be changed; recreate the Service to do so.",
    not_when="The order is intended.",
    source="checks.md §4 and §1.1",
    subjects=(Kind.SERVICE,),
    of_service_families=True,
)
def primary_differs(service: Service, ctx: Context) -> Iterator[Problem]:
    """Another order than the cluster's."""
    has, served = service.families, ctx.profile.service_families
    if has and served and has[0] != served[0]:
        yield Problem(
            message=f"{has[0]} comes first here, {served[0]} in the cluster: clusterIP and Endpoints are {has[0]}.",
            family=has[0],
            field="spec.ipFamilies[0]",
            observed=", ".join(has),
            expected=f"{served[0]} first, unless {has[0]} is intended",
        )


@check(
    "DS-SVC-007",
    "external-ip-family",
    Severity.WARNING,
    title="External IP of a family that the Service has not",
    condition="The family of an entry of externalIPs is none of the Service's families.",
    why="kube-proxy skips the entry without a word: the address does not lead to the Service.",
    fix="Make the Service dual-stack, or remove the address.",
    not_when="Another dataplane than kube-proxy programs Services.",
    source="checks.md §4; K:pkg/proxy/servicechangetracker.go",
    subjects=(Kind.SERVICE,),
    uses=(Kind.POD,),
)
def external_ip_family(service: Service, ctx: Context) -> Iterator[Problem]:
    """An external IP that nothing programs."""
    has = service.families
    if not has or not service.external_ips:
        return
    if service.labels.get("service.kubernetes.io/service-proxy-name") or ctx.profile.other_dataplane:
        return
    for i, text in enumerate(service.external_ips):
        family = family_of(text)
        if family is not None and family not in has:
            yield Problem(
                message=f"External IP {text} is {family}, but the Service has {families(has)} only: kube-proxy "
                "skips it.",
                family=family,
                field=f"spec.externalIPs[{i}]",
                observed=text,
                expected=f"an {has[0]} address, or a Service with both families",
                fix=patch_service(service, ipFamilyPolicy="RequireDualStack", ipFamilies=[has[0], other(has[0])])
                if ctx.is_dual()
                else None,
            )
