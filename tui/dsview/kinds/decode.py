"""From the bytes of one object to the Struct that dsview keeps.

One object at a time, so that a broken one costs itself only: `decode` raises `BadObject` with a sentence, and the
source that called counts and reports it. What repeats across objects is decoded once and shared.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from dsview.core.text import safe
from dsview.kinds import json_core
from dsview.kinds import json_groups as groups
from dsview.kinds.annotations import (
    DEFAULT_CLASS_ANNOTATION,
    class_annotations,
    ingress_annotations,
    node_annotations,
    plain_annotations,
    pod_annotations,
    service_annotations,
    without_ignore,
)
from dsview.kinds.endpoint_slices import Endpoint, EndpointSlice, pack
from dsview.kinds.json_parts import (
    ingress_entries,
    read_containers,
    read_hosts,
    read_meta,
    read_owner,
    seconds,
    texts,
)
from dsview.kinds.kind import Kind
from dsview.kinds.objects import (
    NO_LABELS,
    Condition,
    ConfigMap,
    Endpoints,
    Event,
    Ingress,
    IngressBackend,
    IngressClass,
    IPAddress,
    IPBlock,
    LabelRequirement,
    Labels,
    LabelSelector,
    NetworkPolicy,
    Node,
    NodeAddress,
    Object,
    Pod,
    PolicyRule,
    Service,
    ServiceCIDR,
    ServicePort,
    WebhookConfiguration,
)

T = TypeVar("T")


class BadObject(ValueError):  # noqa: N818  (it is the object that is bad)
    """An object that cannot be read; its text is a sentence for people, already safe to print.

    `identity` is `namespace/name` as far as the object gives it away.
    """

    def __init__(self, message: str, identity: str = "") -> None:
        super().__init__(message)
        self.identity = identity


def _service(o: json_core.ServiceWire) -> Service:
    spec = o.spec or json_core.ServiceSpec()
    annotations = service_annotations(o.metadata.annotations)
    ports = tuple(
        ServicePort(
            p.name or "", p.protocol or "TCP", p.port, "" if p.target_port is None else p.target_port, p.node_port or 0
        )
        for p in spec.ports or ()
    )
    return Service(
        **read_meta(o.metadata, annotations),
        type=spec.type or "ClusterIP",
        cluster_ip=spec.cluster_ip or "",
        cluster_ips=texts(spec.cluster_ips),
        ip_families=texts(spec.ip_families),
        ip_family_policy=spec.ip_family_policy or "",
        selector=spec.selector or NO_LABELS,
        ports=ports,
        external_ips=texts(spec.external_ips),
        load_balancer_ip=spec.load_balancer_ip or "",
        load_balancer_source_ranges=texts(spec.load_balancer_source_ranges),
        external_traffic_policy=spec.external_traffic_policy or "",
        publish_not_ready_addresses=bool(spec.publish_not_ready_addresses),
        load_balancer_ingress=ingress_entries(o.status),
        has_status=o.status is not None,
        annotations=without_ignore(annotations),
    )


def _endpoint_slice(o: json_core.EndpointSliceWire) -> EndpointSlice:
    meta = read_meta(o.metadata, plain_annotations(o.metadata.annotations))
    size, rows = pack(_endpoint(e, meta["namespace"]) for e in o.endpoints or ())
    labels: Labels = meta["labels"]
    return EndpointSlice(
        **meta,
        address_type=sys.intern(o.address_type or ""),
        service_name=labels.get("kubernetes.io/service-name", ""),
        managed_by=labels.get("endpointslice.kubernetes.io/managed-by", ""),
        size=size,
        rows=rows,
    )


def _endpoint(e: json_core.EndpointWire, namespace: str) -> Endpoint:
    target = e.target_ref
    is_pod = target is not None and target.kind in (None, "Pod")
    return Endpoint(
        addresses=texts(e.addresses),
        ready=e.conditions is None or e.conditions.ready is not False,
        target=(target.namespace or namespace, target.name or "") if target is not None and is_pod else ("", ""),
        target_uid=(target.uid or "") if target is not None else "",
        node_name=e.node_name or "",
    )


def _pod(o: json_core.PodWire) -> Pod:
    spec = o.spec or json_core.PodSpec()
    status = o.status or json_core.PodStatus()
    annotations = pod_annotations(o.metadata.annotations)
    # Loops and lists, no generators: 150,000 times, that is a second.
    is_ready, ready_since = False, 0
    for condition in status.conditions or ():
        if condition.type == "Ready":
            is_ready, ready_since = condition.status == "True", seconds(condition.last_transition_time)
            break
    ips = tuple([entry.ip for entry in status.pod_ips or () if entry.ip])
    return Pod(
        **read_meta(o.metadata, annotations),
        deleted=seconds(o.metadata.deletion_timestamp),
        owner=read_owner(o.metadata.owner_references),
        node_name=sys.intern(spec.node_name or ""),
        host_network=bool(spec.host_network),
        dns_policy=sys.intern(spec.dns_policy or "ClusterFirst"),
        phase=sys.intern(status.phase or ""),
        ready=is_ready,
        ready_since=ready_since,
        pod_ip=ips[0] if ips and ips[0] == status.pod_ip else status.pod_ip or "",
        pod_ips=ips,
        host_ip=sys.intern(status.host_ip or ""),
        host_ips=read_hosts(status.host_ips),
        start_time=seconds(status.start_time),
        containers=read_containers(spec.containers or ()),
        ipam=tuple([name for name, _ in without_ignore(annotations)]) if annotations else (),
    )


def _node(o: json_core.NodeWire) -> Node:
    spec = o.spec or json_core.NodeSpec()
    status = o.status or json_core.NodeStatus()
    info = status.node_info or json_core.NodeInfo()
    annotations = node_annotations(o.metadata.annotations)
    ready = next((c for c in status.conditions or () if c.type == "Ready"), None)
    return Node(
        **read_meta(o.metadata, annotations),
        pod_cidr=spec.pod_cidr or "",
        pod_cidrs=texts(spec.pod_cidrs),
        taints=tuple((t.key, t.effect) for t in spec.taints or ()),
        addresses=tuple(NodeAddress(a.type, a.address) for a in status.addresses or ()),
        ready=ready is not None and ready.status == "True",
        ready_since=seconds(ready.last_transition_time) if ready is not None else 0,
        kubelet_version=info.kubelet_version or "",
        operating_system=info.operating_system or "",
        provider_id=spec.provider_id or "",
        annotations=without_ignore(annotations),
    )


def _endpoints(o: json_core.EndpointsWire) -> Endpoints:
    addresses = tuple(
        a.ip
        for subset in o.subsets or ()
        for group in (subset.addresses, subset.not_ready_addresses)
        for a in group or ()
        if a.ip
    )
    return Endpoints(**read_meta(o.metadata, plain_annotations(o.metadata.annotations)), addresses=addresses)


def _service_cidr(o: groups.ServiceCIDRWire) -> ServiceCIDR:
    conditions = (o.status.conditions if o.status else None) or ()
    return ServiceCIDR(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        deleted=seconds(o.metadata.deletion_timestamp),
        cidrs=texts(o.spec.cidrs if o.spec else None),
        conditions=tuple(
            Condition(c.type, c.status, c.reason or "", seconds(c.last_transition_time)) for c in conditions
        ),
    )


def _ip_address(o: groups.IPAddressWire) -> IPAddress:
    parent = (o.spec.parent_ref if o.spec else None) or groups.ParentRef()
    meta = read_meta(o.metadata, plain_annotations(o.metadata.annotations))
    return IPAddress(
        **{**meta, "labels": NO_LABELS},
        parent_resource=sys.intern(parent.resource or ""),
        parent_namespace=sys.intern(parent.namespace or ""),
        parent_name=parent.name or "",
    )


def _backend(host: str, backend: groups.Backend | None) -> Iterable[IngressBackend]:
    if backend is not None and backend.service is not None and backend.service.name:
        port = backend.service.port or groups.BackendPort()
        yield IngressBackend(host, backend.service.name, port.number or port.name or "")


def _ingress(o: groups.IngressWire) -> Ingress:
    spec = o.spec or groups.IngressSpec()
    annotations = ingress_annotations(o.metadata.annotations)
    backends = list(_backend("", spec.default_backend))
    for rule in spec.rules or ():
        for path in (rule.http.paths if rule.http else None) or ():
            backends.extend(_backend(rule.host or "", path.backend))
    return Ingress(
        **read_meta(o.metadata, annotations),
        class_name=spec.ingress_class_name or "",
        backends=tuple(dict.fromkeys(backends)),
        hosts=tuple(dict.fromkeys(rule.host or "*" for rule in spec.rules or ())),
        load_balancer_ingress=ingress_entries(o.status),
        annotations=without_ignore(annotations),
    )


def _ingress_class(o: groups.IngressClassWire) -> IngressClass:
    annotations = class_annotations(o.metadata.annotations)
    return IngressClass(
        **read_meta(o.metadata, annotations),
        controller=(o.spec.controller if o.spec else None) or "",
        is_default=(DEFAULT_CLASS_ANNOTATION, "true") in annotations,
    )


def _policy_rule(peers: list[groups.Peer] | None) -> PolicyRule:
    blocks = tuple(IPBlock(p.ip_block.cidr, texts(p.ip_block.except_)) for p in peers or () if p.ip_block)
    return PolicyRule(blocks, has_selectors=len(blocks) < len(peers or ()), has_peers=bool(peers))


def _network_policy(o: groups.NetworkPolicyWire) -> NetworkPolicy:
    spec = o.spec or groups.NetworkPolicySpec()
    selector = spec.pod_selector or groups.Selector()
    types = texts(spec.policy_types) or ("Ingress", *(("Egress",) if spec.egress else ()))
    return NetworkPolicy(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        pod_selector=LabelSelector(
            selector.match_labels or NO_LABELS,
            tuple(LabelRequirement(r.key, r.operator, texts(r.values)) for r in selector.match_expressions or ()),
        ),
        policy_types=types,
        ingress=tuple(_policy_rule(rule.from_) for rule in spec.ingress or ()),
        egress=tuple(_policy_rule(rule.to) for rule in spec.egress or ()),
    )


def _webhook_configuration(kind: Kind) -> Callable[[groups.WebhookConfigurationWire], WebhookConfiguration]:
    def convert(o: groups.WebhookConfigurationWire) -> WebhookConfiguration:
        called = (h.client_config.service for h in o.webhooks or () if h.client_config)
        return WebhookConfiguration(
            **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
            kind=kind.value,
            services=tuple(dict.fromkeys((s.namespace, s.name) for s in called if s)),
        )

    return convert


def _api_service(o: groups.APIServiceWire) -> WebhookConfiguration:
    service = o.spec.service if o.spec else None
    return WebhookConfiguration(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        kind=Kind.API_SERVICE.value,
        services=((service.namespace, service.name),) if service else (),
    )


def _config_map(o: json_core.ConfigMapWire) -> ConfigMap:
    return ConfigMap(**read_meta(o.metadata, plain_annotations(o.metadata.annotations)), data=o.data or NO_LABELS)


def _event(o: json_core.EventWire) -> Event:
    involved = o.involved_object or json_core.InvolvedObject()
    return Event(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        reason=o.reason or "",
        message=o.message or "",
        involved_kind=involved.kind or "",
        involved_namespace=involved.namespace or "",
        involved_name=involved.name or "",
        last_seen=seconds(o.last_timestamp or o.event_time or o.metadata.creation_timestamp),
    )


_SHAPES: dict[Kind, tuple[type[Any], Callable[[Any], Object]]] = {
    Kind.SERVICE: (json_core.ServiceWire, _service),
    Kind.ENDPOINT_SLICE: (json_core.EndpointSliceWire, _endpoint_slice),
    Kind.POD: (json_core.PodWire, _pod),
    Kind.NODE: (json_core.NodeWire, _node),
    Kind.SERVICE_CIDR: (groups.ServiceCIDRWire, _service_cidr),
    Kind.IP_ADDRESS: (groups.IPAddressWire, _ip_address),
    Kind.INGRESS: (groups.IngressWire, _ingress),
    Kind.INGRESS_CLASS: (groups.IngressClassWire, _ingress_class),
    Kind.NETWORK_POLICY: (groups.NetworkPolicyWire, _network_policy),
    Kind.VALIDATING_WEBHOOK: (groups.WebhookConfigurationWire, _webhook_configuration(Kind.VALIDATING_WEBHOOK)),
    Kind.MUTATING_WEBHOOK: (groups.WebhookConfigurationWire, _webhook_configuration(Kind.MUTATING_WEBHOOK)),
    Kind.API_SERVICE: (groups.APIServiceWire, _api_service),
    Kind.CONFIG_MAP: (json_core.ConfigMapWire, _config_map),
    Kind.EVENT: (json_core.EventWire, _event),
    Kind.ENDPOINTS: (json_core.EndpointsWire, _endpoints),
}
"""How each kind stands on the wire, and what makes of that the Struct that is kept."""


# Each is made when its kind is read first: all of them together take a tenth of the time to the first rows.
@functools.cache
def _decoder(kind: Kind) -> Callable[[bytes | msgspec.Raw], Object]:
    shape, convert = _SHAPES[kind]
    read = msgspec.json.Decoder(shape)
    return lambda data: convert(read.decode(data))


@functools.cache
def _line_decoder(kind: Kind) -> Callable[[bytes], tuple[str, Object]]:
    shape, convert = _SHAPES[kind]
    # Made here and not declared: a Struct for each shape, whose fields type checkers therefore cannot know.
    made: Any = msgspec.defstruct("WatchLine", [("type", str), ("object", shape)])
    read: msgspec.json.Decoder[Any] = msgspec.json.Decoder(made)

    def decode_line(line: bytes) -> tuple[str, Object]:
        event = read.decode(line)
        return event.type, convert(event.object)

    return decode_line


class _NameOnly(json_core.Wire):
    metadata: json_core.ObjectMeta | None = None


_name_decoder = msgspec.json.Decoder(_NameOnly)


_NAME_IN_BYTES = re.compile(rb'"metadata"\s*:\s*\{[^{}]*?"name"\s*:\s*"([^"\\]{1,253})"')


def _name_of(data: bytes | msgspec.Raw) -> str:
    """As much of the object's name as a broken object gives away."""
    try:
        meta = _name_decoder.decode(data).metadata
        if meta is not None and meta.name:
            return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = _NAME_IN_BYTES.search(bytes(data)[:4096])
        if found:
            return found.group(1).decode("utf-8", "replace")
    return "(no name)"


def decode_line(kind: Kind, line: bytes) -> tuple[str, Object] | None:
    """The type and the object of a watch's line, read in one pass; None where the object is not a whole one.

    Bookmarks and errors are not, nor are objects for which `decode` would raise `BadObject`.
    """
    try:
        return _line_decoder(kind)(line)
    except (msgspec.MsgspecError, UnicodeError, ValueError, OverflowError, RecursionError):
        return None


def decode(kind: Kind, data: bytes | msgspec.Raw) -> Object:
    """The object of that kind in the JSON text of one object.

    Raises `BadObject`, with a sentence that names the object and the field, where it cannot be read.
    """
    try:
        return _decoder(kind)(data)
    except (msgspec.MsgspecError, UnicodeError, ValueError, OverflowError, RecursionError) as error:
        what = str(error) or type(error).__name__
        name = _name_of(data)[:300]
        raise BadObject(safe(f"{kind} {name} cannot be read: {what[:300]}"), name) from None
