"""DS-CLU: what the layers of a cluster say of its families, against each other. Asked once for the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import count, families, kubectl, names, patch_service, quoted, recreate_pods, ref
from dsview.checks.services import is_cluster_dns
from dsview.cluster.indexes import uses_cluster_dns
from dsview.cluster.profile import KUBERNETES, Confidence
from dsview.cluster.relations import PodFacet, in_order
from dsview.cluster.service_ranges import service_range_uses
from dsview.core.address import FAMILIES, Family, families_of, other
from dsview.core.cidr import cidr_families, parse_cidrs
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Pod, Service, ServiceCIDR


@check(
    "DS-CLU-001",
    "layers-disagree",
    Severity.WARNING,
    title="Pods and Services disagree on dual-stack",
    condition="The cluster serves two Service families, but no node gives pods both; or the reverse (a note).",
    why="One half of the conversion to dual-stack is missing: the second Service family has no endpoints.",
    fix="Give kube-controller-manager and the CNI a pod range of the missing family, or finish with the API server's "
    "--service-cluster-ip-range.",
    not_when="A conversion is under way: pods come first, Services later, so pods with both families are a note.",
    source="checks.md §4",
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR, Kind.POD),
    of_pods=(),
    of_service_families=True,
)
def layers_disagree(ctx: Context) -> Iterator[Problem]:
    """S is dual and no P(n) is, or the reverse."""
    profile = ctx.profile
    known = [facts for facts in ctx.nodes.values() if facts.pod_families]
    has_dual = [facts.name for facts in known if len(facts.pod_families) == 2]
    if profile.is_dual and known and not has_dual:
        seen = tuple(f for f in FAMILIES if any(f in facts.pod_families for facts in known))
        yield Problem(
            message="Services are dual-stack "
            f"({', '.join(profile.service_cidrs) or families(profile.service_families)}), but every node gives its "
            f"pods {families(seen)} only.",
            family=other(seen[0]) if len(seen) == 1 else None,
            observed=f"pods: {families(seen)}",
            expected="pods: IPv4 and IPv6",
            fix=_pod_ranges_fix(seen),
        )
    elif len(profile.service_families) == 1 and profile.confidence is Confidence.DECLARED and has_dual:
        yield Problem(
            message=f"Pods get both families on {names(sorted(has_dual))}, but Services are "
            f"{profile.service_families[0]} only.",
            severity=Severity.NOTE,
            family=other(profile.service_families[0]),
            observed=f"Services: {profile.service_families[0]}",
            expected="Services: IPv4 and IPv6, if dual-stack is wanted",
            fix=safe(
                "Start every API server and controller manager with a --service-cluster-ip-range of "
                f"{', '.join(profile.service_cidrs)} and one of {other(profile.service_families[0])}."
            ),
        )


def _pod_ranges_fix(seen: tuple[Family, ...]) -> str:
    wanted = other(seen[0]) if len(seen) == 1 else "both families"
    return (
        f"Give kube-controller-manager a --cluster-cidr with a range of {wanted}, and the CNI plug-in one too; then "
        "register the nodes anew, since their podCIDRs are immutable."
    )


@check(
    "DS-CLU-002",
    "primaries-disagree",
    Severity.WARNING,
    title="First families of nodes and Services differ",
    condition="The family of the first InternalIP differs between Ready nodes, or from the first Service family. An "
    "error where all podCIDRs of a node are of the other family than its first InternalIP, and its pods have no other.",
    why="podIP, hostIP and clusterIP show different families from node to node, and software that reads only the first "
    "one breaks.",
    fix="Order --node-ip of the kubelets like the API server's --service-cluster-ip-range.",
    not_when="Where the order is intended and all software looks at every address of a node.",
    source="checks.md §4 and §1.8",
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    of_service_families=True,
    without_families="between nodes",
)
def primaries_disagree(ctx: Context) -> Iterator[Problem]:
    """The first family is not the same everywhere."""
    nodes = sorted((f for f in ctx.nodes.values() if f.ready and f.internal and not f.virtual), key=lambda f: f.name)
    firsts: dict[Family, list[str]] = {}
    for facts in nodes:
        firsts.setdefault(facts.internal[0], []).append(facts.name)
    # Where pods have the first family all the same, the CNI plug-in takes no notice of podCIDRs (checks.md §1.11).
    against = [f for f in nodes if f.cidrs and f.internal[0] not in f.pod_families]
    profile = ctx.profile
    # Also where S is assumed: default/kubernetes has the first family, whatever others there may be.
    known = profile.confidence in {Confidence.DECLARED, Confidence.OBSERVED} or KUBERNETES in ctx.state.services
    served = profile.service_families[0] if known and profile.service_families else None
    from_services = [name for family, found in firsts.items() for name in found if served and family != served]
    if against:
        yield Problem(
            message=f"{names(f.name for f in against)}: the first InternalIP is {against[0].internal[0]}, but all "
            f"podCIDRs are {families(against[0].cidrs)}.",
            severity=Severity.ERROR,
            observed=f"{against[0].internal[0]} first, podCIDRs {families(against[0].cidrs)}",
            expected="a podCIDR of the node's first family",
            fix=_node_ip_fix((f.name for f in against), against[0].cidrs[0]),
            related=tuple(ObjectRef("Node", None, f.name) for f in against[:20]),
        )
    elif len(firsts) > 1:
        wanted = served if served in firsts else max(firsts, key=lambda family: len(firsts[family]))
        odd = [name for family, found in firsts.items() if family != wanted for name in found]
        parts = [f"{family} on {names(found)}" for family, found in sorted(firsts.items())]
        yield Problem(
            message=f"The first InternalIP is {' and '.join(parts)}.",
            observed="; ".join(parts),
            expected="the same first family on every node",
            fix=_node_ip_fix(odd, wanted),
            related=tuple(ObjectRef("Node", None, name) for name in odd[:20]),
        )
    elif from_services:
        yield Problem(
            message=f"Nodes have {next(iter(firsts))} first, Services {served}.",
            observed=next(iter(firsts)),
            expected=served,
            fix=_node_ip_fix(from_services, served) if served is not None else None,
            related=tuple(ObjectRef("Node", None, name) for name in from_services[:20]),
        )


def _node_ip_fix(nodes: Iterable[str], first: Family) -> str:
    return (
        f"Start the kubelets of {names(nodes)} with a --node-ip that names {first} first; with a cloud provider the "
        "order is that of its own configuration."
    )


def _default_cidr(ctx: Context) -> ServiceCIDR | None:
    return ctx.state.service_cidrs.get(("", "kubernetes"))


@check(
    "DS-CLU-003",
    "service-cidr-unconfigured",
    Severity.WARNING,
    title="ServiceCIDR of a family that the cluster does not serve",
    condition="A ServiceCIDR holds a range of a family that ServiceCIDR kubernetes has not.",
    why="The API server makes no allocator for that family: no Service gets an address of the range.",
    fix="Start the API servers with a --service-cluster-ip-range of both families.",
    not_when="None is known: the API server never allocates from such a range.",
    source="checks.md §4",
    needs=(Kind.SERVICE_CIDR,),
)
def service_cidr_unconfigured(ctx: Context) -> Iterator[Problem]:
    """A range that nothing allocates from."""
    default = _default_cidr(ctx)
    if default is None:
        return
    served = cidr_families(default.cidrs)
    for item in sorted(ctx.state.service_cidrs, key=lambda c: c.name):
        for i, cidr in enumerate(parse_cidrs(item.cidrs)):
            if item is not default and served and cidr.family not in served:
                yield Problem(
                    message=f"{cidr.text} is {cidr.family}, but ServiceCIDR kubernetes has {families(served)} only; no "
                    "address of it is ever given out.",
                    object=ref("ServiceCIDR", item),
                    family=cidr.family,
                    field=f"spec.cidrs[{i}]",
                    observed=cidr.text,
                    expected=f"a range of {families(served)}",
                    fix=kubectl("", "delete", "servicecidr", item.name),
                )


_CIDR_EVENTS = {"KubernetesDefaultServiceCIDRInconsistent", "KubernetesDefaultServiceCIDRError"}


@check(
    "DS-CLU-004",
    "service-cidr-not-ready",
    Severity.WARNING,
    title="ServiceCIDR is not ready",
    condition="The condition Ready of a ServiceCIDR is False: a note while it is being deleted. An error where an "
    "event says that the default ServiceCIDR contradicts the API server's flags.",
    why="No address of the range is given out; with contradicting flags API servers allocate differently.",
    fix="Make --service-cluster-ip-range the same on every API server; wait for Services that still hold addresses.",
    not_when="A range that is being deleted is not Ready on purpose, so it is a note.",
    source="checks.md §4",
    needs=(Kind.SERVICE_CIDR,),
    uses=(Kind.EVENT,),
)
def service_cidr_not_ready(ctx: Context) -> Iterator[Problem]:
    """A range that is not in use, or in contradiction."""
    events = {e.involved_name or "kubernetes": e for e in in_order(ctx.state.events) if e.reason in _CIDR_EVENTS}
    for item in sorted(ctx.state.service_cidrs, key=lambda c: c.name):
        event = events.get(item.name)
        if event is not None:
            yield Problem(
                message=quoted(event),
                severity=Severity.ERROR,
                object=ref("ServiceCIDR", item),
                field="spec.cidrs",
                observed=", ".join(item.cidrs),
                fix="Start every API server with the same --service-cluster-ip-range.",
                related=(ref("Event", event),),
            )
            continue
        ready = next((c for c in item.conditions if c.type == "Ready"), None)
        if ready is None or ready.status != "False":
            continue
        yield Problem(
            message=f"Not ready{f' ({ready.reason})' if ready.reason else ''}"
            f"{': it is being deleted' if item.deleted else ': no address of it is given out'}.",
            severity=Severity.NOTE if item.deleted else None,
            object=ref("ServiceCIDR", item),
            field="status.conditions",
            observed=f"Ready={ready.status}",
            expected="Ready=True",
            fix=kubectl("", "describe", "servicecidr", item.name),
        )


@check(
    "DS-CLU-005",
    "service-cidr-full",
    Severity.WARNING,
    title="Service addresses of a family run out",
    condition="IPAddress objects fill at least 80 % of the usable addresses of a family; an error from 95 %.",
    why="A dual-stack Service needs an address of each family: once one is used up, none can be created.",
    fix="Add a ServiceCIDR with another range of the family.",
    not_when="Nobody means to create more Services. Ranges that are not ready or being deleted give out nothing and "
    "are left out.",
    source="checks.md §4",
    needs=(Kind.SERVICE_CIDR, Kind.IP_ADDRESS),
)
def service_cidr_full(ctx: Context) -> Iterator[Problem]:
    """Ranges that are nearly used up."""
    for use in service_range_uses(ctx.state):
        if use.share < 0.8:
            continue
        yield Problem(
            message=f"{use.family}: {use.used} of {use.total} Service addresses are in use ({use.share:.0%}).",
            severity=Severity.ERROR if use.share >= 0.95 else None,
            object=ref("ServiceCIDR", use.item),
            family=use.family,
            field=f"spec.cidrs[{use.index}]",
            observed=f"{use.used} of {use.total}",
            expected="below 80 %",
            fix=f"Create one more ServiceCIDR with an {use.family} range that nothing else uses.",
        )


@check(
    "DS-CLU-006",
    "no-common-family",
    Severity.ERROR,
    title="Pods cannot reach the cluster's DNS or API",
    condition="A running pod shares no family with the cluster IPs of the cluster's DNS, or of default/kubernetes.",
    why="Name resolution, or every call to the API, fails in these pods.",
    fix="Make the Service dual-stack, or recreate the pods with the missing family.",
    not_when="The pod does not use the cluster's DNS (dnsPolicy None or Default).",
    source="checks.md §4",
    needs=(Kind.SERVICE, Kind.POD),
    of_pods=(PodFacet.PATTERNS,),
)
def no_common_family(ctx: Context) -> Iterator[Problem]:
    """Pods without a family in common with what every pod needs."""
    for service in sorted(ctx.state.services.in_namespace("kube-system"), key=lambda s: s.name):
        if is_cluster_dns(service):
            yield from _unreachable(ctx, service, needs_dns=True)
    kubernetes = ctx.state.services.get(KUBERNETES)
    if kubernetes is not None:
        yield from _unreachable(ctx, kubernetes, needs_dns=False)


def _unreachable(ctx: Context, service: Service, *, needs_dns: bool) -> Iterator[Problem]:
    served = families_of(service.real_cluster_ips)

    def lacks(has: tuple[Family, ...], asks: bool) -> bool:
        return bool(has) and not set(has) & set(served) and (asks or not needs_dns)

    if not served or not any(lacks(has, asks) for has, asks in ctx.state.pod_patterns.counts):
        return
    pods: list[Pod] = sorted(
        (p for p in ctx.state.pods if lacks(families_of(p.ips), uses_cluster_dns(p)) and ctx.elig(p)),
        key=lambda pod: pod.key,
    )
    if pods:
        has = families_of(pods[0].ips)
        yield Problem(
            message=f"{count(len(pods), 'pod')} with {families(has)} only cannot reach "
            f"{', '.join(service.real_cluster_ips)}: {names(f'{p.namespace}/{p.name}' for p in pods)}.",
            object=ref("Service", service),
            family=has[0],
            field="spec.clusterIPs",
            observed=families(served),
            expected=f"a cluster IP of {has[0]} too",
            fix=patch_service(service, ipFamilyPolicy="PreferDualStack", ipFamilies=[served[0], has[0]])
            if needs_dns and len(served) == 1 and ctx.is_dual()
            else recreate_pods(pods[:20]),
            related=tuple(ref("Pod", pod) for pod in pods[:20]),
        )
