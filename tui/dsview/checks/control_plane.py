"""DS-CLU-007 to 010: settings of kube-proxy, CoreDNS and the control plane that know one family of two."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import families, kubectl, ref
from dsview.cluster.component_settings import COREDNS, KUBE_PROXY, kube_proxy_settings
from dsview.cluster.indexes import holds_address
from dsview.cluster.profile import control_plane_flag, split_list
from dsview.cluster.relations import PodFacet
from dsview.core.address import V6, families_of, other
from dsview.core.cidr import cidr_families, parse_cidrs
from dsview.core.corefile import kubernetes_zones
from dsview.core.finding import Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind


@check(
    "DS-CLU-007",
    "node-port-addresses",
    Severity.WARNING,
    title="NodePorts are limited in one family only",
    condition="kube-proxy's nodePortAddresses names ranges of one family in a dual-stack cluster.",
    why="In the other family every address of the node accepts NodePort traffic: a hole where a limit was meant.",
    fix="Add ranges of the other family to nodePortAddresses, or set it to primary.",
    not_when="The other family is meant to be open, or a firewall that the API does not show closes it.",
    source="checks.md §4; KEP-3178",
    needs=(Kind.CONFIG_MAP,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    config_map=KUBE_PROXY,
    of_service_families=True,
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
    not_when="The CNI plug-in masquerades by itself.",
    source="checks.md §4 and §3",
    needs=(Kind.CONFIG_MAP,),
    uses=(Kind.NODE, Kind.POD),
    of_pods=(PodFacet.PATTERNS,),
    config_map=KUBE_PROXY,
)
def cluster_cidr_one_family(ctx: Context) -> Iterator[Problem]:
    """A clusterCIDR of one family for pods of two."""
    config_map = ctx.state.config_maps.get(KUBE_PROXY)
    settings = kube_proxy_settings(config_map) if config_map is not None else None
    if config_map is None or settings is None or settings.detect_local_mode != "ClusterCIDR":
        return
    named = cidr_families(split_list(settings.cluster_cidr))
    if len(named) == 1 and _has_dual_pods(ctx):
        yield Problem(
            message=f"clusterCIDR is {settings.cluster_cidr}, but pods have {other(named[0])} addresses as well.",
            object=ref("ConfigMap", config_map),
            family=other(named[0]),
            field="data.config.conf.clusterCIDR",
            observed=settings.cluster_cidr,
            expected="a range of each family",
            fix=kubectl("kube-system", "edit", "configmap", "kube-proxy"),
        )


def _has_dual_pods(ctx: Context) -> bool:
    """Whether a pod of the pod network has both families; pods on the host's network have their node's."""
    if not ctx.knows(Kind.NODE):
        if not any(len(has) == 2 for has, _ in ctx.state.pod_patterns.counts):
            return False
        return any(holds_address(pod) and len(families_of(pod.ips)) == 2 for pod in ctx.state.pods)
    counts = (ctx.state.pod_counts.of(name) for name in ctx.nodes)
    return any(v4 + v6 > pods for pods, v4, v6 in counts)


@check(
    "DS-CLU-009",
    "corefile-no-ip6-arpa",
    Severity.NOTE,
    title="Reverse lookups of IPv6 leave the cluster",
    condition="The Corefile's kubernetes plug-in does not serve ip6.arpa in a cluster with IPv6.",
    why="Reverse names of IPv6 Services and pods are asked of the upstream resolver, which does not know them.",
    fix="Add ip6.arpa to the zones of the kubernetes plug-in.",
    not_when="Nobody asks for the reverse names of IPv6 addresses.",
    source="checks.md §4",
    needs=(Kind.CONFIG_MAP,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR, Kind.NODE),
    config_map=COREDNS,
    of_service_families=True,
    without_families="from the families of pods",
)
def corefile_no_ip6_arpa(ctx: Context) -> Iterator[Problem]:
    """No reverse zone for IPv6."""
    config_map = ctx.state.config_maps.get(COREDNS)
    zones = kubernetes_zones(config_map.data.get("Corefile", "")) if config_map is not None else None
    has_v6 = ctx.serves(V6) or any(V6 in facts.pod_families for facts in ctx.nodes.values())
    if config_map is None or not zones or not has_v6:
        return
    if not any(zone.rstrip(".").endswith("ip6.arpa") or zone == "." or ":" in zone for zone in zones):
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
    not_when="The control plane is being reconfigured, and one of the two has not restarted yet.",
    source="checks.md §4",
    needs=(Kind.POD,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    of_pods=(PodFacet.CONTROL_PLANE,),
    of_service_families=True,
)
def control_plane_flags_disagree(ctx: Context) -> Iterator[Problem]:
    """Two flags that must be the same are not."""
    api = split_list(control_plane_flag(ctx.state, "kube-apiserver", "service-cluster-ip-range"))
    manager = split_list(control_plane_flag(ctx.state, "kube-controller-manager", "service-cluster-ip-range"))
    flag = "--service-cluster-ip-range"
    if api and manager and [c.canonical for c in parse_cidrs(api)] != [c.canonical for c in parse_cidrs(manager)]:
        differing = set(cidr_families(api)) ^ set(cidr_families(manager))
        yield Problem(
            message=f"{flag} is {','.join(api)} for kube-apiserver, but {','.join(manager)} for "
            "kube-controller-manager.",
            family=next(iter(differing)) if len(differing) == 1 else None,
            field=flag,
            observed=",".join(manager),
            expected=",".join(api),
            fix=safe(f"Start kube-controller-manager with {flag}={','.join(api)}."),
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
            fix=safe(f"Start kube-controller-manager with --cluster-cidr={','.join(pods)} and one of {family} too."),
        )
