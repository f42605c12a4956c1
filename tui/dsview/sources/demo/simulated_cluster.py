"""The running cluster of a demo: its manifests, and the objects that controllers derive from them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsview.core.address import FAMILIES, V4, family_of
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.sources.demo.description import Description, Json, WorkloadShorthand, seconds
from dsview.sources.demo.manifests import PodFactory, manifest, node, ready_condition, rfc3339, service, suffix, uid

Id = tuple[Kind, Key]
_DERIVED = (Kind.ENDPOINT_SLICE, Kind.ENDPOINTS, Kind.IP_ADDRESS)
_CLUSTER_AGE = "210d"


class Replica(msgspec.Struct):
    """A replica of a workload: the name of its current pod, and the number of earlier pods."""

    pod: str
    generation: int = 0


class SimulatedCluster:
    """All manifests by kind and key. The methods change them, and `changes` returns the changes since its last call.

    EndpointSlices, Endpoints and IPAddresses are not in the description: they are derived from Services and Pods, as in
    a control plane. All ages are relative to `start`, in epoch seconds.
    """

    def __init__(self, description: Description, start: float) -> None:
        self._pods = PodFactory(description.nodes)
        self._objects: dict[Id, Json] = {}
        self._sent: dict[Id, Json] = {}
        self._version = 120_000
        self._workloads = {f"{w.namespace}/{w.name}": w for w in description.workloads}
        self._replicas: dict[str, list[Replica]] = {}
        self._start = start
        for shorthand in description.nodes:
            self.put(node(shorthand, description.version, start))
        for workload in description.workloads:
            self._start_workload(workload)
        for item in description.services:
            self.put(service(item, start))
        self.put(self._service_cidr(description.service_cidrs))
        for plain in description.objects:
            self.put(self._manifest_of(plain))

    def _start_workload(self, workload: WorkloadShorthand) -> None:
        replicas = self._replicas[f"{workload.namespace}/{workload.name}"] = []
        for i in range(len(self._pods.nodes_of(workload))):
            # In a rollout, replicas start one after another.
            created = self._start - seconds(workload.age) + 40 * i
            families = (V4,) if i in workload.from_before else self._pods.current_families(workload, i)
            pod = self._pods.pod(workload, i, 0, created, families)
            replicas.append(Replica(pod["metadata"]["name"]))
            self.put(pod)

    def _service_cidr(self, cidrs: list[str]) -> Json:
        created = self._start - seconds(_CLUSTER_AGE)
        return manifest(
            Kind.SERVICE_CIDR,
            created,
            {"name": "kubernetes"},
            spec={"cidrs": cidrs},
            status={"conditions": [ready_condition(ready=True, since=created)]},
        )

    def _manifest_of(self, plain: Json) -> Json:
        kind = Kind(plain["kind"])
        metadata = {key: value for key, value in plain["metadata"].items() if key != "age"}
        body = {key: value for key, value in plain.items() if key not in {"kind", "metadata"}}
        created = self._start - seconds(plain["metadata"].get("age", _CLUSTER_AGE))
        return manifest(kind, created, metadata, **body)

    def get(self, kind: Kind, key: Key) -> Json | None:
        """The current manifest of an object."""
        return self._objects.get((kind, key))

    def put(self, item: Json) -> None:
        """Add or replace an object, with the next resourceVersion."""
        self._version += 1
        metadata = item["metadata"]
        key = (str(metadata.get("namespace", "")), str(metadata["name"]))
        stamped = {**metadata, "resourceVersion": str(self._version)}
        self._objects[(Kind(item["kind"]), key)] = {**item, "metadata": stamped}

    def delete(self, kind: Kind, key: Key) -> None:
        """Delete an object."""
        self._objects.pop((kind, key), None)

    def merge(self, kind: Kind, key: Key, patch: Json) -> None:
        """Apply a JSON merge patch (RFC 7396) to an object."""
        self.put(_merged(self._objects[(kind, key)], patch))

    def pod_of(self, workload: str, replica: int) -> Key:
        """The current pod of a replica. `workload` is namespace/name."""
        return (workload.partition("/")[0], self._replicas[workload][replica].pod)

    def begin_restart(self, workload: str, replica: int, now: float) -> None:
        """Mark the pod of a replica for deletion. Its successor is pending until its sandbox is created."""
        state, shorthand = self._replicas[workload][replica], self._workloads[workload]
        self.merge(Kind.POD, self.pod_of(workload, replica), {"metadata": {"deletionTimestamp": rfc3339(now + 30)}})
        state.generation += 1
        if shorthand.kind in {"StatefulSet", "Static"}:
            return
        pod = self._successor(workload, replica, now)
        pod["status"] = {
            "phase": "Pending",
            "conditions": [ready_condition(ready=False, since=now)],
            "hostIP": pod["status"]["hostIP"],
            "hostIPs": pod["status"]["hostIPs"],
            "startTime": pod["status"]["startTime"],
        }
        self.put(pod)

    def end_restart(self, workload: str, replica: int, now: float) -> None:
        """Delete the old pod; the new one is ready."""
        self.delete(Kind.POD, self.pod_of(workload, replica))
        pod = self._successor(workload, replica, now)
        self._replicas[workload][replica].pod = pod["metadata"]["name"]
        self.put(pod)

    def _successor(self, workload: str, replica: int, now: float) -> Json:
        shorthand = self._workloads[workload]
        families = self._pods.current_families(shorthand, replica)
        return self._pods.pod(shorthand, replica, self._replicas[workload][replica].generation, now, families)

    def set_ready(self, kind: Kind, key: Key, *, ready: bool, now: float) -> None:
        """Change the Ready condition of a Node or a Pod."""
        self.merge(kind, key, {"status": {"conditions": [ready_condition(ready=ready, since=now)]}})

    def pods_on(self, node_name: str) -> list[Key]:
        """The pods of a node."""
        return [key for (kind, key), item in self._objects.items() if kind is Kind.POD and _on(item, node_name)]

    def changes(self) -> tuple[dict[Kind, list[Json]], dict[Kind, list[Key]]]:
        """New and changed objects since the last call, and the keys of deleted ones, by kind."""
        self._derive()
        upserts: dict[Kind, list[Json]] = {}
        deletes: dict[Kind, list[Key]] = {}
        for (kind, key), item in self._objects.items():
            if self._sent.get((kind, key)) is not item:
                upserts.setdefault(kind, []).append(item)
        for kind, key in self._sent.keys() - self._objects.keys():
            deletes.setdefault(kind, []).append(key)
        self._sent = dict(self._objects)
        return upserts, deletes

    def _derive(self) -> None:
        wanted: dict[Id, Json] = {}
        for (kind, key), item in list(self._objects.items()):
            if kind is Kind.SERVICE:
                for derived in self._derived_from(key, item):
                    metadata = derived["metadata"]
                    wanted[(Kind(derived["kind"]), (metadata.get("namespace", ""), metadata["name"]))] = derived
        # Objects without the managed-by label are part of the description, such as those of default/kubernetes.
        for kind, key in [i for i in self._objects if i[0] in _DERIVED and i not in wanted]:
            if _is_derived(self._objects[(kind, key)]):
                self.delete(kind, key)
        for i, derived in wanted.items():
            old = self._objects.get(i)
            if old is None or not _same(old, derived):
                self.put(derived)

    def _derived_from(self, key: Key, item: Json) -> Iterator[Json]:
        spec = item["spec"]
        created = self._start - seconds(_CLUSTER_AGE)
        for ip in spec.get("clusterIPs", ()):
            if ip != "None":
                parent = {"group": "", "resource": "services", "namespace": key[0], "name": key[1]}
                yield manifest(
                    Kind.IP_ADDRESS,
                    created,
                    {
                        "name": ip,
                        "labels": {
                            "ipaddress.kubernetes.io/ip-family": family_of(ip),
                            "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
                        },
                    },
                    spec={"parentRef": parent},
                )
        selector = spec.get("selector")
        if not selector:
            return
        pods = [
            p for (kind, k), p in self._objects.items() if kind is Kind.POD and k[0] == key[0] and _has(p, selector)
        ]
        for family in FAMILIES:
            if family in spec["ipFamilies"]:
                yield self._slice(key, item, family, pods)
        first = spec["ipFamilies"][0]
        addresses = [{"ip": ip} for p in pods if _is_ready(p) for ip in _ips(p) if family_of(ip) == first]
        subsets = [{"addresses": addresses}] if addresses else []
        yield manifest(Kind.ENDPOINTS, created, _endpoints_metadata(key), subsets=subsets)

    def _slice(self, key: Key, item: Json, family: str, pods: list[Json]) -> Json:
        endpoints = [
            {
                "addresses": [ip],
                "conditions": {"ready": _is_ready(pod), "serving": _is_ready(pod), "terminating": _is_leaving(pod)},
                "nodeName": pod["spec"]["nodeName"],
                "targetRef": {
                    "kind": "Pod",
                    "namespace": key[0],
                    "name": pod["metadata"]["name"],
                    "uid": pod["metadata"]["uid"],
                },
            }
            for pod in pods
            for ip in _ips(pod)
            if family_of(ip) == family
        ]
        owner = {"apiVersion": "v1", "kind": "Service", "name": key[1], "controller": True}
        metadata = {
            "name": f"{key[1]}-{suffix(f'{key[0]}/{key[1]}/{family}')}",
            "namespace": key[0],
            "labels": {
                "kubernetes.io/service-name": key[1],
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [{**owner, "uid": uid("Service", *key)}],
        }
        ports = [
            {"name": p["name"], "protocol": p["protocol"], "port": _number(p, pods)} for p in item["spec"]["ports"]
        ]
        # A family without endpoints has a placeholder slice, which the API server sends with nulls.
        return manifest(
            Kind.ENDPOINT_SLICE,
            self._start - seconds(_CLUSTER_AGE),
            metadata,
            addressType=family,
            endpoints=endpoints or None,
            ports=ports if endpoints else None,
        )


def _endpoints_metadata(key: Key) -> Json:
    marks = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    return {"name": key[1], "namespace": key[0], "labels": marks}


def _is_derived(item: Json) -> bool:
    labels = item["metadata"].get("labels", {})
    return any(mark.endswith("kubernetes.io/managed-by") for mark in labels)


def _same(old: Json, new: Json) -> bool:
    """Whether two manifests are equal apart from the resourceVersion."""
    metadata = {key: value for key, value in old["metadata"].items() if key != "resourceVersion"}
    return {**old, "metadata": metadata} == new


def _merged(target: Json, patch: Json) -> Json:
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result


def _on(pod: Json, node_name: str) -> bool:
    return bool(pod["spec"]["nodeName"] == node_name)


def _has(pod: Json, selector: dict[str, str]) -> bool:
    labels = pod["metadata"]["labels"]
    return all(labels.get(key) == value for key, value in selector.items())


def _ips(pod: Json) -> list[str]:
    return [entry["ip"] for entry in pod["status"].get("podIPs", ())]


def _is_leaving(pod: Json) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _is_ready(pod: Json) -> bool:
    return not _is_leaving(pod) and any(c["status"] == "True" for c in pod["status"]["conditions"])


def _number(port: Json, pods: list[Json]) -> int:
    """The port number that a Service port forwards to."""
    target = port["targetPort"]
    declared = (p for pod in pods for p in pod["spec"]["containers"][0].get("ports", ()))
    named = next((int(p["containerPort"]) for p in declared if p["name"] == target), int(port["port"]))
    return target if isinstance(target, int) else named
