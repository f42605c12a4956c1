"""The annotations that dsview reads, and how they are taken out of all the others."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

Annotations = tuple[tuple[str, str], ...]
"""Names and values, in the order in which a reader was told the names."""

NULLS = frozenset({b"null", b"{}", b"[]"})
"""How a map or a list that holds nothing is written."""

IGNORE_ANNOTATION = "dsview.io/ignore"

IPAM_ANNOTATIONS = (
    "cni.projectcalico.org/ipAddrs",
    "cni.projectcalico.org/ipv4pools",
    "cni.projectcalico.org/ipv6pools",
    "cni.projectcalico.org/ipAddrsNoIpam",
    "ipam.cilium.io/ip-pool",
    "ipam.cilium.io/ipv4-pool",
    "ipam.cilium.io/ipv6-pool",
    "ovn.kubernetes.io/ip_address",
    "ovn.kubernetes.io/ip_pool",
    "ovn.kubernetes.io/logical_switch",
)
"""Annotations by which a pod asks its CNI for addresses of its own (DS-POD-001, exemptions)."""

NODE_ANNOTATIONS = (
    "alpha.kubernetes.io/provided-node-ip",
    "k8s.ovn.org/node-subnets",
    "flannel.alpha.coreos.com/public-ip",
    "flannel.alpha.coreos.com/public-ipv6",
    "flannel.alpha.coreos.com/backend-type",
    "k3s.io/internal-ip",
    "network.cilium.io/ipv4-pod-cidr",
    "network.cilium.io/ipv6-pod-cidr",
    "io.cilium.network.ipv4-pod-cidr",
    "io.cilium.network.ipv6-pod-cidr",
    "projectcalico.org/IPv4Address",
    "projectcalico.org/IPv6Address",
)

SERVICE_ANNOTATIONS = (
    "metallb.universe.tf/loadBalancerIPs",
    "metallb.io/loadBalancerIPs",
    "lbipam.cilium.io/ips",
    "io.cilium/lb-ipam-ips",
    "kube-vip.io/loadbalancerIPs",
    "metallb.universe.tf/ip-allocated-from-pool",
    "metallb.io/ip-allocated-from-pool",
    "service.beta.kubernetes.io/azure-load-balancer-ipv4",
    "service.beta.kubernetes.io/azure-load-balancer-ipv6",
    "service.beta.kubernetes.io/aws-load-balancer-ip-address-type",
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type",
    "service.beta.kubernetes.io/aws-load-balancer-scheme",
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.kubernetes.io/service-proxy-name",
)

BALANCER_PREFIXES = (
    "load-balancer.hetzner.cloud/",
    "service.beta.kubernetes.io/linode-loadbalancer-",
    "service.beta.kubernetes.io/do-loadbalancer-",
    "kubernetes.digitalocean.com/load-balancer-",
)
"""How the annotations of providers begin whose load balancers end each connection and open one of their own."""

INGRESS_ANNOTATIONS = (
    "kubernetes.io/ingress.class",
    "nginx.ingress.kubernetes.io/ssl-passthrough",
)

SOURCE_RANGE_ANNOTATIONS = ("whitelist-source-range", "allowlist-source-range", "denylist-source-range")
"""The annotations of an Ingress that name source ranges, behind any prefix: `--annotations-prefix` chooses it."""

_BEHIND_A_PREFIX = tuple(f"/{name}" for name in SOURCE_RANGE_ANNOTATIONS)

DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"


def _reader(*names: str) -> Callable[[msgspec.Raw], Annotations]:
    """A function that takes the named annotations out of a raw map and skips all others unread."""
    fields = [(f"f{i}", str | None, msgspec.field(name=name, default=None)) for i, name in enumerate(names)]
    decoder = msgspec.json.Decoder(msgspec.defstruct("Annotations", fields))
    marks = tuple(name.encode() for name in names)
    # Annotations are most of a pod's bytes: a few domains are looked for before the many names.
    domains = tuple(dict.fromkeys(mark.partition(b"/")[0] for mark in marks))

    def is_there(data: bytes) -> bool:
        for domain in domains:
            if domain in data:
                return any(mark in data for mark in marks)
        return False

    def read(raw: msgspec.Raw) -> Annotations:
        data = bytes(raw)
        if data in NULLS or not is_there(data):
            return ()
        values = msgspec.structs.astuple(decoder.decode(data))
        return tuple((name, value) for name, value in zip(names, values, strict=True) if value is not None)

    return read


plain_annotations = _reader(IGNORE_ANNOTATION)
pod_annotations = _reader(IGNORE_ANNOTATION, *IPAM_ANNOTATIONS)
node_annotations = _reader(IGNORE_ANNOTATION, *NODE_ANNOTATIONS)
_service_annotations = _reader(IGNORE_ANNOTATION, *SERVICE_ANNOTATIONS)
_ingress_annotations = _reader(IGNORE_ANNOTATION, *INGRESS_ANNOTATIONS)
class_annotations = _reader(IGNORE_ANNOTATION, DEFAULT_CLASS_ANNOTATION)


def service_annotations(raw: msgspec.Raw) -> Annotations:
    """What is read of a Service: the named ones, and of `BALANCER_PREFIXES` that they are there, without a value."""
    of_providers = _matching(raw, BALANCER_PREFIXES, str.startswith)
    return (*_service_annotations(raw), *((name, "") for name, _ in of_providers))


def ingress_annotations(raw: msgspec.Raw) -> Annotations:
    """What is read of an Ingress: the named ones, and source ranges behind any prefix."""
    return (*_ingress_annotations(raw), *_matching(raw, _BEHIND_A_PREFIX, str.endswith))


def _matching(raw: msgspec.Raw, parts: tuple[str, ...], matches: Callable[[str, tuple[str, ...]], bool]) -> Annotations:
    """The annotations whose name begins or ends with one of these, by name."""
    data = bytes(raw)
    if data in NULLS or not any(part.encode() in data for part in parts):
        return ()
    found = msgspec.json.decode(data, type=dict[str, str | None])
    return tuple((name, value) for name, value in sorted(found.items()) if value is not None and matches(name, parts))


def without_ignore(annotations: Annotations) -> Annotations:
    """What a reader found, without the annotation that every object may have."""
    return annotations[1:] if annotations and annotations[0][0] == IGNORE_ANNOTATION else annotations
