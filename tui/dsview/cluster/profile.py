"""What is inferred about the cluster: its Service families S, P(n) of each node, its mode."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

import msgspec

from dsview.cluster.relations import PodFacet, cluster_families
from dsview.cluster.state import ClusterState, control_plane_component
from dsview.core.address import FAMILIES, Family, families_of, is_usable
from dsview.core.cidr import cidr_families
from dsview.core.command_flags import flag_value
from dsview.core.redacted import any_redacted
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node

KUBERNETES = ("default", "kubernetes")
PREVALENT = 0.8
"""The share of a node's pods that must have a family for it to be in P(n)."""


class Confidence(StrEnum):
    """How well S is known. No finding with severity error may rest on `ASSUMED`."""

    DECLARED = "declared"
    OBSERVED = "observed"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


class NodeFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The families of a node.

    `internal`: of its usable InternalIPs, in their order. `cidrs`: of spec.podCIDRs, in their order. `supplied`:
    families that CNI annotations or most of its pods add. `pod_families` is P(n), all of these. `odd_first`: if its
    dual-stack pods differ in order, the first family of the minority, or of all on a tie. `told_by_pods`: the node runs
    Windows, whose overlay networks have one family, or is virtual: P(n) is the families that at least one of its pods
    has, regardless of podCIDRs.
    """

    name: str
    internal: tuple[Family, ...] = ()
    external: tuple[Family, ...] = ()
    cidrs: tuple[Family, ...] = ()
    supplied: tuple[Family, ...] = ()
    odd_first: tuple[Family, ...] = ()
    told_by_pods: bool = False
    ready: bool = False
    virtual: bool = False
    uninitialized: bool = False

    @property
    def pod_families(self) -> tuple[Family, ...]:
        """P(n)."""
        return self.supplied if self.told_by_pods else tuple(dict.fromkeys((*self.cidrs, *self.supplied)))


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A summary of the cluster.

    Two equal profiles give every check the same results, except for facts of individual nodes.

    `conforming`: families in which at least 90 % of the pods are in the podCIDRs of their nodes (DS-POD-004).
    `other_dataplane`: something other than kube-proxy programs Services. `serves_load_balancers`: a LoadBalancer
    Service has an entry in its status, so something serves them. `unused_families`: the nodes have them for pods, but
    no pod on the pod network does (DS-POD-006). `balancers_end_connections`: a node is of a provider whose load
    balancers open new connections.
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
    """The value of a flag for each running static pod of a control-plane component that has it, sorted by pod name."""
    found: dict[str, str] = {}
    for key in sorted(state.control_plane):
        pod = state.control_plane[key]
        if control_plane_component(pod) == component and pod.phase == "Running":
            value = next((v for c in pod.containers if (v := flag_value(c.command_line, name))), "")
            if value:
                found[pod.name] = value
    return found


def control_plane_flag(state: ClusterState, component: str, name: str) -> str:
    """The value of the flag in the first such pod, or an empty string."""
    return next(iter(control_plane_flags(state, component, name).values()), "")


def split_list(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated flag."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?![0-9])")


@lru_cache(maxsize=256)
def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor of a Kubernetes version such as `v1.36.1+k3s1`."""
    match = _VERSION.match(text)
    return (int(match.group(1)), int(match.group(2))) if match else None


def _version(state: ClusterState) -> tuple[int, int] | None:
    if state.server.version and (served := parse_version(state.server.version)):
        return served
    return max((v for n in state.nodes if (v := kubelet_version(n)) is not None), default=None)


_OTHER_KUBELETS = ("-kubeedge-", "-vk-", "virtual-kubelet")
"""What the version of an edge or virtual node's agent contains: it does not follow Kubernetes versions."""


def kubelet_version(node: Node) -> tuple[int, int] | None:
    """Major and minor of a node's kubelet; None if the version is that of another agent.

    A kubelet is never newer than its API server (https://kubernetes.io/releases/version-skew-policy/).
    """
    if _is_virtual(node) or any(mark in node.kubelet_version for mark in _OTHER_KUBELETS):
        return None
    return parse_version(node.kubelet_version)


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
    flag = max(flags, key=lambda each: len(cidr_families(each)), default=())
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

    return state.remembered("ServiceCIDRs", state.epochs[Kind.SERVICE_CIDR], find)


def _observed_families(state: ClusterState) -> tuple[Family, ...]:
    """Families of cluster IPs, those of default/kubernetes first. Headless Services are ignored.

    If that Service was not read, for example because only some namespaces are, the order is that of most Services.
    """
    first = state.services.get(KUBERNETES)
    order = cluster_families(first) if first is not None else ()
    return tuple(dict.fromkeys((*order, *state.service_families.usual_order)))


_VIRTUAL_LABELS = (
    ("type", "virtual-kubelet"),
    ("liqo.io/type", "virtual-node"),
    ("eks.amazonaws.com/compute-type", "fargate"),
    ("type", "kwok"),
    ("vcluster.loft.sh/fake-node", "true"),
    ("node.kubernetes.io/instance-type", "eklet"),
)
"""Labels of nodes that represent another API, or nothing: providers of virtual-kubelet, kwok, the fake nodes of
vcluster, Tencent's super nodes.
"""
_VIRTUAL_AGENTS = ("virtual-kubelet", "kwok-")
"""What the version of such a node's agent contains."""
_VIRTUAL_MARK = "virtual-kubelet.io/provider"
"""The taint, or label, that virtual-kubelet providers set on their nodes."""
_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"


def own_facts(node: Node) -> NodeFacts:
    """The families of one node, as far as its own object contains them."""
    cidrs = cidr_families(node.cidrs)
    is_virtual = _is_virtual(node)
    return NodeFacts(
        name=node.name,
        internal=families_of(tuple(a for a in node.addresses_of("InternalIP") if is_usable(a))),
        external=families_of(node.addresses_of("ExternalIP")),
        cidrs=cidrs,
        supplied=tuple(f for f in _annotated_families(node) if f not in cidrs),
        ready=node.ready,
        virtual=is_virtual,
        told_by_pods=is_virtual or is_windows(node),
        uninitialized=any(key == _UNINITIALIZED for key, _ in node.taints),
    )


def is_windows(node: Node) -> bool:
    """Whether the node runs Windows."""
    return "windows" in (node.operating_system, node.labels.get("kubernetes.io/os"))


def _is_virtual(node: Node) -> bool:
    """Whether only an API is behind the node: no kubelet, and no relevant addresses of its own."""
    return (
        any(node.labels.get(k) == v for k, v in _VIRTUAL_LABELS)
        or _VIRTUAL_MARK in node.labels
        or any(key == _VIRTUAL_MARK for key, _ in node.taints)
        or any(agent in node.kubelet_version for agent in _VIRTUAL_AGENTS)
    )


def with_pods(facts: NodeFacts, pods: int, v4: int, v6: int) -> NodeFacts:
    """The facts of a node, with the families that most of its pods have (`PodCounts.of`) added to P(n)."""
    enough = 1 if facts.told_by_pods else PREVALENT * pods
    known = facts.pod_families
    added = [
        family
        for family, count in zip(FAMILIES, (v4, v6), strict=True)
        if pods and count >= enough and family not in known
    ]
    return msgspec.structs.replace(facts, supplied=(*facts.supplied, *added)) if added else facts


def annotated_cidrs(node: Node) -> tuple[str, ...]:
    """The pod ranges in annotations that a CNI set on the node: OVN-Kubernetes and Cilium do."""
    texts: list[str] = []
    for name, value in node.annotations:
        if name.endswith("-pod-cidr"):
            texts.append(value)
        elif name in ("kube-router.io/pod-cidr", "kube-router.io/pod-cidrs"):
            texts.extend(split_list(value))
        elif name == "k8s.ovn.org/node-subnets":
            texts.extend(_ovn_subnets(value))
    return tuple(texts)


def has_hidden_ranges(node: Node) -> bool:
    """Whether a pod range of a node is hidden, in its spec or in an annotation of the CNI: it may be of any family."""
    said = (value for name, value in node.annotations if name.endswith(("pod-cidr", "pod-cidrs", "node-subnets")))
    return any_redacted((*node.cidrs, *annotated_cidrs(node), *said))


def _ovn_subnets(value: str) -> Iterable[str]:
    try:
        subnets = json.loads(value)
    except (ValueError, RecursionError):
        return ()
    default = subnets.get("default") if isinstance(subnets, dict) else None
    listed = default if isinstance(default, list) else [default]
    return [text for text in listed if isinstance(text, str)]


def _annotated_families(node: Node) -> tuple[Family, ...]:
    return cidr_families(annotated_cidrs(node))


class ProfileTracker:
    """Keeps the profile and the facts of every node up to date with the state. Only recomputes what changes affect."""

    _SOURCES = (Kind.SERVICE_CIDR, Kind.SERVICE, Kind.NODE, Kind.EVENT)

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._seen: tuple[object, ...] = ()
        self.profile = Profile()
        self.nodes: dict[str, NodeFacts] = {}
        self._node_objects: dict[str, Node] = {}
        self._own_facts: dict[str, NodeFacts] = {}
        self._node_epoch = 0
        self._kinds_of_nodes: tuple[NodeSets, NodeSets] = (frozenset(), frozenset())

    def refresh(self) -> tuple[bool, set[str]]:
        """Update both. Returns whether the profile changed, and the names of nodes whose facts did."""
        changed_nodes = self._refresh_nodes()
        state = self._state
        conforming = state.conformity.families(state.pods)
        seen = (
            *(state.epochs[kind] for kind in self._SOURCES),
            state.server,
            state.facets[PodFacet.CONTROL_PLANE],
            state.system_apps.has_other_dataplane,
            conforming,
            state.pod_counts.unused,
        )
        if seen == self._seen and not changed_nodes:
            return False, changed_nodes
        self._seen = seen
        if changed_nodes:
            facts = self.nodes.values()
            self._kinds_of_nodes = (_sets(f.pod_families for f in facts), _sets(f.internal for f in facts))
        base = service_profile(state)
        profile = msgspec.structs.replace(
            base,
            qualifiers=_qualifiers(base, *self._kinds_of_nodes),
            serves_load_balancers=state.served_load_balancers > 0,
            unused_families=self._unused(base),
            balancers_end_connections=_end_connections(state),
            conforming=conforming,
            other_dataplane=state.system_apps.has_other_dataplane,
        )
        changed = profile != self.profile
        self.profile = profile
        return changed, changed_nodes

    def _unused(self, base: Profile) -> tuple[Family, ...]:
        """The families that nodes have for pods but no pod has: by podCIDRs, or without any by S and InternalIPs."""
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
            odd_first = state.pod_counts.odd_first(name)
            if odd_first:
                facts = msgspec.structs.replace(facts, odd_first=odd_first)
            if self.nodes.get(name) != facts:
                self.nodes[name] = facts
                changed.add(name)
        return changed


_PROXYING_PROVIDERS = ("hcloud:", "linode:", "digitalocean:", "vultr:", "scaleway:")
"""The spec.providerID prefixes of providers whose load balancers terminate each connection."""


def _end_connections(state: ClusterState) -> bool:
    return state.remembered(
        "proxying provider",
        state.epochs[Kind.NODE],
        lambda: any(node.provider_id.startswith(_PROXYING_PROVIDERS) for node in state.nodes),
    )


NodeSets = frozenset[frozenset[Family]]
"""The sets of families that occur among nodes."""


def _sets(families: Iterable[tuple[Family, ...]]) -> NodeSets:
    return frozenset(frozenset(found) for found in set(families) if found)


def _qualifiers(profile: Profile, pod_sets: NodeSets, internal_sets: NodeSets) -> tuple[str, ...]:
    found: list[str] = []
    pods_dual = any(len(s) == 2 for s in pod_sets)
    if pods_dual and len(profile.service_families) == 1:
        found.append("pods dual, services single")
    if pod_sets and not pods_dual and profile.is_dual:
        found.append("services dual, pods single")
    if len(pod_sets) > 1 or len(internal_sets) > 1:
        found.append("mixed nodes")
    return tuple(found)
