"""The inverse of `decode`: an object in Kubernetes' JSON shape, with the fields that dsview keeps and no others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dsview.kinds.annotations import DEFAULT_CLASS_ANNOTATION, IGNORE_ANNOTATION
from dsview.kinds.endpoint_slices import EndpointSlice
from dsview.kinds.kind import RESOURCES, Kind
from dsview.kinds.objects import (
    Condition,
    ConfigMap,
    Container,
    Endpoints,
    Event,
    Ingress,
    IngressClass,
    IPAddress,
    LoadBalancerIngress,
    NetworkPolicy,
    Node,
    Object,
    Pod,
    PolicyRule,
    Service,
    ServiceCIDR,
    WebhookConfiguration,
)

Json = dict[str, Any]


def _time(seconds: int) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None


def _lean(**fields: Any) -> Json:
    """The fields that say something, a zero too, in Kubernetes' spelling (a trailing underscore is dropped)."""
    return {
        key.rstrip("_"): value
        for key, value in fields.items()
        if value or (isinstance(value, int) and not isinstance(value, bool))
    }


def encode(kind: Kind, item: Object) -> Json:
    """The object as a dict that `decode` reads back to an equal one."""
    resource = RESOURCES[kind]
    version = f"{resource.group}/{resource.versions[0]}" if resource.group else resource.versions[0]
    body = _body(item)
    annotations = dict(body.pop("_annotations", ()))
    if item.ignore:
        annotations[IGNORE_ANNOTATION] = item.ignore
    metadata = _lean(
        name=item.name,
        namespace=item.namespace,
        uid=item.uid,
        resourceVersion=item.resource_version,
        creationTimestamp=_time(item.created),
        deletionTimestamp=_time(getattr(item, "deleted", 0)),
        labels=dict(item.labels),
        annotations=annotations,
        ownerReferences=body.pop("_owners", None),
    )
    return {"kind": kind.value, "apiVersion": version, "metadata": metadata, **body}


def _body(item: Object) -> Json:
    match item:
        case Pod():
            return _pod(item)
        case Service():
            return _service(item)
        case EndpointSlice():
            return _endpoint_slice(item)
        case Node():
            return _node(item)
        case ServiceCIDR():
            return {"spec": {"cidrs": list(item.cidrs)}, "status": {"conditions": _conditions(item.conditions)}}
        case IPAddress():
            parent = _lean(resource=item.parent_resource, namespace=item.parent_namespace, name=item.parent_name)
            return {"spec": {"parentRef": parent}}
        case Ingress():
            return _ingress(item)
        case IngressClass():
            marks = {DEFAULT_CLASS_ANNOTATION: "true"} if item.is_default else {}
            return {"_annotations": marks, "spec": _lean(controller=item.controller)}
        case NetworkPolicy():
            return _network_policy(item)
        case WebhookConfiguration():
            calls = [{"namespace": namespace, "name": name} for namespace, name in item.services]
            if item.kind == Kind.API_SERVICE.value:
                return {"spec": {"service": calls[0]} if calls else {}}
            return {"webhooks": [{"clientConfig": {"service": call}} for call in calls]}
        case ConfigMap():
            return {"data": dict(item.data)}
        case Event():
            involved = _lean(kind=item.involved_kind, namespace=item.involved_namespace, name=item.involved_name)
            return _lean(
                reason=item.reason,
                message=item.message,
                involvedObject=involved,
                lastTimestamp=_time(item.last_seen),
            )
        case Endpoints():
            return {"subsets": [{"addresses": [{"ip": ip} for ip in item.addresses]}]}
    raise TypeError(f"no encoding for {type(item).__name__}")


def _conditions(conditions: Iterable[Condition]) -> list[Json]:
    return [_lean(type=c.type, status=c.status, reason=c.reason, lastTransitionTime=_time(c.since)) for c in conditions]


def _ready(*, ready: bool, since: int) -> list[Json]:
    return _conditions([Condition("Ready", "True" if ready else "False", since=since)]) if ready or since else []


def _load_balancer(entries: Iterable[LoadBalancerIngress]) -> Json:
    return {"loadBalancer": _lean(ingress=[_lean(ip=e.ip, hostname=e.hostname, ipMode=e.ip_mode) for e in entries])}


def _service(item: Service) -> Json:
    ports = [
        _lean(name=p.name, protocol=p.protocol, port=p.port, targetPort=p.target_port, nodePort=p.node_port)
        for p in item.ports
    ]
    spec = _lean(
        type=item.type,
        clusterIP=item.cluster_ip,
        clusterIPs=list(item.cluster_ips),
        ipFamilies=list(item.ip_families),
        ipFamilyPolicy=item.ip_family_policy,
        selector=dict(item.selector),
        ports=ports,
        externalIPs=list(item.external_ips),
        loadBalancerIP=item.load_balancer_ip,
        loadBalancerSourceRanges=list(item.load_balancer_source_ranges),
        externalTrafficPolicy=item.external_traffic_policy,
        publishNotReadyAddresses=item.publish_not_ready_addresses,
    )
    status = {"status": _load_balancer(item.load_balancer_ingress)} if item.has_status else {}
    return {"_annotations": item.annotations, "spec": spec, **status}


def _endpoint_slice(item: EndpointSlice) -> Json:
    endpoints = []
    for e in item.endpoints():
        # Only a Pod is kept by name; of any other target the uid alone.
        kind = "Pod" if any(e.target) else "Other" if e.target_uid else ""
        target = _lean(kind=kind, namespace=e.target[0], name=e.target[1], uid=e.target_uid)
        endpoints.append(
            {
                "addresses": list(e.addresses),
                "conditions": {"ready": e.ready},
                **_lean(targetRef=target, nodeName=e.node_name),
            }
        )
    return {"addressType": item.address_type, "endpoints": endpoints}


_PROBE_FIELDS = ("livenessProbe", "readinessProbe", "startupProbe")


def _container(c: Container) -> Json:
    ports = [_lean(name=p.name, containerPort=p.container_port, protocol=p.protocol) for p in c.ports]
    probes: Json = {field: {kind: {}} for field, kind in zip(_PROBE_FIELDS, c.probes, strict=False)}
    return _lean(name=c.name, image=c.image, args=list(c.command_line), ports=ports) | probes


def _pod(item: Pod) -> Json:
    owner = item.owner
    owners = [{"kind": owner.kind, "name": owner.name, "uid": owner.uid, "controller": True}] if owner else None
    spec = _lean(
        nodeName=item.node_name,
        hostNetwork=item.host_network,
        dnsPolicy=item.dns_policy,
        containers=[_container(c) for c in item.containers],
    )
    status = _lean(
        phase=item.phase,
        podIP=item.pod_ip,
        podIPs=[{"ip": ip} for ip in item.pod_ips],
        hostIP=item.host_ip,
        hostIPs=[{"ip": ip} for ip in item.host_ips],
        startTime=_time(item.start_time),
        conditions=_ready(ready=item.ready, since=item.ready_since),
    )
    return {"_annotations": [(name, "") for name in item.ipam], "_owners": owners, "spec": spec, "status": status}


def _node(item: Node) -> Json:
    spec = _lean(
        podCIDR=item.pod_cidr,
        podCIDRs=list(item.pod_cidrs),
        providerID=item.provider_id,
        taints=[{"key": key, "effect": effect} for key, effect in item.taints],
    )
    status = _lean(
        addresses=[{"type": a.type, "address": a.address} for a in item.addresses],
        conditions=_ready(ready=item.ready, since=item.ready_since),
        nodeInfo=_lean(kubeletVersion=item.kubelet_version, operatingSystem=item.operating_system),
    )
    return {"_annotations": item.annotations, "spec": spec, "status": status}


def _ingress(item: Ingress) -> Json:
    # Rules without paths first, since they say in which order the hosts come.
    rules: list[Json] = [{} if host == "*" else {"host": host} for host in item.hosts]
    default: Json | None = None
    for i, b in enumerate(item.backends):
        port = {"number": b.port} if isinstance(b.port, int) else _lean(name=b.port)
        backend = {"service": {"name": b.service, "port": port}}
        if i == 0 and not b.host:
            default = backend
        else:
            rules.append(_lean(host=b.host, http={"paths": [{"backend": backend}]}))
    spec = _lean(ingressClassName=item.class_name, defaultBackend=default, rules=rules)
    return {"_annotations": item.annotations, "spec": spec, "status": _load_balancer(item.load_balancer_ingress)}


def _network_policy(item: NetworkPolicy) -> Json:
    selector = item.pod_selector
    expressions = [_lean(key=r.key, operator=r.operator, values=list(r.values)) for r in selector.match_expressions]
    spec = {
        "podSelector": _lean(matchLabels=dict(selector.match_labels), matchExpressions=expressions),
        "policyTypes": list(item.policy_types),
        **_lean(ingress=[_rule(r, "from") for r in item.ingress], egress=[_rule(r, "to") for r in item.egress]),
    }
    return {"spec": spec}


def _rule(rule: PolicyRule, direction: str) -> Json:
    peers: list[Json] = [{"ipBlock": _lean(cidr=b.cidr, except_=list(b.excepts))} for b in rule.blocks]
    if rule.has_selectors:
        peers.append({"podSelector": {}})
    return {direction: peers} if rule.has_peers else {}
