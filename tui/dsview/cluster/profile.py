"""What dsview infers about the cluster: its Service families S, P(n) of each node, and its mode."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from dsview.cluster.completeness import is_whole
from dsview.cluster.node_facts import NodeFacts, has_hidden_ranges, kubelet_version, own_facts, parse_version, with_pods
from dsview.cluster.relations import PodFacet, cluster_families
from dsview.cluster.state import ClusterState, control_plane_component
from dsview.core.address import Family
from dsview.core.cidr import cidr_families
from dsview.core.command_flags import flag_value, split_list
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node

KUBERNETES = ("default", "kubernetes")
SLICES_SINCE = (1, 21)
"""The version of Kubernetes from which EndpointSlices are v1."""


class Confidence(StrEnum):
    """How reliably S is known. No finding with severity error may depend on `ASSUMED`."""

    DECLARED = "declared"
    OBSERVED = "observed"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A summary of the cluster.

    With equal profiles, every check has the same results, except for facts of individual nodes.

    `conforming`: families in which at least 90 % of the pods are in the podCIDRs of their nodes (DS-POD-004).
    `has_unknown_pods`: the families of some pods are unknown, for example because a capture hides their addresses.
    `other_dataplane`: something other than kube-proxy programs Services. `serves_load_balancers`: a LoadBalancer
    Service has an entry in its status, so something serves them. `unused_families`: families that nodes have for
    pods, but no pod on the pod network has (DS-POD-006), if all pods were read. `balancers_end_connections`: a node
    is of a provider whose load balancers terminate each connection and open a new one.
    """

    service_families: tuple[Family, ...] = ()
    confidence: Confidence = Confidence.UNKNOWN
    service_cidrs: tuple[str, ...] = ()
    declared_by: str = ""
    version: tuple[int, int] | None = None
    qualifiers: tuple[str, ...] = ()
    serves_load_balancers: bool = False
    unused_families: tuple[Family, ...] = ()
    balancers_end_connections: bool = False
    conforming: tuple[Family, ...] = ()
    has_unknown_pods: bool = False
    other_dataplane: bool = False

    @property
    def is_dual(self) -> bool:
        """Whether there are two Service families, declared or observed."""
        return len(self.service_families) == 2 and self.confidence in {Confidence.DECLARED, Confidence.OBSERVED}

    @property
    def mode(self) -> str:
        """`ipv4`, `ipv6`, `dual-ipv4-first`, `dual-ipv6-first` or `unknown`, as specified for the report."""
        if not self.service_families:
            return "unknown"
        first = self.service_families[0].lower()
        return first if len(self.service_families) == 1 else f"dual-{first}-first"


def control_plane_flags(state: ClusterState, component: str, name: str) -> dict[str, str]:
    """The values of a flag in the running static pods of a control-plane component, by pod name, sorted."""
    values: dict[str, str] = {}
    for key in sorted(state.control_plane):
        pod = state.control_plane[key]
        if control_plane_component(pod) == component and pod.phase == "Running":
            value = next((v for c in pod.containers if (v := flag_value(c.command_line, name))), "")
            if value:
                values[pod.name] = value
    return values


def control_plane_flag(state: ClusterState, component: str, name: str) -> str:
    """The value of the flag in the first of these pods, or an empty string."""
    return next(iter(control_plane_flags(state, component, name).values()), "")


def _version(state: ClusterState) -> tuple[int, int] | None:
    if state.server.version and (served := parse_version(state.server.version)):
        return served
    newest = max((v for n in state.nodes if (v := kubelet_version(n)) is not None), default=None)
    # Kubelets may be older than the API server, but not newer.
    return SLICES_SINCE if newest is not None and newest < SLICES_SINCE and state.server.serves_slices else newest


def _service_cidr_is_doubtful(state: ClusterState) -> bool:
    return any(e.reason == "KubernetesDefaultServiceCIDRInconsistent" for e in state.events)


def service_profile(state: ClusterState) -> Profile:
    """S, its confidence and its ranges, without the qualifiers that need the nodes."""
    version = _version(state)
    ranges = service_cidr_texts(state)
    default = state.service_cidrs.get(("", "kubernetes"))
    if default is not None and cidr_families(default.cidrs) and not _service_cidr_is_doubtful(state):
        return Profile(
            service_families=cidr_families(default.cidrs),
            confidence=Confidence.DECLARED,
            service_cidrs=ranges,
            declared_by="ServiceCIDR kubernetes",
            version=version,
        )
    # If API servers differ (DS-CLU-010), the families of any of them are served.
    flags = map(split_list, control_plane_flags(state, "kube-apiserver", "service-cluster-ip-range").values())
    flag = max(flags, key=lambda texts: len(cidr_families(texts)), default=())
    if cidr_families(flag):
        return Profile(
            service_families=cidr_families(flag),
            confidence=Confidence.DECLARED,
            service_cidrs=ranges or flag,
            declared_by="kube-apiserver --service-cluster-ip-range",
            version=version,
        )
    seen = _observed_families(state)
    is_dual = state.service_families.has_dual
    return Profile(
        service_families=seen,
        confidence=Confidence.OBSERVED if is_dual else Confidence.ASSUMED if seen else Confidence.UNKNOWN,
        service_cidrs=ranges,
        declared_by="",
        version=version,
    )


def service_cidr_texts(state: ClusterState) -> tuple[str, ...]:
    """The ranges of every ServiceCIDR, those of `kubernetes` first."""

    def find() -> tuple[str, ...]:
        objects = sorted(state.service_cidrs, key=lambda c: (c.name != "kubernetes", c.name))
        return tuple(dict.fromkeys(text for cidr in objects for text in cidr.cidrs))

    return state.cached("ServiceCIDRs", state.epochs[Kind.SERVICE_CIDR], find)


def _observed_families(state: ClusterState) -> tuple[Family, ...]:
    """Families of cluster IPs, those of default/kubernetes first. Headless Services are ignored.

    If that Service was not read, for example because only some namespaces were requested, the order is that of most
    Services.
    """
    first = state.services.get(KUBERNETES)
    order = cluster_families(first) if first is not None else ()
    return tuple(dict.fromkeys((*order, *state.service_families.usual_order)))


class ProfileTracker:
    """Keeps the profile and the facts of every node up to date with the state; recomputes only what changes affect."""

    _SOURCES = (Kind.SERVICE_CIDR, Kind.SERVICE, Kind.NODE, Kind.EVENT)

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._seen: tuple[object, ...] = ()
        self.profile = Profile()
        self.nodes: dict[str, NodeFacts] = {}
        self._node_objects: dict[str, Node] = {}
        self._own_facts: dict[str, NodeFacts] = {}
        self._node_epoch = 0
        self._node_sets: tuple[NodeSets, NodeSets] = (frozenset(), frozenset())

    def refresh(self) -> tuple[bool, set[str]]:
        """Update both. Returns whether the profile changed, and the names of nodes whose facts did."""
        changed_nodes = self._refresh_nodes()
        state = self._state
        conforming = state.conformity.families(state.pods)
        are_pods_whole = is_whole(state, Kind.POD)
        seen = (
            *(state.epochs[kind] for kind in self._SOURCES),
            state.server,
            state.facets[PodFacet.CONTROL_PLANE],
            state.system_apps.has_other_dataplane,
            conforming,
            state.pod_counts.unused,
            bool(state.pod_counts.unknown),
            are_pods_whole,
        )
        if seen == self._seen and not changed_nodes:
            return False, changed_nodes
        self._seen = seen
        if changed_nodes:
            facts = self.nodes.values()
            self._node_sets = (_family_sets(f.pod_families for f in facts), _family_sets(f.internal for f in facts))
        base = service_profile(state)
        profile = msgspec.structs.replace(
            base,
            qualifiers=_qualifiers(base, *self._node_sets, are_pods_whole=are_pods_whole),
            serves_load_balancers=state.served_load_balancers > 0,
            unused_families=self._unused_families(base) if are_pods_whole else (),
            balancers_end_connections=_balancers_end_connections(state),
            conforming=conforming,
            has_unknown_pods=bool(state.pod_counts.unknown),
            other_dataplane=state.system_apps.has_other_dataplane,
        )
        changed = profile != self.profile
        self.profile = profile
        return changed, changed_nodes

    def _unused_families(self, base: Profile) -> tuple[Family, ...]:
        """The families that nodes have for pods, but no pod has.

        A node has the families of its podCIDRs; without podCIDRs, those in both S and its InternalIPs.
        """
        facts = self.nodes.values()
        return tuple(
            family
            for family in self._state.pod_counts.unused
            if any(
                family in node.cidrs
                or (
                    not node.cidrs
                    and not has_hidden_ranges(self._node_objects[node.name])
                    and base.is_dual
                    and family in base.service_families
                    and family in node.internal
                )
                for node in facts
            )
        )

    def _refresh_nodes(self) -> set[str]:
        state = self._state
        touched = state.pod_counts.take_touched()
        changed: set[str] = set()
        if state.epochs[Kind.NODE] != self._node_epoch:
            self._node_epoch = state.epochs[Kind.NODE]
            for node in state.nodes:
                if self._node_objects.get(node.name) is not node:
                    self._node_objects[node.name] = node
                    self._own_facts[node.name] = own_facts(node)
                    touched.add(node.name)
            changed = {name for name in self._node_objects if ("", name) not in state.nodes}
            for name in changed:
                del self._node_objects[name], self._own_facts[name]
                self.nodes.pop(name, None)
        for name in touched:
            own = self._own_facts.get(name)
            if own is None:
                continue
            facts = with_pods(own, *state.pod_counts.of(name))
            minority_first = state.pod_counts.minority_first(name)
            if minority_first:
                facts = msgspec.structs.replace(facts, minority_first=minority_first)
            if self.nodes.get(name) != facts:
                self.nodes[name] = facts
                changed.add(name)
        return changed


_PROXYING_PROVIDERS = ("hcloud:", "linode:", "digitalocean:", "vultr:", "scaleway:")
"""The spec.providerID prefixes of providers whose load balancers terminate each connection."""


def _balancers_end_connections(state: ClusterState) -> bool:
    return state.cached(
        "proxying provider",
        state.epochs[Kind.NODE],
        lambda: any(node.provider_id.startswith(_PROXYING_PROVIDERS) for node in state.nodes),
    )


NodeSets = frozenset[frozenset[Family]]
"""The sets of families that occur among nodes."""


def _family_sets(families: Iterable[tuple[Family, ...]]) -> NodeSets:
    return frozenset(frozenset(of_node) for of_node in set(families) if of_node)


def _qualifiers(
    profile: Profile, pod_sets: NodeSets, internal_sets: NodeSets, *, are_pods_whole: bool
) -> tuple[str, ...]:
    qualifiers: list[str] = []
    pods_dual = any(len(s) == 2 for s in pod_sets)
    if pods_dual and len(profile.service_families) == 1:
        qualifiers.append("pods dual, services single")
    # Pods that were not read may have both families.
    if pod_sets and not pods_dual and profile.is_dual and are_pods_whole:
        qualifiers.append("services dual, pods single")
    if len(pod_sets) > 1 or len(internal_sets) > 1:
        qualifiers.append("mixed nodes")
    return tuple(qualifiers)
