"""Dual-stack clusters of any size, computed: the same numbers give the same cluster, object by object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from dsview.kinds.decode import decode
from dsview.kinds.kind import Kind
from dsview.sources.events import Changed, Health, Item, SourceEvent, StatusChanged

STARTED = "2026-01-01T00:00:00Z"
READY = "2026-01-01T00:01:00Z"
Json = dict[str, Any]


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects a cluster has."""

    pods: int = 150_000
    nodes: int = 5_000
    services: int = 10_000
    slices: int = 15_000

    @property
    def pods_of_service(self) -> int:
        """Pods behind each Service."""
        return max(1, self.pods // self.services)

    @property
    def dual_services(self) -> int:
        """The first so many Services have two families, hence two slices."""
        return min(self.services, max(0, self.slices - self.services))


LARGEST = Size()
"""Kubernetes' published limits."""


def size_of(pods: int) -> Size:
    """A cluster with this many pods, and everything else in proportion to the largest one."""
    share = pods / LARGEST.pods
    return Size(
        pods=pods,
        nodes=max(2, round(LARGEST.nodes * share)),
        services=max(2, round(LARGEST.services * share)),
        slices=max(3, round(LARGEST.slices * share)),
    )


def namespace_of(service: int) -> str:
    """Each namespace holds twenty Services."""
    return f"team-{service // 20}"


def v4(number: int) -> str:
    """An IPv4 address of pods."""
    return f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def meta(name: str, uid: str, number: int, **more: Any) -> Json:
    """The metadata that every object has."""
    return {"name": name, "uid": uid, "resourceVersion": str(number + 1), "creationTimestamp": STARTED, **more}


def node(number: int, size: Size) -> Json:
    """A Node that gives its pods a range of each family."""
    first = number * 32
    addresses = [
        {"type": "InternalIP", "address": f"192.168.{number >> 8}.{number & 255}"},
        {"type": "InternalIP", "address": f"fd00:2::{number + 1:x}"},
        {"type": "Hostname", "address": f"node-{number}"},
    ]
    return {
        "metadata": meta(f"node-{number}", f"n-{number}", number, labels={"kubernetes.io/os": "linux"}),
        "spec": {"podCIDR": f"{v4(first)}/27", "podCIDRs": [f"{v4(first)}/27", f"fd00:1:{number + 1:x}::/64"]},
        "status": {
            "addresses": addresses,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": READY}],
            "nodeInfo": {"kubeletVersion": "v1.35.2", "operatingSystem": "linux"},
        },
    }


def addresses(number: int, size: Size) -> tuple[str, str]:
    """The addresses of a pod, in its node's ranges."""
    on, at = number % size.nodes, number // size.nodes
    return v4(on * 32 + at % 32), f"fd00:1:{on + 1:x}::{at + 1:x}"


def pod(number: int, size: Size, *, ready: bool = True, version: int = 0, padding: str = "") -> Json:
    """A healthy dual-stack Pod. `padding` stands for everything that dsview does not read."""
    service = number % size.services
    on = number % size.nodes
    first, second = addresses(number, size)
    host = f"192.168.{on >> 8}.{on & 255}"
    name = f"app-{service}"
    owner = {"kind": "ReplicaSet", "name": f"{name}-5d4f8", "uid": f"r-{service}", "controller": True}
    labels = {"app": name, "pod-template-hash": "5d4f8", "team": namespace_of(service)}
    return {
        "metadata": meta(
            f"{name}-5d4f8-{number:05x}",
            f"00000000-0000-4000-8000-{number:012x}",
            number + version,
            namespace=namespace_of(service),
            labels=labels,
            ownerReferences=[owner],
            annotations={"example.test/padding": padding} if padding else {},
        ),
        "spec": {
            "nodeName": f"node-{on}",
            "dnsPolicy": "ClusterFirst",
            "containers": [
                {
                    "name": "app",
                    "image": f"registry.test/{name}:1",
                    "ports": [{"name": "http", "containerPort": 8080}],
                    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
                }
            ],
        },
        "status": {
            "phase": "Running",
            "podIP": first,
            "podIPs": [{"ip": first}, {"ip": second}],
            "hostIP": host,
            "hostIPs": [{"ip": host}, {"ip": f"fd00:2::{on + 1:x}"}],
            "startTime": STARTED,
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": STARTED},
                {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": READY},
            ],
        },
    }


def service(number: int, size: Size) -> Json:
    """A Service that selects its pods; the first ones have both families."""
    dual = number < size.dual_services
    ips = [f"10.96.{number >> 8}.{number & 255}", f"fd00:96::{number + 1:x}"][: 2 if dual else 1]
    return {
        "metadata": meta(f"app-{number}", f"s-{number}", number, namespace=namespace_of(number)),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": ips[0],
            "clusterIPs": ips,
            "ipFamilies": ["IPv4", "IPv6"][: len(ips)],
            "ipFamilyPolicy": "PreferDualStack" if dual else "SingleStack",
            "selector": {"app": f"app-{number}"},
            "ports": [{"port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
        "status": {"loadBalancer": {}},
    }


def endpoint_slice(number: int, size: Size) -> Json:
    """The IPv4 slice of a Service; after those, the IPv6 slice of a dual-stack one."""
    family = "IPv4" if number < size.services else "IPv6"
    of = number % size.services
    numbers = range(of, size.pods, size.services)
    return {
        "metadata": meta(
            f"app-{of}-{family.lower()}",
            f"e-{number}",
            number,
            namespace=namespace_of(of),
            labels={
                "kubernetes.io/service-name": f"app-{of}",
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
        ),
        "addressType": family,
        "endpoints": [
            {
                "addresses": [addresses(n, size)[0 if family == "IPv4" else 1]],
                "conditions": {"ready": True},
                "nodeName": f"node-{n % size.nodes}",
                "targetRef": {
                    "kind": "Pod",
                    "namespace": namespace_of(of),
                    "name": f"app-{of}-5d4f8-{n:05x}",
                    "uid": f"00000000-0000-4000-8000-{n:012x}",
                },
            }
            for n in numbers
        ],
    }


def encoded(value: Json) -> bytes:
    """As the API server writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


_SERVICE_CIDR = {"metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.96.0.0/16", "fd00:96::/112"]}}


def objects(size: Size) -> Iterator[tuple[Kind, Item]]:
    """Every object of a cluster as dsview keeps it, the pods last."""
    yield Kind.SERVICE_CIDR, decode(Kind.SERVICE_CIDR, encoded(_SERVICE_CIDR))
    makers = (
        (Kind.NODE, node, size.nodes),
        (Kind.SERVICE, service, size.services),
        (Kind.ENDPOINT_SLICE, endpoint_slice, size.services + size.dual_services),
        (Kind.POD, pod, size.pods),
    )
    for kind, make, count in makers:
        for number in range(count):
            yield kind, decode(kind, encoded(make(number, size)))


def events(size: Size, batch: int = 500) -> Iterator[SourceEvent]:
    """What a source would send: all objects in batches, then that every kind is known."""
    waiting: list[Item] = []
    last: Kind | None = None
    for kind, item in objects(size):
        if waiting and last is not None and (kind is not last or len(waiting) == batch):
            yield Changed(last, waiting)
            waiting = []
        last = kind
        waiting.append(item)
    if last is not None:
        yield Changed(last, waiting)
    yield from (StatusChanged(kind=kind, health=Health.LIVE) for kind in Kind)
