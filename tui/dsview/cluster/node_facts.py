"""The families of a node, and what kind of node it is, from its own object and its pods."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from dsview.core.address import FAMILIES, Family, families_of, is_usable
from dsview.core.cidr import cidr_families
from dsview.core.command_flags import split_list
from dsview.core.redacted import any_redacted
from dsview.kinds.node import Node

PREVALENT = 0.8
"""The share of a node's pods that must have a family for it to be in P(n)."""


class NodeFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The families of a node.

    `internal`: the families of its usable InternalIPs, in their order. `cidrs`: those of spec.podCIDRs, in their order.
    `supplied`: the families that CNI annotations or most of its pods add. `pod_families` is P(n): both together.
    `minority_first`: if its dual-stack pods differ in their first family, the rarer first family, or both on a tie.
    `families_from_pods`: P(n) is the families that at least one of its pods has, regardless of podCIDRs, because the
    node is virtual, or runs Windows, whose overlay networks have one family.
    """

    name: str
    internal: tuple[Family, ...] = ()
    external: tuple[Family, ...] = ()
    cidrs: tuple[Family, ...] = ()
    supplied: tuple[Family, ...] = ()
    minority_first: tuple[Family, ...] = ()
    families_from_pods: bool = False
    ready: bool = False
    virtual: bool = False
    uninitialized: bool = False

    @property
    def pod_families(self) -> tuple[Family, ...]:
        """P(n)."""
        return self.supplied if self.families_from_pods else tuple(dict.fromkeys((*self.cidrs, *self.supplied)))


_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?![0-9])")


@lru_cache(maxsize=256)
def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor of a Kubernetes version such as `v1.36.1+k3s1`."""
    match = _VERSION.match(text)
    return (int(match.group(1)), int(match.group(2))) if match else None


_OTHER_KUBELETS = ("-kubeedge-", "-vk-", "virtual-kubelet")
"""Parts of the versions of other agents, on edge and virtual nodes, which do not follow Kubernetes versions."""


def kubelet_version(node: Node) -> tuple[int, int] | None:
    """Major and minor of a node's kubelet; None if the version is that of another agent.

    A kubelet is never newer than its API server (https://kubernetes.io/releases/version-skew-policy/).
    """
    if _is_virtual(node) or any(mark in node.kubelet_version for mark in _OTHER_KUBELETS):
        return None
    return parse_version(node.kubelet_version)


_VIRTUAL_LABELS = (
    ("type", "virtual-kubelet"),
    ("liqo.io/type", "virtual-node"),
    ("eks.amazonaws.com/compute-type", "fargate"),
    ("type", "kwok"),
    ("vcluster.loft.sh/fake-node", "true"),
    ("node.kubernetes.io/instance-type", "eklet"),
)
"""Labels of nodes that represent another API, or nothing: virtual-kubelet providers, kwok, vcluster's fake nodes, and
Tencent's super nodes.
"""
_VIRTUAL_AGENTS = ("virtual-kubelet", "kwok-")
"""Parts of the versions of their agents."""
_VIRTUAL_KEY = "virtual-kubelet.io/provider"
"""The taint, or label, that virtual-kubelet providers set on their nodes."""
_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"


def own_facts(node: Node) -> NodeFacts:
    """The facts that a Node object itself contains."""
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
        families_from_pods=is_virtual or is_windows(node),
        uninitialized=any(key == _UNINITIALIZED for key, _ in node.taints),
    )


def is_windows(node: Node) -> bool:
    """Whether the node runs Windows."""
    return "windows" in (node.operating_system, node.labels.get("kubernetes.io/os"))


def _is_virtual(node: Node) -> bool:
    """Whether the node only represents an API: it has no kubelet, and its addresses are irrelevant."""
    return (
        any(node.labels.get(k) == v for k, v in _VIRTUAL_LABELS)
        or _VIRTUAL_KEY in node.labels
        or any(key == _VIRTUAL_KEY for key, _ in node.taints)
        or any(agent in node.kubelet_version for agent in _VIRTUAL_AGENTS)
    )


def with_pods(facts: NodeFacts, pods: int, v4: int, v6: int) -> NodeFacts:
    """The facts of a node, with the families of most of its pods (`PodCounts.of`) added to P(n)."""
    enough = 1 if facts.families_from_pods else PREVALENT * pods
    known = facts.pod_families
    added = [
        family
        for family, count in zip(FAMILIES, (v4, v6), strict=True)
        if pods and count >= enough and family not in known
    ]
    return msgspec.structs.replace(facts, supplied=(*facts.supplied, *added)) if added else facts


def annotated_cidrs(node: Node) -> tuple[str, ...]:
    """The pod ranges in the annotations of a CNI, such as OVN-Kubernetes, Cilium or kube-router."""
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
    """Whether a pod range in the spec or in an annotation of the CNI is hidden, so its family is unknown."""
    values = (value for name, value in node.annotations if name.endswith(("pod-cidr", "pod-cidrs", "node-subnets")))
    return any_redacted((*node.cidrs, *annotated_cidrs(node), *values))


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
