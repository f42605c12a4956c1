"""DS-CLU: what the layers of a cluster say of its families, against each other. Asked once for the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.context import Context
from dsview.checks.registry import Problem, check
from dsview.checks.services import is_cluster_dns
from dsview.checks.words import count, families, kubectl, names, ref
from dsview.model.address import V6, Family, families_of, other, packed
from dsview.model.cidr import Cidr, cidr_families, parse_cidr, parse_cidrs
from dsview.model.finding import ObjectRef, Severity
from dsview.model.kinds import Kind
from dsview.model.objects import Pod, Service, ServiceCIDR
from dsview.state.indexes import uses_cluster_dns
from dsview.state.profile import KUBERNETES, Confidence, control_plane_flag, split_list
from dsview.state.settings import COREDNS, KUBE_PROXY, kube_proxy_settings, kubernetes_zones


@check(
    "DS-CLU-001",
    "layers-disagree",
    Severity.WARNING,
    title="Pods and Services disagree on dual-stack",
    condition="The cluster serves two Service families, but no node gives pods both; or the reverse (a note).",
    why="One half of the conversion to dual-stack is missing: the second Service family has no endpoints.",
    fix="Give kube-controller-manager and the CNI a pod range of the missing family, or finish with the API server's "
    "--service-cluster-ip-range.",
    source="checks.md §4",
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR, Kind.POD),
)
def layers_disagree(ctx: Context) -> Iterator[Problem]:
    """S is dual and no P(n) is, or the reverse."""
    profile = ctx.profile
    known = [facts for facts in ctx.nodes.values() if facts.pod_families]
    has_dual = [facts.name for facts in known if len(facts.pod_families) == 2]
    if profile.is_dual and known and not has_dual:
        seen = tuple(dict.fromkeys(f for facts in known for f in facts.pod_families))
        yield Problem(
            message=f"Services are dual-stack ({', '.join(profile.service_cidrs) or families(profile.service_families)}), "
            f"but every node gives its pods {families(seen)} only.",
            family=other(seen[0]) if len(seen) == 1 else None,
            observed=f"pods: {families(seen)}",
            expected="pods: IPv4 and IPv6",
        )
    elif len(profile.service_families) == 1 and profile.confidence is Confidence.DECLARED and has_dual:
        yield Problem(
            message=f"{count(len(has_dual), 'node')} give pods both families ({names(sorted(has_dual))}), but Services "
            f"are {profile.service_families[0]} only.",
            severity=Severity.NOTE,
            family=other(profile.service_families[0]),
            observed=f"Services: {profile.service_families[0]}",
            expected="Services: IPv4 and IPv6, if dual-stack is wanted",
        )


@check(
    "DS-CLU-002",
    "primaries-disagree",
    Severity.WARNING,
    title="First families of nodes and Services differ",
    condition="The family of the first InternalIP differs between Ready nodes, or from the first Service family. An "
    "error where all podCIDRs of a node are of the other family than its first InternalIP.",
    why="podIP, hostIP and clusterIP show different families from node to node, and software that reads only the first "
    "one breaks.",
    fix="Order --node-ip of the kubelets like the API server's --service-cluster-ip-range.",
    source="checks.md §4 and §1.8",
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
)
def primaries_disagree(ctx: Context) -> Iterator[Problem]:
    """The first family is not the same everywhere."""
    nodes = sorted((f for f in ctx.nodes.values() if f.ready and f.internal and not f.virtual), key=lambda f: f.name)
    firsts: dict[Family, list[str]] = {}
    for facts in nodes:
        firsts.setdefault(facts.internal[0], []).append(facts.name)
    against = [f for f in nodes if f.cidrs and f.internal[0] not in f.cidrs]
    profile = ctx.profile
    known = profile.confidence in {Confidence.DECLARED, Confidence.OBSERVED}
    served = profile.service_families[0] if known and profile.service_families else None
    from_services = [name for family, found in firsts.items() for name in found if served and family != served]
    if against:
        yield Problem(
            message=f"{names(f.name for f in against)}: the first InternalIP is {against[0].internal[0]}, but all podCIDRs "
            f"are {families(against[0].cidrs)}.",
            severity=Severity.ERROR,
            observed=f"{against[0].internal[0]} first, podCIDRs {families(against[0].cidrs)}",
            expected="a podCIDR of the node's first family",
            related=tuple(ObjectRef("Node", None, f.name) for f in against[:20]),
        )
    elif len(firsts) > 1:
        parts = [f"{family} on {names(found)}" for family, found in sorted(firsts.items())]
        yield Problem(
            message=f"The first InternalIP is {' and '.join(parts)}.",
            observed="; ".join(parts),
            expected="the same first family on every node",
            related=tuple(ObjectRef("Node", None, name) for name in min(firsts.values(), key=len)[:20]),
        )
    elif from_services:
        yield Problem(
            message=f"Nodes have {next(iter(firsts))} first, Services {served}.",
            observed=next(iter(firsts)),
            expected=served,
            related=tuple(ObjectRef("Node", None, name) for name in from_services[:20]),
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
    condition="The condition Ready of a ServiceCIDR is False: a note while it is being deleted. An error where an event "
    "says that the default ServiceCIDR contradicts the API server's flags.",
    why="No address of the range is given out; with contradicting flags API servers allocate differently.",
    fix="Make --service-cluster-ip-range the same on every API server; wait for Services that still hold addresses.",
    source="checks.md §4",
    needs=(Kind.SERVICE_CIDR,),
    uses=(Kind.EVENT,),
)
def service_cidr_not_ready(ctx: Context) -> Iterator[Problem]:
    """A range that is not in use, or in contradiction."""
    events = {e.involved_name or "kubernetes": e for e in ctx.state.events if e.reason in _CIDR_EVENTS}
    for item in sorted(ctx.state.service_cidrs, key=lambda c: c.name):
        event = events.get(item.name)
        if event is not None:
            yield Problem(
                message=f"{event.reason}: {event.message}",
                severity=Severity.ERROR,
                object=ref("ServiceCIDR", item),
                field="spec.cidrs",
                observed=", ".join(item.cidrs),
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
        )


@check(
    "DS-CLU-005",
    "service-cidr-full",
    Severity.WARNING,
    title="Service addresses of a family run out",
    condition="IPAddress objects fill at least 80 % of the usable addresses of a family; an error from 95 %.",
    why="A dual-stack Service needs an address of each family: once one is used up, none can be created.",
    fix="Add a ServiceCIDR with another range of the family.",
    source="checks.md §4",
    needs=(Kind.SERVICE_CIDR, Kind.IP_ADDRESS),
)
def service_cidr_full(ctx: Context) -> Iterator[Problem]:
    """Ranges that are nearly used up."""
    ranges = [
        (item, i, cidr)
        for item in sorted(ctx.state.service_cidrs, key=lambda c: (c.name != "kubernetes", c.name))
        for i, text in enumerate(item.cidrs)
        if (cidr := parse_cidr(text)) is not None
    ]
    for family in dict.fromkeys(cidr.family for _, _, cidr in ranges):
        of_family = [row for row in ranges if row[2].family == family]
        total = sum(cidr.usable_addresses for _, _, cidr in of_family)
        if total > 100 * len(ctx.state.ip_addresses) or not total:
            continue
        used = [raw for a in ctx.state.ip_addresses if (raw := packed(a.name)) is not None]
        inside = {raw for raw in used if any(cidr.contains(raw) for _, _, cidr in of_family)}
        share = len(inside) / total
        if share < 0.8:
            continue
        item, i, cidr = max(of_family, key=lambda row: _fill(row[2], inside))
        yield Problem(
            message=f"{family}: {len(inside)} of {total} Service addresses are in use ({share:.0%}).",
            severity=Severity.ERROR if share >= 0.95 else None,
            object=ref("ServiceCIDR", item),
            family=family,
            field=f"spec.cidrs[{i}]",
            observed=f"{len(inside)} of {total}",
            expected="below 80 %",
        )


def _fill(cidr: Cidr, used: set[bytes]) -> float:
    return sum(cidr.contains(raw) for raw in used) / max(1, cidr.usable_addresses)


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
            message=f"{count(len(pods), 'pod')} ({names(f'{p.namespace}/{p.name}' for p in pods)}) have {families(has)} "
            f"only and cannot reach {', '.join(service.real_cluster_ips)}.",
            object=ref("Service", service),
            family=has[0],
            field="spec.clusterIPs",
            observed=families(served),
            expected=f"a cluster IP of {has[0]} too",
            related=tuple(ref("Pod", pod) for pod in pods[:20]),
        )


@check(
    "DS-CLU-007",
    "node-port-addresses",
    Severity.WARNING,
    title="NodePorts are limited in one family only",
    condition="kube-proxy's nodePortAddresses names ranges of one family in a dual-stack cluster.",
    why="In the other family every address of the node accepts NodePort traffic: a hole where a limit was meant.",
    fix="Add ranges of the other family to nodePortAddresses, or set it to primary.",
    source="checks.md §4; KEP-3178",
    needs=(Kind.CONFIG_MAP,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
)
def node_port_addresses(ctx: Context) -> Iterator[Problem]:
    """A limit for one family of two."""
    config_map = ctx.state.config_maps.get(KUBE_PROXY)
    settings = kube_proxy_settings(config_map) if config_map is not None else None
    if config_map is None or settings is None or not ctx.is_dual():
        return
    named = cidr_families(settings.node_port_addresses)
    if len(named) == 1:
        yield Problem(
            message=f"nodePortAddresses names {', '.join(settings.node_port_addresses)} only: over {other(named[0])} "
            "NodePorts are open on every address.",
            object=ref("ConfigMap", config_map),
            family=other(named[0]),
            field="data.config.conf.nodePortAddresses",
            observed=", ".join(settings.node_port_addresses),
            expected="ranges of both families",
            fix=kubectl("kube-system", "edit", "configmap", "kube-proxy"),
        )


@check(
    "DS-CLU-008",
    "cluster-cidr-one-family",
    Severity.WARNING,
    title="kube-proxy knows the pod range of one family only",
    condition="detectLocalMode is ClusterCIDR, and clusterCIDR is of one family while pods have both.",
    why="In the other family kube-proxy cannot tell pod traffic from foreign traffic, and masquerades wrongly.",
    fix="Set clusterCIDR to the ranges of both families, or detectLocalMode to NodeCIDR.",
    source="checks.md §4 and §3",
    needs=(Kind.CONFIG_MAP,),
    uses=(Kind.NODE, Kind.POD),
)
def cluster_cidr_one_family(ctx: Context) -> Iterator[Problem]:
    """clusterCIDR of one family for pods of two."""
    config_map = ctx.state.config_maps.get(KUBE_PROXY)
    settings = kube_proxy_settings(config_map) if config_map is not None else None
    if config_map is None or settings is None or settings.detect_local_mode != "ClusterCIDR":
        return
    has_dual_pods = any(len(has) == 2 for has, _ in ctx.state.pod_patterns.counts)
    named = cidr_families(split_list(settings.cluster_cidr))
    if has_dual_pods and len(named) == 1:
        yield Problem(
            message=f"clusterCIDR is {settings.cluster_cidr}, but pods have {other(named[0])} addresses as well.",
            object=ref("ConfigMap", config_map),
            family=other(named[0]),
            field="data.config.conf.clusterCIDR",
            observed=settings.cluster_cidr,
            expected="a range of each family",
            fix=kubectl("kube-system", "edit", "configmap", "kube-proxy"),
        )


@check(
    "DS-CLU-009",
    "corefile-no-ip6-arpa",
    Severity.NOTE,
    title="Reverse lookups of IPv6 leave the cluster",
    condition="The Corefile's kubernetes plug-in does not serve ip6.arpa in a cluster with IPv6.",
    why="Reverse names of IPv6 Services and pods are asked of the upstream resolver, which does not know them.",
    fix="Add ip6.arpa to the zones of the kubernetes plug-in.",
    source="checks.md §4",
    needs=(Kind.CONFIG_MAP,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR, Kind.NODE),
)
def corefile_no_ip6_arpa(ctx: Context) -> Iterator[Problem]:
    """No reverse zone for IPv6."""
    config_map = ctx.state.config_maps.get(COREDNS)
    zones = kubernetes_zones(config_map) if config_map is not None else None
    has_v6 = ctx.serves(V6) or any(V6 in facts.pod_families for facts in ctx.nodes.values())
    if config_map is None or not zones or not has_v6:
        return
    if not any(zone.rstrip(".").endswith("ip6.arpa") or zone in {".", "::/0"} or ":" in zone for zone in zones):
        yield Problem(
            message=f"The kubernetes plug-in serves {' '.join(zones)}, but not ip6.arpa.",
            object=ref("ConfigMap", config_map),
            family=V6,
            field="data.Corefile",
            observed=" ".join(zones),
            expected=f"{' '.join(zones)} ip6.arpa",
            fix=kubectl("kube-system", "edit", "configmap", "coredns"),
        )


@check(
    "DS-CLU-010",
    "control-plane-flags-disagree",
    Severity.WARNING,
    title="Flags of API server and controller manager disagree",
    condition="--service-cluster-ip-range differs between the two in value or order, or --cluster-cidr lacks a Service "
    "family.",
    why="The controller manager gives nodes ranges, or makes slices, for other families than the API server serves.",
    fix="Give both components the same flags, in the same order.",
    source="checks.md §4",
    needs=(Kind.POD,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
)
def control_plane_flags_disagree(ctx: Context) -> Iterator[Problem]:
    """Two flags that must be the same are not."""
    api = split_list(control_plane_flag(ctx.state, "kube-apiserver", "service-cluster-ip-range"))
    manager = split_list(control_plane_flag(ctx.state, "kube-controller-manager", "service-cluster-ip-range"))
    flag = "--service-cluster-ip-range"
    if api and manager and [c.canonical for c in parse_cidrs(api)] != [c.canonical for c in parse_cidrs(manager)]:
        yield Problem(
            message=f"{flag} is {','.join(api)} for kube-apiserver, but {','.join(manager)} for kube-controller-manager.",
            field=flag,
            observed=",".join(manager),
            expected=",".join(api),
        )
    pods = split_list(control_plane_flag(ctx.state, "kube-controller-manager", "cluster-cidr"))
    allocates = control_plane_flag(ctx.state, "kube-controller-manager", "allocate-node-cidrs") != "false"
    missing = [f for f in ctx.profile.service_families if pods and allocates and f not in cidr_families(pods)]
    for family in missing:
        yield Problem(
            message=f"--cluster-cidr is {','.join(pods)}, without {family}, which Services have.",
            family=family,
            field="--cluster-cidr",
            observed=",".join(pods),
            expected=f"a range of {families(ctx.profile.service_families)}",
        )
