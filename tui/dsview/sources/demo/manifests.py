"""Expands the shorthand of a scenario to manifests like those of an API server. The result is always the same."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

import netaddr

from dsview.core.address import Family, families_of, family_of
from dsview.core.cidr import cidr_families
from dsview.core.ports import port_number
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.sources.demo.description import (
    Json,
    NodeShorthand,
    ServiceShorthand,
    WorkloadShorthand,
    seconds,
)

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""The characters of generated names (kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/util/rand)."""

STARTUP = 3
"""Seconds from the creation of a demo pod to its readiness."""


def rfc3339(moment: float) -> str:
    """Epoch seconds in the time format of the API."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def suffix(seed: str, length: int = 5) -> str:
    """The suffix of a generated name. The same seed gives the same suffix."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])


def uid(*seed: str) -> str:
    """A uid. The same seed gives the same uid."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("dsview-demo", *seed))))


def manifest(kind: Kind, created: float, metadata: Json, **body: object) -> Json:
    """An object with the fields that the API server adds: kind, apiVersion, uid, creation time."""
    resource = RESOURCES[kind]
    version = resource.versions[0]
    seed = (kind.value, str(metadata.get("namespace", "")), str(metadata["name"]))
    return {
        "apiVersion": f"{resource.group}/{version}" if resource.group else version,
        "kind": kind.value,
        "metadata": {**metadata, "creationTimestamp": rfc3339(created), "uid": uid(*seed)},
        **body,
    }


def node(item: NodeShorthand, version: str, start: float) -> Json:
    """A Node that has been ready since its creation."""
    created = start - seconds(item.age)
    labels = {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": item.name, "kubernetes.io/os": "linux"}
    spec: Json = {"podCIDR": item.pod_cidrs[0], "podCIDRs": item.pod_cidrs}
    if item.control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
        spec["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    addresses = [{"type": "InternalIP", "address": text} for text in item.addresses]
    return manifest(
        Kind.NODE,
        created,
        {"name": item.name, "labels": labels},
        spec=spec,
        status={
            "addresses": [*addresses, {"type": "Hostname", "address": item.name}],
            "conditions": [ready_condition(ready=True, since=created + 30)],
            "nodeInfo": {"kubeletVersion": version, "operatingSystem": "linux", "architecture": "amd64"},
        },
    )


def ready_condition(*, ready: bool, since: float) -> Json:
    """The Ready condition of a Node or a Pod."""
    return {"type": "Ready", "status": str(ready), "lastTransitionTime": rfc3339(since)}


def service(item: ServiceShorthand, start: float) -> Json:
    """A Service with the fields that the API server sets."""
    headless = item.cluster_ips == ["None"]
    families = item.families or list(families_of(tuple(item.cluster_ips)))
    spec: Json = {
        "type": item.type,
        "clusterIP": item.cluster_ips[0],
        "clusterIPs": item.cluster_ips,
        "ipFamilies": families,
        "ipFamilyPolicy": item.policy,
        "internalTrafficPolicy": "Cluster",
        "sessionAffinity": "None",
        "ports": [_service_port(name, text, item, headless=headless) for name, text in item.ports.items()],
    }
    if item.selector:
        spec["selector"] = item.selector
    if item.type == "LoadBalancer":
        spec["allocateLoadBalancerNodePorts"] = True
        spec["externalTrafficPolicy"] = item.external_traffic_policy or "Cluster"
    balancer = {"ingress": [{"ip": ip, "ipMode": "VIP"} for ip in item.ingress]} if item.ingress else {}
    metadata: Json = {"name": item.name, "namespace": item.namespace}
    for field in ("labels", "annotations"):
        if getattr(item, field):
            metadata[field] = getattr(item, field)
    return manifest(Kind.SERVICE, start - seconds(item.age), metadata, spec=spec, status={"loadBalancer": balancer})


def _service_port(name: str, text: str, item: ServiceShorthand, *, headless: bool) -> Json:
    numbers, _, protocol = text.partition("/")
    port, _, target = numbers.partition(":")
    value: Json = {"name": name, "protocol": protocol or "TCP", "port": int(port)}
    value["targetPort"] = port_number(target) or target or int(port)
    if item.type in {"NodePort", "LoadBalancer"} and not headless:
        value["nodePort"] = 30_000 + int(uid(item.namespace, item.name, name)[:8], 16) % 2768
    return value


class PodFactory:
    """Creates the pods of workloads, and allocates their addresses."""

    def __init__(self, nodes: Iterable[NodeShorthand]) -> None:
        self._nodes = {item.name: item for item in nodes}
        self._next = dict.fromkeys(self._nodes, 2)

    def nodes_of(self, workload: WorkloadShorthand) -> list[str]:
        """The node of each replica."""
        return workload.nodes or list(self._nodes)

    def pod(
        self, workload: WorkloadShorthand, replica: int, generation: int, created: float, families: tuple[Family, ...]
    ) -> Json:
        """A ready pod. `generation` is the number of earlier pods of the replica."""
        on = self.nodes_of(workload)[replica]
        name, owner, labels = _identity(workload, replica, generation, on)
        host_ips = self._nodes[on].addresses
        ips = (
            [ip for ip in host_ips if family_of(ip) in families]
            if workload.host_network
            else self._allocate(on, families)
        )
        metadata: Json = {"name": name, "namespace": workload.namespace, "labels": labels, "ownerReferences": [owner]}
        made = manifest(
            Kind.POD,
            created,
            metadata,
            spec={
                "containers": [_container(workload)],
                "nodeName": on,
                "dnsPolicy": workload.dns_policy,
                "restartPolicy": "Always",
                **({"hostNetwork": True} if workload.host_network else {}),
            },
            status={
                "phase": "Running",
                "conditions": [ready_condition(ready=True, since=created + STARTUP)],
                "hostIP": host_ips[0],
                "hostIPs": [{"ip": ip} for ip in host_ips],
                "podIP": ips[0],
                "podIPs": [{"ip": ip} for ip in ips],
                "startTime": rfc3339(created),
            },
        )
        made["metadata"]["uid"] = uid("Pod", workload.namespace, name, str(generation))
        return made

    def current_families(self, workload: WorkloadShorthand, replica: int) -> tuple[Family, ...]:
        """The families of a pod that starts now."""
        on = self._nodes[self.nodes_of(workload)[replica]]
        return families_of(tuple(on.addresses)) if workload.host_network else cidr_families(on.pod_cidrs)

    def _allocate(self, on: str, families: tuple[Family, ...]) -> list[str]:
        number = self._next[on]
        self._next[on] = number + 1
        ranges = [netaddr.IPNetwork(text) for text in self._nodes[on].pod_cidrs]
        return [str(r[number]) for r in ranges if ("IPv4" if r.version == 4 else "IPv6") in families]


def _identity(workload: WorkloadShorthand, replica: int, generation: int, on: str) -> tuple[str, Json, dict[str, str]]:
    """The name of a pod, its owner and its labels."""
    labels = dict(workload.labels or {"app.kubernetes.io/name": workload.name})
    seed = f"{workload.namespace}/{workload.name}/{replica}/{generation}"
    owner_kind, owner_name = workload.kind, workload.name
    match workload.kind:
        case "Deployment":
            revision = suffix(f"{workload.namespace}/{workload.name}", 10)
            labels["pod-template-hash"] = revision
            owner_kind, owner_name = "ReplicaSet", f"{workload.name}-{revision}"
            name = f"{owner_name}-{suffix(seed)}"
        case "DaemonSet":
            labels["controller-revision-hash"] = suffix(f"{workload.namespace}/{workload.name}", 10)
            name = f"{workload.name}-{suffix(seed)}"
        case "StatefulSet":
            labels["apps.kubernetes.io/pod-index"] = str(replica)
            name = f"{workload.name}-{replica}"
        case _:
            name, owner_kind, owner_name = f"{workload.name}-{on}", "Node", on
    version = "v1" if owner_kind == "Node" else "apps/v1"
    owner = {"apiVersion": version, "kind": owner_kind, "name": owner_name, "controller": True}
    return name, {**owner, "uid": uid(owner_kind, workload.namespace, owner_name)}, labels


def _container(workload: WorkloadShorthand) -> Json:
    container: Json = {"name": workload.container or workload.name, "image": workload.image}
    if workload.args:
        container["args"] = workload.args
    if workload.env:
        container["env"] = [{"name": name, "value": value} for name, value in workload.env.items()]
    if workload.ports:
        container["ports"] = [
            {"name": name, "containerPort": port, "protocol": "UDP" if name == "dns" else "TCP"}
            for name, port in workload.ports.items()
        ]
    if workload.probe:
        path, _, port = workload.probe.rpartition(":")
        container["readinessProbe"] = {"httpGet": {"path": path, "port": port}, "periodSeconds": 10}
    return container
