"""The shape of a scenario file: a small cluster in shorthand, and what happens to it. `manifests` writes it out."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import msgspec

Json = dict[str, Any]
"""A Kubernetes manifest, or a part of one."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> int:
    """A length of time such as `8s`, `5m` or `41d`, in seconds. Raises `ValueError` for anything else."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is no length of time")
    return int(match.group(1)) * _UNITS[match.group(2)]


class _Shorthand(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base: camelCase as in manifests, and a misspelt field is an error."""


class NodeShorthand(_Shorthand, frozen=True, kw_only=True):
    """A Node, ready. `pod_cidrs` and `addresses` (InternalIPs) in the Node's own order."""

    name: str
    addresses: list[str]
    pod_cidrs: list[str]
    control_plane: bool = False
    age: str = "210d"


class WorkloadShorthand(_Shorthand, frozen=True, kw_only=True):
    """A Deployment, DaemonSet or StatefulSet, of which only the pods are written; `Static` is the kubelet's own pod.

    `nodes` has one entry for each replica; without it there is a pod on every node. `from_before` counts the replicas,
    from 0, that started while there was only IPv4; the others have every family that their node gives today.
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
    """A Service. Families follow from `cluster_ips`; a headless one (`None`) names its `families`.

    `ports` are `name: "80:http/UDP"`: port, target and, unless TCP, the protocol. `ingress` are the addresses of its
    load balancer.
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
    """A pod is deleted and its workload makes another, which is ready some seconds later.

    `replica` counts from 0. The new pod has every family that its node gives today.
    """

    namespace: str
    workload: str
    replica: int = 0


class Rewrite(_Shorthand, frozen=True, kw_only=True):
    """nginx of a controller replica starts anew with another file; the container is not ready while it does."""

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
    """A Node becomes ready, or ceases to be; so do its pods."""

    name: str
    ready: bool


class Step(_Shorthand, frozen=True, kw_only=True):
    """What happens `at` a time after the start."""

    at: str
    restart: Restart | None = None
    rewrite: Rewrite | None = None
    patch: Patch | None = None
    node: NodeCondition | None = None


class Description(_Shorthand, frozen=True, kw_only=True):
    """A scenario. `objects` are plain manifests; `metadata.age` stands for the time of their creation.

    `nginx` names the template of each controller pod's nginx.conf: by namespace/workload, one for each replica.
    `nginx_hosts` are the server names in it.
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
    """The scenario file of that name in this package."""
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=Description)
