"""Redacts a snapshot: the fields of each object are replaced one by one, so a new field needs a decision."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from dsview.core.ports import port_number
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.container import Container, ContainerPort
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.endpoints import Endpoints
from dsview.kinds.event import REFUSED, Event, probed_addresses
from dsview.kinds.ingress import Ingress, IngressBackend
from dsview.kinds.ingress_class import IngressClass
from dsview.kinds.ip_address import IPAddress
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import Object, OwnerRef
from dsview.kinds.network_policy import IPBlock, LabelRequirement, LabelSelector, NetworkPolicy, PolicyRule
from dsview.kinds.node import Node, NodeAddress
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service, ServicePort
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.kinds.webhook_configuration import WebhookConfiguration
from dsview.sources.events import StatusChanged
from dsview.sources.redact.front_doors import ANNOTATION_PREFIXES, controller, gateway_fields, image, variable
from dsview.sources.redact.names import KEPT_PROVIDERS, KEPT_TAINTS, OTHER_PROVIDER, OWNER_KINDS
from dsview.sources.redact.redactor import Redactor
from dsview.sources.redact.settings import command_line, config_map, proxy_listeners
from dsview.sources.snapshot import Snapshot

REDACTED = "(redacted)"


def redacted(snapshot: Snapshot, key: bytes | None = None) -> Snapshot:
    """The snapshot with names and addresses replaced: consistently within it, but differently in each snapshot.

    `key` makes the choice repeatable; without it, not even the caller can reverse it.
    """
    objects = list(snapshot.objects)
    to = Redactor(key if key is not None else secrets.token_bytes(32))
    to.learn(objects)
    return Snapshot(
        captured_at=snapshot.captured_at,
        context="redacted",
        server_version=snapshot.server_version,
        statuses=[redacted_status(status, to) for status in snapshot.statuses],
        confs=[proxy_listeners(conf, to) for conf in snapshot.confs],
        objects=[(kind, redacted_object(kind, item, to)) for kind, item in objects],
    )


def redacted_status(status: StatusChanged, to: Redactor) -> StatusChanged:
    """A status without its reasons, which quote the server: user names, namespaces."""
    namespaces = status.namespaces
    return msgspec.structs.replace(
        status,
        reason=REDACTED if status.reason else "",
        namespaces=None if namespaces is None else tuple(to.namespace(name) for name in namespaces),
        cut_off=REDACTED if status.cut_off else "",
        listed=None if status.listed is None else frozenset(to.namespace(name) for name in status.listed),
    )


def redacted_object(kind: Kind, item: Object, to: Redactor) -> Object:
    """An object, redacted."""
    return msgspec.structs.replace(
        item,
        name=to.name(kind, item.name),
        namespace=to.namespace(item.namespace),
        uid=to.uid(item.uid),
        labels=to.labels(item.labels),
        # The text after the codes is a reason in free text.
        ignore=",".join(words[0] for part in item.ignore.split(",") if (words := part.split())),
        **_fields(item, to),
    )


def _fields(item: Object, to: Redactor) -> dict[str, Any]:
    """The fields that are specific to a kind and not the same in every cluster."""
    match item:
        case Pod():
            return _pod(item, to)
        case Service():
            return _service(item, to)
        case EndpointSlice():
            return _endpoint_slice(item, to)
        case Node():
            return _node(item, to)
        case ServiceCIDR():
            return {"cidrs": to.ips(item.cidrs)}
        case IPAddress():
            # If the resource is missing, the parent is a Service.
            is_service = item.parent_resource in ("services", "")
            parent = to.service(item.parent_name) if is_service else to.workload(item.parent_name)
            return {"parent_namespace": to.namespace(item.parent_namespace), "parent_name": parent}
        case Ingress():
            return _ingress(item, to)
        case IngressClass():
            return {"controller": controller(item.controller, to)}
        case NetworkPolicy():
            return {
                "pod_selector": _selector(item.pod_selector, to),
                "ingress": tuple(_rule(rule, to) for rule in item.ingress),
                "egress": tuple(_rule(rule, to) for rule in item.egress),
            }
        case WebhookConfiguration():
            return {"services": tuple(to.key_of(Kind.SERVICE, key) for key in item.services)}
        case ConfigMap():
            return {"data": config_map(item.key, item.data, to)}
        case Event():
            return _event(item, to)
        case Endpoints():
            return {"addresses": to.ips(item.addresses)}
    of_gateways = gateway_fields(item, to)
    if of_gateways is not None:
        return of_gateways
    raise TypeError(f"{type(item).__name__} cannot be redacted")


def _pod(item: Pod, to: Redactor) -> dict[str, Any]:
    owner = item.owner
    return {
        "owner": None
        if owner is None
        else OwnerRef(
            kind=owner.kind if owner.kind in OWNER_KINDS else "Owner",
            name=to.owner_name(owner.kind, owner.name, item.labels),
            uid=to.uid(owner.uid),
        ),
        "node_name": to.node(item.node_name),
        "pod_ip": to.ip(item.pod_ip),
        "pod_ips": to.ips(item.pod_ips),
        "host_ip": to.ip(item.host_ip),
        "host_ips": to.ips(item.host_ips),
        "containers": tuple(_container(c, to) for c in item.containers),
        "stopped": tuple(to.container(name) for name in item.stopped),
    }


def _container(c: Container, to: Redactor) -> Container:
    return Container(
        name=to.container(c.name),
        image=image(c.image) or to.image(c.image),
        command_line=command_line(c.command_line, to),
        ports=tuple(ContainerPort(to.port(p.name), p.container_port, p.protocol) for p in c.ports),
        probes=c.probes,
        environment=tuple((n, None if value is None else variable(n, value, to)) for n, value in c.environment),
        # Each is the start of a variable name that is read, so it reveals nothing about the cluster.
        env_from=c.env_from,
    )


def _service(item: Service, to: Redactor) -> dict[str, Any]:
    return {
        "cluster_ip": to.ip(item.cluster_ip),
        "cluster_ips": to.ips(item.cluster_ips),
        "selector": to.labels(item.selector),
        "ports": tuple(
            ServicePort(to.port(p.name), p.protocol, p.port, _port(p.target_port, to), p.node_port) for p in item.ports
        ),
        "external_ips": to.ips(item.external_ips),
        "load_balancer_ip": to.ip(item.load_balancer_ip),
        "load_balancer_class": to.balancer_class(item.load_balancer_class),
        "load_balancer_source_ranges": to.ips(item.load_balancer_source_ranges),
        "load_balancer_ingress": _balancer(item.load_balancer_ingress, to),
        "annotations": tuple((name, to.listed(value)) for name, value in item.annotations),
    }


def _port(port: int | str, to: Redactor) -> int | str:
    return port if isinstance(port, int) or port_number(port) is not None else to.port(port)


def _balancer(entries: tuple[LoadBalancerIngress, ...], to: Redactor) -> tuple[LoadBalancerIngress, ...]:
    return tuple(LoadBalancerIngress(to.ip(e.ip), to.host(e.hostname), e.ip_mode) for e in entries)


def _endpoint_slice(item: EndpointSlice, to: Redactor) -> dict[str, Any]:
    _, rows = pack(
        Endpoint(
            addresses=tuple(to.addresses.range(a) or to.host(a) for a in e.addresses),
            ready=e.ready,
            target=to.key_of(Kind.POD, e.target),
            target_uid=to.uid(e.target_uid),
            node_name=to.node(e.node_name),
        )
        for e in item.endpoints()
    )
    managed_by = to.label_value("endpointslice.kubernetes.io/managed-by", item.managed_by)
    return {"service_name": to.service(item.service_name), "managed_by": managed_by, "rows": rows}


def _node(item: Node, to: Redactor) -> dict[str, Any]:
    return {
        "pod_cidr": to.ip(item.pod_cidr),
        "pod_cidrs": to.ips(item.pod_cidrs),
        "taints": tuple((key if key in KEPT_TAINTS else to.taint(key), effect) for key, effect in item.taints),
        "addresses": tuple(NodeAddress(a.type, to.host(a.address)) for a in item.addresses),
        "provider_id": _provider(item.provider_id),
        "annotations": tuple((name, _node_annotation(name, value, to)) for name, value in item.annotations),
    }


def _provider(text: str) -> str:
    """The cloud provider of a node.

    The part after the colon is a machine name; text without a colon may be one, too.
    """
    scheme, colon, _ = text.partition(":")
    return (scheme if scheme in KEPT_PROVIDERS else OTHER_PROVIDER) + colon if text else ""


def _node_annotation(name: str, value: str, to: Redactor) -> str:
    return to.ovn_subnets(value) if name == "k8s.ovn.org/node-subnets" else to.listed(value)


def _ingress(item: Ingress, to: Redactor) -> dict[str, Any]:
    return {
        "class_name": to.ingress_class(item.class_name),
        "backends": tuple(
            IngressBackend(to.host(b.host), to.service(b.service), _port(b.port, to)) for b in item.backends
        ),
        "hosts": tuple(to.host(host) for host in item.hosts),
        "load_balancer_ingress": _balancer(item.load_balancer_ingress, to),
        "annotations": tuple(
            (name, to.ingress_class(value) if name == "kubernetes.io/ingress.class" else to.listed(value))
            for name, value in item.annotations
            # Any other prefix may be the name of an organisation.
            if name.partition("/")[0] in ANNOTATION_PREFIXES
        ),
    }


def _selector(selector: LabelSelector, to: Redactor) -> LabelSelector:
    return LabelSelector(
        to.labels(selector.match_labels),
        tuple(
            LabelRequirement(to.label_key(r.key), r.operator, tuple(to.label_value(r.key, v) for v in r.values))
            for r in selector.match_expressions
        ),
    )


def _rule(rule: PolicyRule, to: Redactor) -> PolicyRule:
    blocks = tuple(IPBlock(to.ip(block.cidr), to.ips(block.excepts)) for block in rule.blocks)
    return PolicyRule(blocks, rule.has_selectors, rule.has_peers)


_INVOLVED = {kind.value: kind for kind in Kind if kind is not Kind.PROXY_LISTENERS}


def _event(item: Event, to: Redactor) -> dict[str, Any]:
    kind = _INVOLVED.get(item.involved_kind)
    return {
        "message": _message(item, to),
        "involved_namespace": to.namespace(item.involved_namespace),
        "involved_name": to.name(kind, item.involved_name) if kind is not None else to.workload(item.involved_name),
        "involved_container": to.container(item.involved_container) if item.involved_container else "",
    }


def _message(item: Event, to: Redactor) -> str:
    """The addresses at which a probe was refused, from the message of an Event."""
    if item.reason != "Unhealthy" or REFUSED not in item.message:
        return REDACTED if item.message else ""
    targets = (to.ip(address) for address in probed_addresses(item.message))
    return ", ".join(f"dial tcp [{target}]:0: {REFUSED}" for target in targets) or REDACTED
