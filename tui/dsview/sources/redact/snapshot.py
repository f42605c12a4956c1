"""Redacts a snapshot. Each field of each object is handled explicitly, so a new field requires a decision."""

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

    `key` makes the replacements repeatable; without it, not even the caller can reverse them.
    """
    objects = list(snapshot.objects)
    redactor = Redactor(key if key is not None else secrets.token_bytes(32))
    redactor.learn(objects)
    return Snapshot(
        captured_at=snapshot.captured_at,
        context="redacted",
        server_version=snapshot.server_version,
        statuses=[redacted_status(status, redactor) for status in snapshot.statuses],
        confs=[proxy_listeners(conf, redactor) for conf in snapshot.confs],
        objects=[(kind, redacted_object(kind, item, redactor)) for kind, item in objects],
    )


def redacted_status(status: StatusChanged, redactor: Redactor) -> StatusChanged:
    """A status without its reasons, which quote the server: user names, namespaces."""
    namespaces = status.namespaces
    return msgspec.structs.replace(
        status,
        reason=REDACTED if status.reason else "",
        namespaces=None if namespaces is None else tuple(redactor.namespace(name) for name in namespaces),
        cut_off=REDACTED if status.cut_off else "",
        listed=None if status.listed is None else frozenset(redactor.namespace(name) for name in status.listed),
    )


def redacted_object(kind: Kind, item: Object, redactor: Redactor) -> Object:
    """An object, redacted."""
    return msgspec.structs.replace(
        item,
        name=redactor.name(kind, item.name),
        namespace=redactor.namespace(item.namespace),
        uid=redactor.uid(item.uid),
        labels=redactor.labels(item.labels),
        # The text after the codes is a reason in free text.
        ignore=",".join(words[0] for part in item.ignore.split(",") if (words := part.split())),
        **_fields(item, redactor),
    )


def _fields(item: Object, redactor: Redactor) -> dict[str, Any]:
    """The fields that are specific to a kind and not the same in every cluster."""
    match item:
        case Pod():
            return _pod(item, redactor)
        case Service():
            return _service(item, redactor)
        case EndpointSlice():
            return _endpoint_slice(item, redactor)
        case Node():
            return _node(item, redactor)
        case ServiceCIDR():
            return {"cidrs": redactor.ips(item.cidrs)}
        case IPAddress():
            # If the resource is missing, the parent is a Service.
            is_service = item.parent_resource in ("services", "")
            parent = redactor.service(item.parent_name) if is_service else redactor.workload(item.parent_name)
            return {"parent_namespace": redactor.namespace(item.parent_namespace), "parent_name": parent}
        case Ingress():
            return _ingress(item, redactor)
        case IngressClass():
            return {"controller": controller(item.controller, redactor)}
        case NetworkPolicy():
            return {
                "pod_selector": _selector(item.pod_selector, redactor),
                "ingress": tuple(_rule(rule, redactor) for rule in item.ingress),
                "egress": tuple(_rule(rule, redactor) for rule in item.egress),
            }
        case WebhookConfiguration():
            return {"services": tuple(redactor.key_of(Kind.SERVICE, key) for key in item.services)}
        case ConfigMap():
            return {"data": config_map(item.key, item.data, redactor)}
        case Event():
            return _event(item, redactor)
        case Endpoints():
            return {"addresses": redactor.ips(item.addresses)}
    of_gateways = gateway_fields(item, redactor)
    if of_gateways is not None:
        return of_gateways
    raise TypeError(f"{type(item).__name__} cannot be redacted")


def _pod(item: Pod, redactor: Redactor) -> dict[str, Any]:
    owner = item.owner
    return {
        "owner": None
        if owner is None
        else OwnerRef(
            kind=owner.kind if owner.kind in OWNER_KINDS else "Owner",
            name=redactor.owner_name(owner.kind, owner.name, item.labels),
            uid=redactor.uid(owner.uid),
        ),
        "node_name": redactor.node(item.node_name),
        "pod_ip": redactor.ip(item.pod_ip),
        "pod_ips": redactor.ips(item.pod_ips),
        "host_ip": redactor.ip(item.host_ip),
        "host_ips": redactor.ips(item.host_ips),
        "containers": tuple(_container(c, redactor) for c in item.containers),
        "stopped": tuple(redactor.container(name) for name in item.stopped),
    }


def _container(c: Container, redactor: Redactor) -> Container:
    return Container(
        name=redactor.container(c.name),
        image=image(c.image) or redactor.image(c.image),
        command_line=command_line(c.command_line, redactor),
        ports=tuple(ContainerPort(redactor.port(p.name), p.container_port, p.protocol) for p in c.ports),
        probes=c.probes,
        environment=tuple((n, None if value is None else variable(n, value, redactor)) for n, value in c.environment),
        # Each is the start of a variable name that is read, so it reveals nothing about the cluster.
        env_from=c.env_from,
    )


def _service(item: Service, redactor: Redactor) -> dict[str, Any]:
    return {
        "cluster_ip": redactor.ip(item.cluster_ip),
        "cluster_ips": redactor.ips(item.cluster_ips),
        "selector": redactor.labels(item.selector),
        "ports": tuple(
            ServicePort(redactor.port(p.name), p.protocol, p.port, _port(p.target_port, redactor), p.node_port)
            for p in item.ports
        ),
        "external_ips": redactor.ips(item.external_ips),
        "load_balancer_ip": redactor.ip(item.load_balancer_ip),
        "load_balancer_class": redactor.balancer_class(item.load_balancer_class),
        "load_balancer_source_ranges": redactor.ips(item.load_balancer_source_ranges),
        "load_balancer_ingress": _balancer(item.load_balancer_ingress, redactor),
        "annotations": tuple((name, redactor.comma_separated(value)) for name, value in item.annotations),
    }


def _port(port: int | str, redactor: Redactor) -> int | str:
    return port if isinstance(port, int) or port_number(port) is not None else redactor.port(port)


def _balancer(entries: tuple[LoadBalancerIngress, ...], redactor: Redactor) -> tuple[LoadBalancerIngress, ...]:
    return tuple(LoadBalancerIngress(redactor.ip(e.ip), redactor.host(e.hostname), e.ip_mode) for e in entries)


def _endpoint_slice(item: EndpointSlice, redactor: Redactor) -> dict[str, Any]:
    _, rows = pack(
        Endpoint(
            addresses=tuple(redactor.addresses.range(a) or redactor.host(a) for a in e.addresses),
            ready=e.ready,
            target=redactor.key_of(Kind.POD, e.target),
            target_uid=redactor.uid(e.target_uid),
            node_name=redactor.node(e.node_name),
        )
        for e in item.endpoints()
    )
    managed_by = redactor.label_value("endpointslice.kubernetes.io/managed-by", item.managed_by)
    return {"service_name": redactor.service(item.service_name), "managed_by": managed_by, "rows": rows}


def _node(item: Node, redactor: Redactor) -> dict[str, Any]:
    return {
        "pod_cidr": redactor.ip(item.pod_cidr),
        "pod_cidrs": redactor.ips(item.pod_cidrs),
        "taints": tuple((key if key in KEPT_TAINTS else redactor.taint(key), effect) for key, effect in item.taints),
        "addresses": tuple(NodeAddress(a.type, redactor.host(a.address)) for a in item.addresses),
        "provider_id": _provider(item.provider_id),
        "annotations": tuple((name, _node_annotation(name, value, redactor)) for name, value in item.annotations),
    }


def _provider(text: str) -> str:
    """The cloud provider of a node, without the machine name after the colon.

    A text without a colon may be a machine name, too.
    """
    scheme, colon, _ = text.partition(":")
    return (scheme if scheme in KEPT_PROVIDERS else OTHER_PROVIDER) + colon if text else ""


def _node_annotation(name: str, value: str, redactor: Redactor) -> str:
    return redactor.ovn_subnets(value) if name == "k8s.ovn.org/node-subnets" else redactor.comma_separated(value)


def _ingress(item: Ingress, redactor: Redactor) -> dict[str, Any]:
    return {
        "class_name": redactor.ingress_class(item.class_name),
        "backends": tuple(
            IngressBackend(redactor.host(b.host), redactor.service(b.service), _port(b.port, redactor))
            for b in item.backends
        ),
        "hosts": tuple(redactor.host(host) for host in item.hosts),
        "load_balancer_ingress": _balancer(item.load_balancer_ingress, redactor),
        "annotations": tuple(
            (
                name,
                redactor.ingress_class(value)
                if name == "kubernetes.io/ingress.class"
                else redactor.comma_separated(value),
            )
            for name, value in item.annotations
            # Any other prefix may contain the name of an organisation.
            if name.partition("/")[0] in ANNOTATION_PREFIXES
        ),
    }


def _selector(selector: LabelSelector, redactor: Redactor) -> LabelSelector:
    return LabelSelector(
        redactor.labels(selector.match_labels),
        tuple(
            LabelRequirement(
                redactor.label_key(r.key), r.operator, tuple(redactor.label_value(r.key, v) for v in r.values)
            )
            for r in selector.match_expressions
        ),
    )


def _rule(rule: PolicyRule, redactor: Redactor) -> PolicyRule:
    blocks = tuple(IPBlock(redactor.ip(block.cidr), redactor.ips(block.excepts)) for block in rule.blocks)
    return PolicyRule(blocks, rule.has_selectors, rule.has_peers, rule.is_dns_only)


_INVOLVED = {kind.value: kind for kind in Kind if kind is not Kind.PROXY_LISTENERS}


def _event(item: Event, redactor: Redactor) -> dict[str, Any]:
    kind = _INVOLVED.get(item.involved_kind)
    return {
        "message": _message(item, redactor),
        "involved_namespace": redactor.namespace(item.involved_namespace),
        "involved_name": redactor.name(kind, item.involved_name)
        if kind is not None
        else redactor.workload(item.involved_name),
        "involved_container": redactor.container(item.involved_container) if item.involved_container else "",
    }


def _message(item: Event, redactor: Redactor) -> str:
    """The addresses at which a probe was refused, from the message of an Event."""
    if item.reason != "Unhealthy" or REFUSED not in item.message:
        return REDACTED if item.message else ""
    targets = (redactor.ip(address) for address in probed_addresses(item.message))
    return ", ".join(f"dial tcp [{target}]:0: {REFUSED}" for target in targets) or REDACTED
