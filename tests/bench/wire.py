"""The bytes of a synthetic cluster as an API server of 1.36 sends them: with managedFields and all that nobody reads.

Pods are of 8 kB. The resourceVersion has ten digits, so that an event can be made from an object by replacing bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dsview.kinds.kind import Kind
from tests.bench import synthetic
from tests.bench.synthetic import Json, Size

FIRST_VERSION = 1_000_000_000
"""The resourceVersion of the first object; those of events are greater than any object's."""

READY = b'"type":"Ready","observedGeneration":1,"status":"True"'
NOT_READY = b'"type":"Ready","observedGeneration":1,"status":"False"'
ENDS_INITIAL_EVENTS = b"k8s.io/initial-events-end"

API_VERSIONS = {
    Kind.SERVICE: "v1",
    Kind.NODE: "v1",
    Kind.POD: "v1",
    Kind.CONFIG_MAP: "v1",
    Kind.ENDPOINT_SLICE: "discovery.k8s.io/v1",
    Kind.SERVICE_CIDR: "networking.k8s.io/v1",
    Kind.IP_ADDRESS: "networking.k8s.io/v1",
    Kind.INGRESS: "networking.k8s.io/v1",
    Kind.INGRESS_CLASS: "networking.k8s.io/v1",
    Kind.NETWORK_POLICY: "networking.k8s.io/v1",
}
"""The kinds of which a cluster has objects."""

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def _fields(*names: str, **inner: Json) -> Json:
    return {**{f"f:{name}": {} for name in names}, **{f"f:{name}": value for name, value in inner.items()}}


def _managed(manager: str, fields: Json, *, subresource: str = "") -> Json:
    entry: Json = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": synthetic.READY,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return entry | ({"subresource": subresource} if subresource else {})


def _container_fields(name: str) -> Json:
    ports = {".": {}, 'k:{"containerPort":8080,"protocol":"TCP"}': {".": {}, **_fields("containerPort", "name")}}
    probe = _fields("failureThreshold", "periodSeconds", "successThreshold", "timeoutSeconds")
    probe |= _fields(httpGet={".": {}, **_fields("path", "port", "scheme")})
    variables = {".": {}, **{f'k:{{"name":"SETTING_{n}"}}': {".": {}, **_fields("name", "value")} for n in range(9)}}
    inner = {"ports": ports, "env": variables, "readinessProbe": probe, "livenessProbe": probe}
    inner["resources"] = {".": {}, **_fields(limits=_fields("cpu", "memory"), requests=_fields("cpu", "memory"))}
    names = ("image", "imagePullPolicy", "name", "terminationMessagePath", "terminationMessagePolicy")
    return {f'k:{{"name":"{name}"}}': {".": {}, **_fields(*names, **inner)}}


_SPEC_FIELDS = _fields(
    "dnsPolicy",
    "enableServiceLinks",
    "restartPolicy",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
    containers=_container_fields("app"),
)
_CONDITION_FIELDS = {
    f'k:{{"type":"{name}"}}': {
        ".": {},
        **_fields("lastProbeTime", "lastTransitionTime", "observedGeneration", "status", "type"),
    }
    for name in _CONDITIONS
}
_PROBE = {
    "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
    "initialDelaySeconds": 5,
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_TOLERATIONS = [
    {
        "key": f"node.kubernetes.io/{why}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    for why in ("not-ready", "unreachable")
]
_TOKEN_SOURCES = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
        }
    },
]


def pod(number: int, size: Size) -> Json:
    """A Pod of a Deployment, of about 8 kB."""
    made = synthetic.pod(number, size)
    meta, spec, status = made["metadata"], made["spec"], made["status"]
    image = spec["containers"][0]["image"]
    unique = f"{number:05x}"
    owner = meta["ownerReferences"][0]
    meta["generateName"] = meta["name"][: -len(unique)]
    meta["annotations"] = {
        "kubectl.kubernetes.io/restartedAt": synthetic.STARTED,
        "prometheus.io/scrape": "true",
        "checksum/config": f"{number:064x}",
    }
    meta["ownerReferences"] = [{"apiVersion": "apps/v1", **owner, "blockOwnerDeletion": True}]
    ips: Json = {f'k:{{"ip":"{entry["ip"]}"}}': {".": {}, "f:ip": {}} for entry in status["podIPs"]}
    of_meta = _fields("generateName", labels={".": {}, **_fields(*meta["labels"])})
    of_meta |= _fields(annotations={".": {}, **_fields(*meta["annotations"])})
    of_meta |= _fields(ownerReferences={".": {}, f'k:{{"uid":"{owner["uid"]}"}}': {}})
    names = ("containerStatuses", "hostIP", "hostIPs", "observedGeneration", "phase", "podIP", "resources", "startTime")
    of_status = _fields(*names, conditions=_CONDITION_FIELDS, podIPs={".": {}, **ips})
    meta["managedFields"] = [
        _managed("kube-controller-manager", _fields(metadata=of_meta, spec=_SPEC_FIELDS)),
        _managed("kubelet", _fields(status=of_status), subresource="status"),
    ]
    mount = {
        "name": f"kube-api-access-{unique}",
        "readOnly": True,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    }
    spec["volumes"] = [{"name": mount["name"], "projected": {"sources": _TOKEN_SOURCES, "defaultMode": 420}}]
    spec["containers"][0] |= {
        "env": [{"name": f"SETTING_{n}", "value": f"value-{n}-of-{meta['labels']['app']}"} for n in range(9)],
        "resources": {
            "limits": {"cpu": "500m", "memory": "512Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "volumeMounts": [mount],
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    spec |= {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": _TOLERATIONS,
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    status["observedGeneration"] = 1
    status["conditions"] = [
        {
            "type": name,
            "observedGeneration": 1,
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": synthetic.READY,
        }
        for name in _CONDITIONS
    ]
    status["containerStatuses"] = [
        {
            "name": "app",
            "state": {"running": {"startedAt": synthetic.STARTED}},
            "lastState": {},
            "ready": True,
            "restartCount": 0,
            "image": image,
            "imageID": f"{image.rpartition(':')[0]}@sha256:{number * 7919:064x}",
            "containerID": f"containerd://{number * 104729:064x}",
            "started": True,
            "allocatedResources": {"cpu": "100m", "memory": "128Mi"},
            "resources": spec["containers"][0]["resources"],
            "volumeMounts": [{**mount, "recursiveReadOnly": "Disabled"}],
        }
    ]
    status["qosClass"] = "Burstable"
    return made


def node(number: int, size: Size) -> Json:
    """A Node with the images it has pulled, of about 10 kB."""
    made = synthetic.node(number, size)
    digest = "sha256:" + "0123456789abcdef" * 4
    made["status"]["images"] = [
        {"names": [f"registry.test/app-{n}@{digest}", f"registry.test/app-{n}:1"], "sizeBytes": 123_456_789}
        for n in range(50)
    ]
    return made


def ingress(number: int, size: Size) -> Json:
    """An Ingress of one host for each tenth Service."""
    of = number * 10
    backend = {"service": {"name": f"app-{of}", "port": {"number": 80}}}
    rule = {
        "host": f"app-{of}.example.test",
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    }
    return {
        "metadata": synthetic.meta(f"app-{of}", f"i-{number}", number, namespace=synthetic.namespace_of(of)),
        "spec": {"ingressClassName": "nginx", "rules": [rule]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}, {"ip": "2001:db8::10"}]}},
    }


def ip_address(number: int, size: Size) -> Json:
    """The IPAddress of a Service's IPv4 address; after those, of its IPv6 address."""
    of = number % size.services
    address = synthetic.service(of, size)["spec"]["clusterIPs"][number // size.services]
    name = address if number < size.services else f"fd00-96-0-0-0-0-0-{of + 1:x}".replace(":", "-")
    parent = {"resource": "services", "namespace": synthetic.namespace_of(of), "name": f"app-{of}"}
    return {"metadata": synthetic.meta(name, f"a-{number}", number), "spec": {"parentRef": parent}}


def network_policy(number: int, size: Size) -> Json:
    """One NetworkPolicy for each fortieth Service; it allows both families."""
    of = number * 40
    blocks = [{"ipBlock": {"cidr": cidr}} for cidr in ("10.0.0.0/8", "fd00::/16")]
    return {
        "metadata": synthetic.meta(f"app-{of}", f"np-{number}", number, namespace=synthetic.namespace_of(of)),
        "spec": {"podSelector": {"matchLabels": {"app": f"app-{of}"}}, "ingress": [{"from": blocks}]},
    }


def service_cidr(number: int, size: Size) -> Json:
    """The one that every cluster has."""
    return {
        "metadata": synthetic.meta("kubernetes", "c-0", 0),
        "spec": {"cidrs": ["10.96.0.0/16", "fd00:96::/112"]},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": synthetic.READY}]},
    }


def ingress_class(number: int, size: Size) -> Json:
    """The one that its Ingresses name."""
    return {"metadata": synthetic.meta("nginx", "ic-0", 0), "spec": {"controller": "k8s.io/ingress-nginx"}}


def config_map(number: int, size: Size) -> Json:
    """kube-proxy's."""
    settings = 'mode: ipvs\nclusterCIDR: "10.64.0.0/11,fd00:1::/48"\n'
    return {
        "metadata": synthetic.meta("kube-proxy", "cm-0", 0, namespace="kube-system"),
        "data": {"config.conf": settings},
    }


def objects(kind: Kind, size: Size) -> Iterator[bytes]:
    """Every object of a kind, as JSON."""
    makers: dict[Kind, tuple[Any, int]] = {
        Kind.SERVICE: (synthetic.service, size.services),
        Kind.NODE: (node, size.nodes),
        Kind.POD: (pod, size.pods),
        Kind.CONFIG_MAP: (config_map, 1),
        Kind.ENDPOINT_SLICE: (synthetic.endpoint_slice, size.services + size.dual_services),
        Kind.SERVICE_CIDR: (service_cidr, 1),
        Kind.IP_ADDRESS: (ip_address, size.services + size.dual_services),
        Kind.INGRESS: (ingress, max(1, size.services // 10)),
        Kind.INGRESS_CLASS: (ingress_class, 1),
        Kind.NETWORK_POLICY: (network_policy, max(1, size.services // 40)),
    }
    make, count = makers[kind]
    encode = msgspec.json.Encoder().encode
    # In etcd's order: by namespace and name.
    numbers = sorted(range(count), key=lambda n: _pod_order(n, size)) if kind is Kind.POD else range(count)
    for number in numbers:
        made = make(number, size)
        made["metadata"]["resourceVersion"] = str(FIRST_VERSION + number)
        yield encode({"kind": kind.value, "apiVersion": API_VERSIONS[kind], **made})


def _pod_order(number: int, size: Size) -> tuple[str, str]:
    service = number % size.services
    return (synthetic.namespace_of(service), f"app-{service}-5d4f8-{number:05x}")


def line(event: bytes, item: bytes) -> bytes:
    """A line of a watch."""
    return b'{"type":"%b","object":%b}\n' % (event, item)


def chunk(data: bytes) -> bytes:
    """A chunk of a response: a real API server makes one of each event."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def changed(item: bytes, version: int, *, ready: bool) -> bytes:
    """The Pod after its readiness changed: JSON again. `item` is ready."""
    old = item[item.index(b'"resourceVersion":"') :][:31]
    new = b'"resourceVersion":"%010d"' % version
    item = item.replace(old[: len(new)], new, 1)
    return item if ready else item.replace(READY, NOT_READY, 1)


def bookmark(kind: Kind, version: int, *, ends_initial_events: bool = False) -> bytes:
    """A bookmark's line."""
    more = b',"annotations":{"%b":"true"}' % ENDS_INITIAL_EVENTS if ends_initial_events else b""
    meta = b'"metadata":{"resourceVersion":"%010d","creationTimestamp":null%b}' % (version, more)
    names = f'"kind":"{kind.value}","apiVersion":"{API_VERSIONS.get(kind, "v1")}"'.encode()
    return line(b"BOOKMARK", b"{%b,%b}" % (names, meta))
