"""What is inferred of the cluster: its Service families S, P(n) of each node, its mode (checks.md §3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from dsview.model.address import FAMILIES, Family, families_of, is_usable
from dsview.model.cidr import cidr_families
from dsview.model.kinds import Kind
from dsview.model.objects import Node, Pod
from dsview.state.cluster import ClusterState

KUBERNETES = ("default", "kubernetes")
PREVALENT = 0.8
"""The share of a node's pods that must have a family for it to be one of P(n)."""


class Confidence(StrEnum):
    """How well S is known. Nothing at error may rest on `ASSUMED`."""

    DECLARED = "declared"
    OBSERVED = "observed"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


class NodeFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the families of a node are.

    `internal`: of its usable InternalIPs, in their order. `cidrs`: of spec.podCIDRs, in their order. `supplied`:
    what CNI annotations or most of its pods add to that. `pod_families` is P(n), all of these.
    """

    name: str
    internal: tuple[Family, ...] = ()
    external: tuple[Family, ...] = ()
    cidrs: tuple[Family, ...] = ()
    supplied: tuple[Family, ...] = ()
    ready: bool = False
    virtual: bool = False
    uninitialized: bool = False

    @property
    def pod_families(self) -> tuple[Family, ...]:
        """P(n)."""
        return tuple(dict.fromkeys((*self.cidrs, *self.supplied)))


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster in a few words. Two equal profiles give every check the same answers but for nodes' own facts.

    `conforming`: families in which at least 90 % of the pods lie in their nodes' podCIDRs (DS-POD-004).
    `serves_load_balancers`: some LoadBalancer Service has an entry in its status, so something serves them.
    """

    service_families: tuple[Family, ...] = ()
    confidence: Confidence = Confidence.UNKNOWN
    service_cidrs: tuple[str, ...] = ()
    declared_by: str = ""
    version: tuple[int, int] | None = None
    qualifiers: tuple[str, ...] = ()
    serves_load_balancers: bool = False
    conforming: tuple[Family, ...] = ()

    @property
    def is_dual(self) -> bool:
        """Two Service families, declared or observed."""
        return len(self.service_families) == 2 and self.confidence in {Confidence.DECLARED, Confidence.OBSERVED}

    @property
    def mode(self) -> str:
        """`ipv4`, `ipv6`, `dual-ipv4-first`, `dual-ipv6-first` or `unknown`, as the report's contract names them."""
        if not self.service_families:
            return "unknown"
        first = self.service_families[0].lower()
        return first if len(self.service_families) == 1 else f"dual-{first}-first"


def flag_value(pod: Pod, name: str) -> str:
    """The value of `--name=value` or `--name value` in any container of a static pod."""
    for container in pod.containers:
        words = container.command_line
        for index, word in enumerate(words):
            if word == f"--{name}" and index + 1 < len(words):
                return words[index + 1]
            if word.startswith(f"--{name}="):
                return word.partition("=")[2]
    return ""


def control_plane_flag(state: ClusterState, component: str, name: str) -> str:
    """A flag of the first running static pod of a control-plane component that has it, or an empty string."""
    for key in sorted(state.control_plane):
        pod = state.control_plane[key]
        if pod.labels.get("component") == component and pod.phase == "Running" and (value := flag_value(pod, name)):
            return value
    return ""


def split_list(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated flag."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor of a Kubernetes version text such as `v1.36.1+k3s1`."""
    match = _VERSION.match(text)
    return (int(match.group(1)), int(match.group(2))) if match else None


def _version(state: ClusterState) -> tuple[int, int] | None:
    if state.server.version and (served := parse_version(state.server.version)):
        return served
    return min((v for n in state.nodes if (v := parse_version(n.kubelet_version))), default=None)


def _service_cidr_is_doubtful(state: ClusterState) -> bool:
    return any(e.reason == "KubernetesDefaultServiceCIDRInconsistent" for e in state.events)


def service_profile(state: ClusterState) -> Profile:
    """S, its confidence and its ranges, without the qualifiers that need the nodes."""
    version = _version(state)
    ranges = _all_service_cidrs(state)
    default = state.service_cidrs.get(("", "kubernetes"))
    if default is not None and cidr_families(default.cidrs) and not _service_cidr_is_doubtful(state):
        return Profile(
            service_families=cidr_families(default.cidrs),
            confidence=Confidence.DECLARED,
            service_cidrs=ranges,
            declared_by="ServiceCIDR kubernetes",
            version=version,
        )
    flag = split_list(control_plane_flag(state, "kube-apiserver", "service-cluster-ip-range"))
    if cidr_families(flag):
        return Profile(
            service_families=cidr_families(flag),
            confidence=Confidence.DECLARED,
            service_cidrs=ranges or flag,
            declared_by="kube-apiserver --service-cluster-ip-range",
            version=version,
        )
    seen = _observed_families(state)
    is_dual = any(len(families_of(s.real_cluster_ips)) == 2 for s in state.services if not s.is_external_name)
    return Profile(
        service_families=seen,
        confidence=Confidence.OBSERVED if is_dual else Confidence.ASSUMED if seen else Confidence.UNKNOWN,
        service_cidrs=ranges,
        declared_by="",
        version=version,
    )


def _all_service_cidrs(state: ClusterState) -> tuple[str, ...]:
    objects = sorted(state.service_cidrs, key=lambda c: (c.name != "kubernetes", c.name))
    return tuple(dict.fromkeys(text for cidr in objects for text in cidr.cidrs))


def _observed_families(state: ClusterState) -> tuple[Family, ...]:
    """Families of cluster IPs, that of default/kubernetes first; headless Services say nothing (checks.md §1.2)."""
    found: list[Family] = []
    kubernetes = state.services.get(KUBERNETES)
    for service in ([kubernetes] if kubernetes is not None else []) + sorted(state.services, key=lambda s: s.key):
        for family in families_of(service.real_cluster_ips) if not service.is_external_name else ():
            if family not in found:
                found.append(family)
        if len(found) == 2:
            break
    return tuple(found)


_VIRTUAL_LABELS = (("type", "virtual-kubelet"), ("eks.amazonaws.com/compute-type", "fargate"))
_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"


def node_facts(state: ClusterState, node: Node) -> NodeFacts:
    """The families of one node."""
    cidrs = cidr_families(node.cidrs)
    supplied = [f for f in _annotated_families(node) if f not in cidrs]
    pods, *counts = state.pod_counts.of(node.name)
    for family, count in zip(FAMILIES, counts, strict=True):
        if pods and count >= PREVALENT * pods and family not in cidrs and family not in supplied:
            supplied.append(family)
    return NodeFacts(
        name=node.name,
        internal=families_of(tuple(a for a in node.addresses_of("InternalIP") if is_usable(a))),
        external=families_of(node.addresses_of("ExternalIP")),
        cidrs=cidrs,
        supplied=tuple(supplied),
        ready=node.ready,
        virtual=any(node.labels.get(k) == v for k, v in _VIRTUAL_LABELS) or "virtual-kubelet" in node.kubelet_version,
        uninitialized=any(key == _UNINITIALIZED for key, _ in node.taints),
    )


def annotated_cidrs(node: Node) -> tuple[str, ...]:
    """The pod ranges that a CNI wrote into annotations of the node: OVN-Kubernetes and Cilium do."""
    texts: list[str] = []
    for name, value in node.annotations:
        if name.endswith("-pod-cidr"):
            texts.append(value)
        elif name == "k8s.ovn.org/node-subnets":
            texts.extend(_ovn_subnets(value))
    return tuple(texts)


def _ovn_subnets(value: str) -> Iterable[str]:
    try:
        subnets = json.loads(value)
    except (ValueError, RecursionError):
        return ()
    default = subnets.get("default", ()) if isinstance(subnets, dict) else ()
    return [default] if isinstance(default, str) else [s for s in default if isinstance(s, str)]


def _annotated_families(node: Node) -> tuple[Family, ...]:
    return cidr_families(annotated_cidrs(node))


class ProfileTracker:
    """Keeps the profile and the facts of every node up to date with the state, doing only what changed asks for."""

    _SOURCES = (Kind.SERVICE_CIDR, Kind.SERVICE, Kind.NODE, Kind.EVENT)

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._seen: tuple[object, ...] = ()
        self.profile = Profile()
        self.nodes: dict[str, NodeFacts] = {}
        self._node_objects: dict[str, Node] = {}

    def refresh(self) -> tuple[bool, set[str]]:
        """Bring both up to date; whether the profile changed, and the names of nodes whose facts did."""
        changed_nodes = self._refresh_nodes()
        state = self._state
        control_plane = tuple(sorted((k, p.resource_version) for k, p in state.control_plane.items()))
        conforming = state.conformity.families(state.pods)
        seen = (*(state.epochs[kind] for kind in self._SOURCES), state.server, control_plane, conforming)
        if seen == self._seen and not changed_nodes:
            return False, changed_nodes
        self._seen = seen
        base = service_profile(state)
        profile = msgspec.structs.replace(
            base,
            qualifiers=_qualifiers(base, self.nodes.values()),
            serves_load_balancers=state.served_load_balancers > 0,
            conforming=conforming,
        )
        changed = profile != self.profile
        self.profile = profile
        return changed, changed_nodes

    def _refresh_nodes(self) -> set[str]:
        state = self._state
        touched = state.pod_counts.take_touched()
        for node in state.nodes:
            if self._node_objects.get(node.name) is not node:
                touched.add(node.name)
        changed: set[str] = {name for name in self._node_objects if ("", name) not in state.nodes}
        for name in changed:
            del self._node_objects[name]
            self.nodes.pop(name, None)
        for name in touched:
            current = state.nodes.get(("", name))
            if current is None:
                continue
            self._node_objects[name] = current
            facts = node_facts(state, current)
            if self.nodes.get(name) != facts:
                self.nodes[name] = facts
                changed.add(name)
        return changed


def _qualifiers(profile: Profile, nodes: Iterable[NodeFacts]) -> tuple[str, ...]:
    pod_sets = set()
    internal_sets = set()
    for facts in nodes:
        if facts.pod_families:
            pod_sets.add(frozenset(facts.pod_families))
        if facts.internal:
            internal_sets.add(frozenset(facts.internal))
    found: list[str] = []
    pods_dual = any(len(s) == 2 for s in pod_sets)
    if pods_dual and len(profile.service_families) == 1:
        found.append("pods dual, services single")
    if pod_sets and not pods_dual and profile.is_dual:
        found.append("services dual, pods single")
    if len(pod_sets) > 1 or len(internal_sets) > 1:
        found.append("mixed nodes")
    return tuple(found)
