"""The format of scenario files: a small cluster in shorthand, and what happens to it. `manifests` expands it."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import msgspec

Json = dict[str, Any]
"""A Kubernetes manifest, or a part of one."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> int:
    """A duration such as `8s`, `5m` or `41d`, in seconds. Raises `ValueError` for anything else."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration")
    return int(match.group(1)) * _UNITS[match.group(2)]


class _Shorthand(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The base class: camelCase as in manifests; unknown fields are errors."""


class NodeShorthand(_Shorthand, frozen=True, kw_only=True):
    """A ready Node. `pod_cidrs` and `addresses` (InternalIPs) are in the Node's own order."""

    name: str
    addresses: list[str]
    pod_cidrs: list[str]
    control_plane: bool = False
    age: str = "210d"


class WorkloadShorthand(_Shorthand, frozen=True, kw_only=True):
    """A Deployment, DaemonSet or StatefulSet, of which only the pods are created; `Static` is a static pod.

    `nodes` has one entry for each replica; without it, every node has a pod. `from_before` lists the replicas, counted
    from 0, that started when the cluster had only IPv4; the others have all current families of their node.
    """

    namespace: str
    name: str
    image: str
    kind: str = "Deployment"
    container: str = ""
    nodes: list[str] = []
    from_before: list[int] = []
    labels: dict[str, str] = {}
    ports: dict[str, int] = {}
    args: list[str] = []
    env: dict[str, str] = {}
    probe: str = ""
    host_network: bool = False
    dns_policy: str = "ClusterFirst"
    age: str = "60d"


class ServiceShorthand(_Shorthand, frozen=True, kw_only=True):
    """A Service. Its families follow from `cluster_ips`; a headless Service (`None`) specifies `families`.

    `ports` are written as `name: "80:http/UDP"`: port, target and, unless it is TCP, the protocol. `ingress` contains
    the addresses of the load balancer.
    """

    namespace: str
    name: str
    cluster_ips: list[str]
    families: list[str] = []
    policy: str = "SingleStack"
    type: str = "ClusterIP"
    selector: dict[str, str] = {}
    ports: dict[str, str] = {}
    ingress: list[str] = []
    external_traffic_policy: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    age: str = "60d"


class Restart(_Shorthand, frozen=True, kw_only=True):
    """A pod is deleted, and its workload creates a new one that is ready a few seconds later.

    `replica` counts from 0. The new pod has all current families of its node.
    """

    namespace: str
    workload: str
    replica: int = 0


class Rewrite(_Shorthand, frozen=True, kw_only=True):
    """nginx in a controller replica restarts with another configuration; the container is not ready meanwhile."""

    namespace: str
    workload: str
    replica: int = 0
    conf: str


class Patch(_Shorthand, frozen=True, kw_only=True):
    """A JSON merge patch (RFC 7396) of one object."""

    kind: str
    name: str
    namespace: str = ""
    merge: Json


class NodeCondition(_Shorthand, frozen=True, kw_only=True):
    """A Node becomes ready or not ready, and so do its pods."""

    name: str
    ready: bool


class Step(_Shorthand, frozen=True, kw_only=True):
    """A step of the story. `at` is the time since the start."""

    at: str
    restart: Restart | None = None
    rewrite: Rewrite | None = None
    patch: Patch | None = None
    node: NodeCondition | None = None


class Description(_Shorthand, frozen=True, kw_only=True):
    """A scenario. `objects` are plain manifests; `metadata.age` determines their creation time.

    `nginx` contains the templates for the nginx.conf of controller pods: by namespace/workload, one for each replica.
    `nginx_hosts` are the server names in them.
    """

    version: str
    service_cidrs: list[str]
    nodes: list[NodeShorthand]
    workloads: list[WorkloadShorthand]
    services: list[ServiceShorthand]
    objects: list[Json] = []
    nginx: dict[str, list[str]] = {}
    nginx_hosts: list[str] = []
    story: list[Step] = []


def load(name: str) -> Description:
    """The scenario file with this name in this package."""
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=Description)
